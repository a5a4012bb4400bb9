"""Writes the statistics as one HTML page with plots, which needs no network and no script."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
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
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.planning.sum_up import PHASES, Group, PastAttempt, Statistics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST_ROWS = 20
_MIB = 1024**2
_PHASE_COLOURS = ("#56b4e9", "#cccccc", "#e69f00", "#f0e442", "#0072b2")


def write_stats(file: Path, attempts: Sequence[PastAttempt], found: Statistics, *, title: str) -> None:
    """Write `found`, the statistics of `attempts`, to `file`.

    Raises:
        ConfigurationError: the plotting library is not installed.
        UsageError: the file cannot be written.
    """
    require_plots("--html", "hfsr stats alone does without")
    rate = f" ({found.answered / found.runs:.0%})" if found.runs else ""
    page = plot_page(
        head="hfsr stats",
        title=title,
        lead=f"{found.runs} runs, {found.answered} answered{rate}; {found.total.tried} attempts.",
        plots=_plots(attempts, found),
        table=_table(found),
    )
    write_page(file, page)


def _plots(attempts: Sequence[PastAttempt], found: Statistics) -> list[Plot]:
    groups = [one for one in found.by_name if one.tried][:_MOST_ROWS]
    timed = [one for one in groups if one.phases]
    heavy = [one for one in groups if one.peak_memory_bytes]
    ended = "answered and failed"
    good = "of those that answered"
    plots: list[Plot] = []
    if groups:
        plots += [
            Plot(title="Attempts a day", detail=ended, draw=lambda axes: _days(axes, attempts)),
            Plot(
                title="Attempts by Space or model",
                detail=ended,
                rows=len(groups),
                draw=lambda axes: _endings(axes, groups),
            ),
        ]
    if timed:
        plots += [
            Plot(title="Median time by phase", detail=good, rows=len(timed), draw=lambda axes: _phases(axes, timed)),
            Plot(title="Time of each attempt", detail=good, draw=lambda axes: _times(axes, attempts)),
        ]
    if verdicts := found.total.verdicts:
        plots.append(
            Plot(
                title="What failed attempts failed of",
                rows=len(verdicts),
                draw=lambda axes: _verdicts(axes, verdicts),
            )
        )
    if heavy:
        plots.append(
            Plot(
                title="Peak memory",
                detail="the most that was seen",
                rows=len(heavy),
                draw=lambda axes: _memory(axes, heavy),
            )
        )
    return plots


def _table(found: Statistics) -> str:
    heads = ("Space or model", "Tried", "Answered", *(f"{phase} (median)" for phase in PHASES), "p95", "Memory")
    return html_table(heads, [_cells(one) for one in (found.total, *found.by_tier, *found.by_name)])


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


def _days(axes: "Axes", attempts: Sequence[PastAttempt]) -> None:
    tried = [one for one in attempts if one.status != Status.SKIPPED]
    days = [datetime.fromtimestamp(one.at).astimezone().date() for one in tried]
    good = Counter(day for day, one in zip(days, tried, strict=True) if one.status == Status.OK)
    bad = Counter(day for day, one in zip(days, tried, strict=True) if one.status == Status.FAILED)
    span = [min(days) + timedelta(days=number) for number in range((max(days) - min(days)).days + 1)]
    places = range(len(span))
    answered = [good[day] for day in span]
    axes.bar(places, answered, color=GOOD, label="answered", width=0.9)
    axes.bar(places, [bad[day] for day in span], bottom=answered, color=BAD, label="failed", width=0.9)
    shown = list(places)[:: max(1, len(span) // 6)]
    axes.set_xticks(shown, [f"{span[place]:%d %b}" for place in shown])
    axes.locator_params("y", integer=True)
    legend(axes)


def _endings(axes: "Axes", groups: Sequence[Group]) -> None:
    good = [one.succeeded for one in groups]
    names = name_lines(axes, [one.name for one in groups])
    axes.barh(names, good, color=GOOD, label="answered")
    axes.barh(names, [one.tried - one.succeeded for one in groups], left=good, color=BAD, label="failed")
    axes.locator_params("x", integer=True)
    legend(axes)


def _phases(axes: "Axes", groups: Sequence[Group]) -> None:
    lines = name_lines(axes, [one.name for one in groups])
    left = [0.0] * len(groups)
    for phase, colour in zip([name for name in PHASES if name != "total"], _PHASE_COLOURS, strict=True):
        medians = [one.phases[phase].median_s for one in groups]
        axes.barh(lines, medians, left=left, color=colour, label=phase)
        left = [before + own for before, own in zip(left, medians, strict=True)]
    axes.set_xlabel("seconds")
    legend(axes)


def _times(axes: "Axes", attempts: Sequence[PastAttempt]) -> None:
    good = [one for one in attempts if one.status == Status.OK]
    seconds = [max(PHASES["total"](one.timings), 0.001) for one in good]
    days = [datetime.fromtimestamp(one.at).astimezone() for one in good]
    axes.scatter(days, seconds, s=10, alpha=0.6, color=PLAIN)  # type: ignore[arg-type]  # it takes dates as well
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")
    axes.set_ylabel("seconds")
    axes.figure.autofmt_xdate(rotation=30)


def _verdicts(axes: "Axes", verdicts: Mapping[str, int]) -> None:
    names = list(verdicts)[:_MOST_ROWS]
    bars = axes.barh(name_lines(axes, names), [verdicts[name] for name in names], color=BAD)
    axes.bar_label(bars, padding=3)
    axes.locator_params("x", integer=True)


def _memory(axes: "Axes", groups: Sequence[Group]) -> None:
    axes.barh(
        name_lines(axes, [one.name for one in groups]),
        [(one.peak_memory_bytes or 0) / _MIB for one in groups],
        color=PLAIN,
    )
    axes.set_xlabel("MiB")
