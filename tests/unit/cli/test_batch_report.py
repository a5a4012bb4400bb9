import base64
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from hf_spaces_runner.cli.batch_report import require_report, write_report
from hf_spaces_runner.domain.batch_summary import BatchSeries, BatchSummary, FailureGroup, LatencyBin, Moment
from hf_spaces_runner.errors import ConfigurationError, UsageError

HOSTILE = "</title><script src=//evil.example/x.js></script>$x^2$\"'&\x1b[31m\n日本🦖"
SAFE = "</title><script src=//evil.example/x.js></script>$x^2$\"'& 日本🦖"


def summary(*failures: FailureGroup, **changes: Any) -> BatchSummary:
    values: dict[str, Any] = {
        "items": 30,
        "ok": 28,
        "failed": 2,
        "known": 0,
        "is_complete": True,
        "stopped": None,
        "answered_by": {"moods": 28},
        "elapsed_s": 3.0,
        "rate": 10.0,
        "p50_s": 0.1,
        "p95_s": 0.2,
        "containers_started": 1,
        "containers_died": 0,
        "containers_recycled": 0,
        "cold_starts_s": 1.0,
        "cold_start_share": 0.3,
        "peak_memory_bytes": None,
    }
    return BatchSummary(failures=failures, **{**values, **changes})


def moment(begin_s: float, end_s: float, ok: int = 10, failed: int = 1, p50_s: float | None = 0.1) -> Moment:
    return Moment(begin_s=begin_s, end_s=end_s, ok=ok, failed=failed, p50_s=p50_s, p95_s=p50_s and 2 * p50_s)


FAILURE = FailureGroup(verdict=HOSTILE, count=2, example_id=HOSTILE, example_error=HOSTILE)
BINS = tuple(LatencyBin(low_s=0.05 * 1.05**n, high_s=0.05 * 1.05 ** (n + 1), count=n) for n in range(60))
SERIES = BatchSeries(moments=(moment(0, 1), moment(1, 2, ok=0, failed=0, p50_s=None), moment(2, 3)), latencies=BINS)
NOTHING = BatchSeries(moments=(), latencies=())


class Page(HTMLParser):
    """What a browser would make of a page: its tags, their attributes, and its text."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def plots(self) -> list[ET.Element]:
        sources = [str(attributes["src"]) for tag, attributes in self.tags if tag == "img"]
        assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
        return [ET.fromstring(base64.b64decode(source.partition(",")[2])) for source in sources]  # noqa: S314


def texts(plot: ET.Element) -> set[str]:
    return {"".join(element.itertext()).strip() for element in plot.iter() if element.tag.endswith("}text")}


def test_the_page_stands_alone_and_believes_nobody(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_report(file, summary(FAILURE, answered_by={HOSTILE: 1}, stopped=HOSTILE), SERIES, title=HOSTILE)
    page = Page(file)
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "svg", "base", "form"}
    addresses = {
        value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href", "style"}
    }
    assert all(str(address).startswith("data:image/") for address in addresses)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    policies = [str(attributes.get("content")) for tag, attributes in page.tags if tag == "meta"]
    assert any(policy.startswith("default-src 'none';") for policy in policies)
    assert page.text.count(SAFE) >= 3
    assert "\x1b" not in page.text
    for plot in page.plots:
        for element in plot.iter():
            assert not element.tag.endswith(("script", "foreignObject", "image", "}a"))
            links = [value for name, value in element.attrib.items() if name.endswith("href")]
            assert all(link.startswith("#") for link in links)
    assert file.stat().st_size < 500_000


def test_what_is_drawn(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    write_report(file, summary(FailureGroup(verdict="poison", count=2, example_id="a")), SERIES, title="moods")
    page = Page(file)
    rates, times, bins, verdicts = page.plots
    assert {"answered", "failed", "items per second", "seconds"} <= texts(rates)
    assert {"median", "95 of 100 took no longer", "seconds"} <= texts(times)
    assert {"calls", "seconds", "0.1", "0.2", "0.5"} <= texts(bins)
    assert {"poison", "2"} <= texts(verdicts)
    assert "30 items: 28 answered, 2 failed." in page.text


@pytest.mark.parametrize(("end_s", "unit"), [(299.0, "seconds"), (301.0, "minutes"), (11_000.0, "hours")])
def test_time_is_told_in_what_people_count(tmp_path: Path, end_s: float, unit: str) -> None:
    file = tmp_path / "report.html"
    write_report(file, summary(), BatchSeries(moments=(moment(0, end_s),), latencies=BINS), title="moods")
    assert unit in texts(Page(file).plots[0])


@pytest.mark.parametrize(
    ("series", "count"),
    [
        (NOTHING, 0),
        (BatchSeries(moments=(moment(0, 0, ok=0, failed=0, p50_s=None),), latencies=()), 0),
        (BatchSeries(moments=(moment(0, 1, ok=0, failed=5, p50_s=None),), latencies=()), 1),
        (BatchSeries(moments=(moment(0, 1),), latencies=BINS[30:31]), 3),  # all calls took the same
        (
            BatchSeries(
                moments=(moment(0, 1), moment(1, 1.0001, ok=9, p50_s=None)),
                latencies=tuple(LatencyBin(low_s=10.0**n, high_s=10.0 ** (n + 1), count=1) for n in range(-6, 7)),
            ),
            3,
        ),
    ],
)
def test_little_and_strange_figures_are_drawn_too(tmp_path: Path, series: BatchSeries, count: int) -> None:
    file = tmp_path / "report.html"
    write_report(file, summary(), series, title="moods")
    assert len(Page(file).plots) == count


def test_a_last_moment_that_is_too_short_makes_no_peak(tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    moments = (moment(0, 1), moment(1, 1.001, ok=10))
    write_report(file, summary(), BatchSeries(moments=moments, latencies=BINS), title="moods")
    drawn = {float(text) for text in texts(Page(file).plots[0]) if text.replace(".", "").isdigit()}
    assert max(drawn) < 100, "10 items in a millisecond would be 10000 a second"


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"report.html cannot be written: No such file or directory"):
        write_report(tmp_path / "missing" / "report.html", summary(), NOTHING, title="moods")


def test_what_a_page_would_replace_is_found_out_before_the_batch(tmp_path: Path) -> None:
    rows, link, out = tmp_path / "rows.csv", tmp_path / "link.html", tmp_path / "out"
    rows.write_text("text\na\n")
    link.symlink_to(rows)
    kept = [rows, out / "results.jsonl", Path("a\0b")]
    require_report(tmp_path / "report.html", out, kept)
    require_report(out / "report.html", out, kept)
    for file, said in (
        (rows, "would replace it"),
        (link, "would replace it"),
        (out / "results.jsonl", "would replace it"),
        (tmp_path / "missing" / "report.html", "there is no folder"),
        (tmp_path, "it is a folder"),
    ):
        with pytest.raises(UsageError, match=said):
            require_report(file, out, kept)


def test_without_the_plotting_library_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigurationError, match=r"--report needs a plotting library") as caught:
        require_report(tmp_path / "report.html", tmp_path / "out", [])
    assert "pip install 'hf-spaces-runner[plots]'" in str(caught.value.hint)
    with pytest.raises(ConfigurationError):
        write_report(tmp_path / "report.html", summary(), SERIES, title="moods")
    assert not list(tmp_path.iterdir())
