"""Writes how a batch went as one HTML page: throughput and latency over its time, and what failed of what."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.cli.plot_page import (
    BAD,
    GOOD,
    PLAIN,
    Plot,
    html_table,
    legend,
    name_lines,
    plot_page,
    require_plots,
    write_page,
)
from hf_spaces_runner.cli.show_batch import figures_in_words, headline
from hf_spaces_runner.domain.batch_summary import BatchSeries, BatchSummary, FailureGroup, LatencyBin, Moment
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 20
_MOST_BINS = 40
_MOST_DECADES = 5
_MINUTES_FROM_S, _HOURS_FROM_S = 300.0, 3 * 3600.0
_LATE = "#e69f00"
_SHORT_LAST = 0.5


def require_report(file: Path, folder: Path, kept: Iterable[Path]) -> None:
    """Make sure that a report can be written to `file`, before the batch is run.

    Args:
        file: the page.
        folder: the output folder of the batch, which may have to be made yet.
        kept: what the batch reads and writes, which the page must not replace.

    Raises:
        ConfigurationError: the plotting library is not installed.
        UsageError: the file cannot be there.
    """
    _require_plots()
    place = file.parent.absolute()
    if not place.is_dir() and place != folder.absolute():
        raise UsageError(f"{file} cannot be written: there is no folder {file.parent}", hint="name another file")
    if file.is_dir():
        raise UsageError(f"{file} cannot be written: it is a folder", hint="name a file in it")
    if any(_is_same(file, path) for path in kept):
        raise UsageError(
            f"{file} is read or written by this batch, and the report would replace it", hint="name another file"
        )


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.absolute() == other.absolute() or one.samefile(other)
    except (OSError, ValueError):  # one of them is not there
        return False


def _require_plots() -> None:
    require_plots("--report", "without it the summary says most of that")


def write_report(file: Path, summary: BatchSummary, series: BatchSeries, *, title: str) -> None:
    """Write the page to `file`; `title` is what the batch is called, such as the name of its Space.

    Raises:
        ConfigurationError: the plotting library is not installed.
        UsageError: the file cannot be written.
    """
    _require_plots()
    moments = _without_short_end([one for one in series.moments if one.end_s > 0])
    timed = [one for one in moments if one.p50_s is not None]
    plots = []
    if any(one.ok or one.failed for one in moments):
        plots.append(
            Plot(title="Throughput", detail="items per second, over the batch", draw=lambda axes: _rates(axes, moments))
        )
    if timed:
        plots += [
            Plot(
                title="Time of a call",
                detail="over the batch",
                draw=lambda axes: _latencies(axes, timed, moments[-1].end_s),
            ),
            Plot(
                title="How long calls took",
                detail="of those that were answered",
                draw=lambda axes: _histogram(axes, series.latencies, summary),
            ),
        ]
    if failures := summary.failures[:_MOST_ROWS]:
        plots.append(
            Plot(title="What items failed of", rows=len(failures), draw=lambda axes: _verdicts(axes, failures))
        )
    tables = [html_table(("", ""), figures_in_words(summary))]
    if failures:
        said = [(one.verdict, str(one.count), one.example_id, one.example_error or "") for one in failures]
        rows = [[one_line(cell) for cell in row] for row in said]
        tables.append(html_table(("Failed of", "Items", "First", "Why"), rows))
    page = plot_page(
        head="hfsr batch",
        title=one_line(title),
        lead=f"{headline(summary)}.",
        plots=plots,
        table="\n".join(tables),
    )
    write_page(file, page)


def _without_short_end(moments: Sequence[Moment]) -> Sequence[Moment]:
    """Return `moments` without a last one that is too short to tell a rate: what came then counts for all that."""
    if len(moments) < 2:  # noqa: PLR2004 - a last one, and one before it
        return moments
    *others, last = moments
    before = others[-1]
    if last.end_s - last.begin_s >= _SHORT_LAST * (before.end_s - before.begin_s):
        return moments
    joined = Moment(
        begin_s=before.begin_s,
        end_s=last.end_s,
        ok=before.ok + last.ok,
        failed=before.failed + last.failed,
        p50_s=last.p50_s if before.p50_s is None else before.p50_s,
        p95_s=last.p95_s if before.p95_s is None else before.p95_s,
    )
    return [*others[:-1], joined]


def _rates(axes: "Axes", moments: Sequence[Moment]) -> None:
    unit, unit_s = _unit(moments[-1].end_s)
    edges = [*(one.begin_s / unit_s for one in moments), moments[-1].end_s / unit_s]
    spans = [max(one.end_s - one.begin_s, 1e-3) for one in moments]
    good = [one.ok / span for one, span in zip(moments, spans, strict=True)]
    both = [rate + one.failed / span for rate, one, span in zip(good, moments, spans, strict=True)]
    axes.stairs(good, edges, fill=True, color=GOOD, label="answered")
    if any(one.failed for one in moments):
        axes.stairs(both, edges, baseline=good, fill=True, color=BAD, label="failed")
    axes.set_xlim(0, edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_xlabel(unit)
    axes.set_ylabel("items per second")
    legend(axes)


def _latencies(axes: "Axes", moments: Sequence[Moment], end_s: float) -> None:
    unit, unit_s = _unit(end_s)
    middles = [(one.begin_s + one.end_s) / 2 / unit_s for one in moments]
    marker = "o" if len(moments) <= _MOST_ROWS else ""
    p95 = [one.p95_s or 0.0 for one in moments]
    axes.plot(middles, p95, color=_LATE, label="95 of 100 took no longer", marker=marker, markersize=4)
    axes.plot(middles, [one.p50_s or 0.0 for one in moments], color=PLAIN, label="median", marker=marker, markersize=4)
    axes.set_xlim(0, end_s / unit_s)
    axes.set_ylim(bottom=0)
    axes.set_xlabel(unit)
    axes.set_ylabel("seconds")
    legend(axes)


def _histogram(axes: "Axes", bins: Sequence[LatencyBin], summary: BatchSummary) -> None:
    wide = math.ceil(len(bins) / _MOST_BINS)
    groups = [bins[place : place + wide] for place in range(0, len(bins), wide)]
    edges = [*(group[0].low_s for group in groups), bins[-1].high_s]
    axes.stairs([sum(one.count for one in group) for group in groups], edges, fill=True, color=PLAIN)
    for seconds, colour, name in ((summary.p50_s, GOOD, "median"), (summary.p95_s, _LATE, "95 of 100")):
        if seconds is not None:
            axes.axvline(seconds, color=colour, linestyle="--", label=name)
    axes.set_xscale("log")
    places = _round_numbers(edges[0], edges[-1])
    axes.set_xticks(places, [f"{place:.3g}" for place in places])
    axes.minorticks_off()
    axes.locator_params("y", integer=True)
    axes.set_xlabel("seconds")
    axes.set_ylabel("calls")
    legend(axes)


def _round_numbers(low: float, high: float) -> list[float]:
    """Return a few numbers from `low` to `high` that people know: 1, 2, 5, 10; the ends where there are none."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    heads = (1, 2, 5) if len(decades) <= _MOST_DECADES else (1,)
    found = [head * 10.0**decade for decade in decades for head in heads if low <= head * 10.0**decade <= high]
    return found if len(found) > 1 else [low, high]


def _verdicts(axes: "Axes", failures: Sequence[FailureGroup]) -> None:
    bars = axes.barh(name_lines(axes, [one.verdict for one in failures]), [one.count for one in failures], color=BAD)
    axes.bar_label(bars, padding=3)
    axes.locator_params("x", integer=True)


def _unit(end_s: float) -> tuple[str, float]:
    """Return in what the time of a batch is best told that ended after `end_s`, and how many seconds that is."""
    if end_s < _MINUTES_FROM_S:
        return "seconds", 1.0
    return ("minutes", 60.0) if end_s < _HOURS_FROM_S else ("hours", 3600.0)
