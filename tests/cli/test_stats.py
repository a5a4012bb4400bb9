"""`hfsr stats`: its forms of output, what it leaves out, and the page with plots."""

import base64
import json
import os
import re
import time
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from hf_spaces_runner.cli.stats import stats
from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.history.attempt_log import AttemptLog

DAY_S = 86400.0
HOSTILE = "</title><script src=//evil.example/x.js></script>$x^2$\"'&\x1b[31m\n日本🦖"


def note(
    name: str, verdict: str | None = None, *, run_id: str = "run", days_ago: float = 0.0, call_s: float = 2.0
) -> None:
    attempt = Attempt(
        kind=CandidateKind.SPACE,
        name=name,
        status=Status.OK if verdict is None else Status.FAILED,
        verdict=verdict,
        peak_memory_bytes=None if verdict is None else 512 * 1024**2,
        timings=Timings(start_s=0.5, call_s=call_s),
    )
    log = AttemptLog(Path(os.environ["HFSR_HOME"], "state", "history.sqlite"))
    log.note(attempt, run_id=run_id, tier="heavy", at=time.time() - days_ago * DAY_S)


@pytest.fixture
def noted() -> None:
    note("moods", "space_error", run_id="1")
    note("faces", run_id="1", call_s=0.25)
    note("moods", run_id="2", days_ago=3)
    note("moods", "call_timeout", run_id="3", days_ago=30)


def ask(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(stats, arguments, env=environment, catch_exceptions=False)


@pytest.mark.usefixtures("noted")
def test_for_programs_it_is_one_line_a_group() -> None:
    rows = [line.split("\t") for line in ask().stdout.splitlines()]
    assert {len(row) for row in rows} == {19}
    assert [row[:5] for row in rows] == [
        ["all", "all", "4", "2", "0"],
        ["candidate", "moods", "3", "1", "0"],
        ["candidate", "faces", "1", "1", "0"],
        ["tier", "heavy", "4", "2", "0"],
    ]
    assert rows[2][5:] == [*["0.000"] * 4, *["0.500"] * 2, *["0.000"] * 2, *["0.250"] * 2, *["0.750"] * 2, "", ""]
    assert rows[1][-2:] == [str(512 * 1024**2), "call_timeout=1,space_error=1"]


@pytest.mark.usefixtures("noted")
def test_as_json() -> None:
    found = json.loads(ask("--json").stdout)
    assert (found["runs"], found["answered"], found["since"], found["space"]) == (3, 2, None, None)
    assert [one["name"] for one in found["candidates"]] == ["moods", "faces"]
    assert found["candidates"][1] == {
        "name": "faces",
        "tried": 1,
        "succeeded": 1,
        "skipped": 0,
        "success_rate": 1.0,
        "phases": {
            phase: {"median_s": seconds, "p95_s": seconds}
            for phase, seconds in {"pull": 0, "wait": 0, "start": 0.5, "ready": 0, "call": 0.25, "total": 0.75}.items()
        },
        "failures": {},
        "peak_memory_bytes": None,
    }
    assert found["attempts"]["failures"] == {"call_timeout": 1, "space_error": 1}


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize(
    ("arguments", "tried"),
    [(["--since", "7d"], 3), (["--since", "1h"], 2), (["--space", "moods"], 3), (["--space", "no-such"], 0)],
)
def test_only_of_late_or_of_one(arguments: list[str], tried: int) -> None:
    ended = ask(*arguments, "--json")
    assert json.loads(ended.stdout)["attempts"]["tried"] == tried
    assert ("Nothing of that" in ended.stderr) == (tried == 0)


@pytest.mark.usefixtures("noted")
@pytest.mark.parametrize("environment", [{}, {"NO_COLOR": "1"}])
def test_for_people_with_bars_in_80_columns(environment: dict[str, str]) -> None:
    ended = ask("--format", "human", COLUMNS="80", **environment)
    assert "All Spaces and models: 3 runs, 2 answered (67%); 4 attempts" in ended.stdout
    assert re.search(r"^call +1\.1 s +1\.9 s +█{20}$", ended.stdout, re.MULTILINE)
    assert re.search(r"^space_error +1 +█{20}$", ended.stdout, re.MULTILINE)
    assert re.search(r"^moods +3 +2\.5 s +2\.5 s +512 MiB +33% +██", ended.stdout, re.MULTILINE)
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert "\x1b" not in ended.stdout


def test_where_nothing_was_noted() -> None:
    ended = ask("--format", "human")
    assert ended.stdout == "All Spaces and models: 0 runs, 0 answered; 0 attempts\n"
    assert "Nothing of that has been noted" in ended.stderr
    assert json.loads(ask("--json").stdout)["attempts"]["success_rate"] is None


def test_a_hostile_name_moves_no_terminal_and_no_column() -> None:
    note(HOSTILE)
    for form in ("human", "auto"):
        shown = ask("--format", form).stdout
        assert "\x1b" not in shown
        assert {line.count("\t") for line in shown.splitlines()} == {18 if form == "auto" else 0}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--since", "soon"], "'soon' is not a duration"),
        (["--since", "0"], "more than zero"),
        (["--since", "2000d"], "a year is the most"),
        (["--html", "."], "is a directory"),
        (["extra"], "unexpected extra argument"),
    ],
)
def test_a_slip_is_named(arguments: list[str], said: str) -> None:
    ended = ask(*arguments)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr


