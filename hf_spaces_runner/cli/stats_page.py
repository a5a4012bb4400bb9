"""Writes the statistics as one HTML page with plots, which needs no network and no script."""

import base64
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import escape
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.errors import ConfigurationError, UsageError
from hf_spaces_runner.planning.sum_up import PHASES, Group, PastAttempt, Statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 20
_NAME_LENGTH = 28
_MIB = 1024**2
# Of Okabe and Ito: colours that the colour-blind tell apart.
_GOOD, _BAD, _PLAIN = "#009e73", "#d55e00", "#0072b2"
_PHASE_COLOURS = ("#56b4e9", "#cccccc", "#e69f00", "#f0e442", "#0072b2")
_LOOK: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a name may hold dollar signs
    "font.family": "sans-serif",
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:72rem;padding:0 1rem;color:#222;background:#fff}
main{display:grid;grid-template-columns:repeat(auto-fit,minmax(28rem,1fr));gap:1.5rem}
figure{margin:0;border:1px solid #ddd;border-radius:6px;padding:.8rem}figcaption{font-weight:600}
img{width:100%;height:auto}table{border-collapse:collapse;width:100%;margin-top:2rem}
td,th{padding:.3rem .6rem;border-bottom:1px solid #ddd;text-align:right}td:first-child,th:first-child{text-align:left}
""".strip()
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


def write_page(file: Path, attempts: Sequence[PastAttempt], found: Statistics, *, title: str) -> None:
    """Write `found`, the statistics of `attempts`, to `file`.

    Raises:
        ConfigurationError: the plotting library is not installed.
        UsageError: the file cannot be written.
    """
    page = _page(attempts, found, title)
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}", hint="name another file") from error


def _page(attempts: Sequence[PastAttempt], found: Statistics, title: str) -> str:
    groups = [one for one in found.by_name if one.tried][:_MOST_ROWS]
    timed = [one for one in groups if one.phases]
    heavy = [one for one in groups if one.peak_memory_bytes]
    plots: list[tuple[str, str, int, Callable[[Axes], None]]] = []
    if groups:
        plots += [
            ("Attempts a day", "answered and failed", 6, lambda axes: _days(axes, attempts)),
            ("Attempts by Space or model", "answered and failed", len(groups), lambda axes: _endings(axes, groups)),
        ]
    if timed:
        plots += [
            ("Median time by phase", "of those that answered", len(timed), lambda axes: _phases(axes, timed)),
            ("Time of each attempt", "of those that answered", 6, lambda axes: _times(axes, attempts)),
        ]
    if verdicts := found.total.verdicts:
        plots.append(("What failed attempts failed of", "", len(verdicts), lambda axes: _verdicts(axes, verdicts)))
    if heavy:
        plots.append(("Peak memory", "the most that was seen", len(heavy), lambda axes: _memory(axes, heavy)))
    figures = "\n".join(_figure(*plot) for plot in plots)
    rate = f" ({found.answered / found.runs:.0%})" if found.runs else ""
    written = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="viewport" content="width=device-width"><title>hfsr stats: {escape(title)}</title>
<style>{_STYLE}</style></head>
<body><h1>{escape(title)}</h1>
<p>{found.runs} runs, {found.answered} answered{rate}; {found.total.tried} attempts. Written {written}.</p>
<main>
{figures}
</main>
{_table(found)}
</body></html>
"""


def _table(found: Statistics) -> str:
    heads = ("Space or model", "Tried", "Answered", *(f"{phase} (median)" for phase in PHASES), "p95", "Memory")
    rows = [_cells(one) for one in (found.total, *found.by_tier, *found.by_name)]
    lines = ["".join(f"<td>{escape(cell)}</td>" for cell in row) for row in rows]
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads)
    return (
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>"
        + "\n".join(f"<tr>{line}</tr>" for line in lines)
        + ("</tbody></table>")
    )


def _cells(group: Group) -> tuple[str, ...]:
    total = group.phases.get("total")
    return (
        one_line(group.name),
        str(group.tried),
        "" if group.success_rate is None else f"{group.success_rate:.0%}",
        *(format_duration(round(group.phases[phase].median_s, 2)) if group.phases else "" for phase in PHASES),
        format_duration(round(total.p95_s, 2)) if total else "",
        format_size(group.peak_memory_bytes) if group.peak_memory_bytes else "",
    )


def _figure(title: str, detail: str, rows: int, draw: Callable[["Axes"], None]) -> str:
    """Return a plot as an image within the page: what a name holds cannot reach the page from there."""
    data = base64.b64encode(_svg(rows, draw)).decode("ascii")
    said = f"{escape(title)}{f' <small>{escape(detail)}</small>' if detail else ''}"
    return (
        f'<figure><figcaption>{said}</figcaption><img alt="{escape(title)}" src="data:image/svg+xml;base64,{data}">'
        "</figure>"
    )


def _svg(rows: int, draw: Callable[["Axes"], None]) -> bytes:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - an extra, and slow to import
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(
            "--html needs a plotting library that is not installed",
            hint="pip install 'hf-spaces-runner[plots]'; hfsr stats alone does without",
        ) from error
    written = BytesIO()
    # The reader's browser has the letters that the library's own font lacks.
    with mpl.rc_context(_LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")
        figure = Figure(figsize=(6.4, max(2.6, 1 + 0.36 * rows)), layout="constrained")
        draw(figure.subplots())
        figure.savefig(written, format="svg", metadata={"Date": None, "Creator": None})
    return written.getvalue()


def _days(axes: "Axes", attempts: Sequence[PastAttempt]) -> None:
    tried = [one for one in attempts if one.status != Status.SKIPPED]
    days = [datetime.fromtimestamp(one.at).astimezone().date() for one in tried]
    good = Counter(day for day, one in zip(days, tried, strict=True) if one.status == Status.OK)
    bad = Counter(day for day, one in zip(days, tried, strict=True) if one.status == Status.FAILED)
    span = [min(days) + timedelta(days=number) for number in range((max(days) - min(days)).days + 1)]
    places = range(len(span))
    answered = [good[day] for day in span]
    axes.bar(places, answered, color=_GOOD, label="answered", width=0.9)
    axes.bar(places, [bad[day] for day in span], bottom=answered, color=_BAD, label="failed", width=0.9)
    shown = list(places)[:: max(1, len(span) // 6)]
    axes.set_xticks(shown, [f"{span[place]:%d %b}" for place in shown])
    axes.locator_params("y", integer=True)
    _legend(axes)


def _endings(axes: "Axes", groups: Sequence[Group]) -> None:
    good = [one.succeeded for one in groups]
    names = _lines(axes, groups)
    axes.barh(names, good, color=_GOOD, label="answered")
    axes.barh(names, [one.tried - one.succeeded for one in groups], left=good, color=_BAD, label="failed")
    axes.locator_params("x", integer=True)
    _legend(axes)


def _phases(axes: "Axes", groups: Sequence[Group]) -> None:
    lines = _lines(axes, groups)
    left = [0.0] * len(groups)
    for phase, colour in zip([name for name in PHASES if name != "total"], _PHASE_COLOURS, strict=True):
        medians = [one.phases[phase].median_s for one in groups]
        axes.barh(lines, medians, left=left, color=colour, label=phase)
        left = [before + own for before, own in zip(left, medians, strict=True)]
    axes.set_xlabel("seconds")
    _legend(axes)


def _times(axes: "Axes", attempts: Sequence[PastAttempt]) -> None:
    good = [one for one in attempts if one.status == Status.OK]
    seconds = [max(PHASES["total"](one.timings), 0.001) for one in good]
    days = [datetime.fromtimestamp(one.at).astimezone() for one in good]
    axes.scatter(days, seconds, s=10, alpha=0.6, color=_PLAIN)  # type: ignore[arg-type]  # it takes dates as well
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_ylabel("seconds")
    axes.figure.autofmt_xdate(rotation=30)


def _verdicts(axes: "Axes", verdicts: Mapping[str, int]) -> None:
    names = list(verdicts)[:_MOST_ROWS]
    bars = axes.barh(range(len(names)), [verdicts[name] for name in names], color=_BAD)
    axes.bar_label(bars, padding=3)
    axes.set_yticks(range(len(names)), [one_line(name, limit=_NAME_LENGTH) for name in names])
    axes.invert_yaxis()
    axes.locator_params("x", integer=True)


def _memory(axes: "Axes", groups: Sequence[Group]) -> None:
    axes.barh(_lines(axes, groups), [(one.peak_memory_bytes or 0) / _MIB for one in groups], color=_PLAIN)
    axes.set_xlabel("MiB")


def _legend(axes: "Axes") -> None:
    axes.legend(
        frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(_PHASE_COLOURS), handlelength=1.0
    )


def _lines(axes: "Axes", groups: Sequence[Group]) -> range:
    """Give each of `groups` a line with its name, the first on top, and return their places."""
    places = range(len(groups))
    axes.set_yticks(places, [one_line(one.name, limit=_NAME_LENGTH) for one in groups])
    axes.invert_yaxis()
    return places