class Page(HTMLParser):
    """What a browser would make of a page: its tags, their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def plots(page: Page) -> list[ET.Element]:
    sources = [str(attributes["src"]) for tag, attributes in page.tags if tag == "img"]
    assert all(source.startswith("data:image/svg+xml;base64,") for source in sources)
    return [ET.fromstring(base64.b64decode(source.partition(",")[2])) for source in sources]  # noqa: S314


@pytest.mark.usefixtures("noted")
def test_the_page_stands_alone_and_believes_no_name(tmp_path: Path) -> None:
    note(HOSTILE, "space_error")
    note(HOSTILE)
    file = tmp_path / "stats.html"
    assert ask("--html", str(file)).exit_code == 0
    page = Page(file.read_text(encoding="utf-8"))
    assert not {tag for tag, _ in page.tags} & {"script", "link", "iframe", "object", "svg", "base", "form"}
    addresses = {
        value for _, attributes in page.tags for name, value in attributes.items() if name in {"src", "href", "style"}
    }
    assert all(str(address).startswith("data:image/") for address in addresses)
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on")]
    assert "<script src=//evil.example/x.js></script>$x^2$\"'& 日本🦖" in page.text
    drawn = plots(page)
    assert len(drawn) == 6
    for plot in drawn:
        for element in plot.iter():
            assert not element.tag.endswith(("script", "foreignObject", "image", "}a"))
            links = [value for name, value in element.attrib.items() if name.endswith("href")]
            assert all(link.startswith("#") for link in links)
    texts = {"".join(element.itertext()).strip() for plot in drawn for element in plot.iter() if "text" in element.tag}
    assert {"moods", "faces", "answered", "space_error", "seconds", "MiB"} <= texts
    assert file.stat().st_size < 500_000


def test_the_page_of_nothing_has_no_plots(tmp_path: Path) -> None:
    assert ask("--html", str(tmp_path / "stats.html")).exit_code == 0
    assert plots(Page((tmp_path / "stats.html").read_text(encoding="utf-8"))) == []


@pytest.mark.usefixtures("noted")
def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    ended = ask("--html", str(tmp_path / "missing" / "stats.html"))
    assert ended.exit_code == 2
    assert "stats.html cannot be written: No such file or directory" in ended.stderr


@pytest.mark.usefixtures("noted")
def test_without_the_plotting_library_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    ended = ask("--html", str(tmp_path / "stats.html"))
    assert ended.exit_code == 2
    assert "pip install 'hf-spaces-runner[plots]'" in ended.stderr
    assert not list(tmp_path.iterdir())
