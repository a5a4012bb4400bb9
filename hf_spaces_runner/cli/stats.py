"""`hfsr stats`: how runs went before: how many succeeded, how long they took, what they failed of."""

import os
import sys
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command, duration
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.history.statistics import past_attempts
from hf_spaces_runner.planning.sum_up import PHASES, Group, Statistics, sum_up
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr stats
  hfsr stats --since 7d --space vader-sentiment
  hfsr stats --html stats.html
  hfsr stats --json
"""
_BAR_WIDTH = 20
_EIGHTHS = " ▏▎▍▌▋▊▉"
_NAME_LENGTH = 28


@command(name="stats", epilog=EPILOG, short_help="Show how runs went before: success, time, failures, memory.")
@click.option("--space", metavar="NAME", help="Only this Space, or model, by the name that hfsr list shows.")
@click.option("--since", metavar="TIME", help="Only what ended within this time, such as 12h or 7d.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write a page with plots to this file.")
def stats(presenter: Presenter, *, space: str | None, since: str | None, html: Path | None) -> None:
    """Show how the attempts of the last 400 days went: by Space, by tier, by phase and by cause of failure.

    Times are of those that succeeded. Nothing that went into a Space or came out of it is kept for this.
    """
    begin = 0.0 if since is None else time.time() - duration(since)
    log = AttemptLog(load_settings(os.environ).places.history)
    attempts = past_attempts(log, since=begin, name=space)
    found = sum_up(attempts)
    if html is not None:
        from hf_spaces_runner.cli.stats_page import write_stats  # noqa: PLC0415 - it imports a plotting library

        write_stats(html, attempts, found, title=_title(space, since))
    if presenter.json:
        presenter.object(
            {"space": space, "since": None if since is None else _iso(begin), "html": html and str(html)}
            | _as_json(found)
        )
    elif presenter.human:
        _show(presenter, found, _title(space, since))
    else:
        groups = [("all", found.total), *(("candidate", one) for one in found.by_name)]
        groups += [("tier", one) for one in found.by_tier]
        presenter.table((), [_plain(kind, group) for kind, group in groups])
    if not attempts:
        presenter.note("Nothing of that has been noted; hfsr run notes each attempt.")
    if html is not None:
        presenter.note(f"Wrote {html}")


def _show(presenter: Presenter, found: Statistics, title: str) -> None:
    """Print tables with bars, for people."""
    rate = f" ({found.answered / found.runs:.0%})" if found.runs else ""
    presenter.result(f"{title}: {found.runs} runs, {found.answered} answered{rate}; {found.total.tried} attempts")
    if not found.total.tried:
        return
    for head, groups in (("SPACE OR MODEL", found.by_name), ("TIER", found.by_tier)):
        presenter.result("")
        presenter.table((head, "TRIED", "MEDIAN", "P95", "MEMORY", "SUCCESS", ""), [_row(one) for one in groups])
    phases = found.total.phases
    longest_s = max((phases[name].median_s for name in phases if name != "total"), default=0.0)
    _bars(
        presenter,
        ("PHASE", "MEDIAN", "P95", ""),
        (
            (name, _spoken(spread.median_s), _spoken(spread.p95_s), spread.median_s if name != "total" else 0.0)
            for name, spread in phases.items()
        ),
        longest_s,
    )
    verdicts = found.total.verdicts
    _bars(
        presenter,
        ("FAILED OF", "TIMES", ""),
        ((one_line(name, limit=_NAME_LENGTH), str(times), times) for name, times in verdicts.items()),
        max(verdicts.values(), default=0),
    )


def _bars(presenter: Presenter, heads: Sequence[str], rows: Iterable[tuple[str | float, ...]], longest: float) -> None:
    """Print a table whose last column is a bar; `longest` fills it."""
    drawn = [(*map(str, cells), _bar(float(value) / longest if longest else 0.0)) for *cells, value in rows]
    if drawn:
        presenter.result("")
        presenter.table(heads, drawn)


def _row(group: Group) -> tuple[str, ...]:
    total = group.phases.get("total")
    return (
        one_line(group.name, limit=_NAME_LENGTH),
        str(group.tried),
        _spoken(total.median_s) if total else "",
        _spoken(total.p95_s) if total else "",
        format_size(group.peak_memory_bytes) if group.peak_memory_bytes else "",
        "" if group.success_rate is None else f"{group.success_rate:.0%}",
        "" if group.success_rate is None else _bar(group.success_rate),
    )


def _plain(kind: str, group: Group) -> tuple[str, ...]:
    """Return the cells of a line for programs: kind, name, tried, succeeded, skipped, 12 times, memory, failures."""
    spreads = [group.phases.get(phase) for phase in PHASES]
    times = [f"{seconds:.3f}" for one in spreads for seconds in ((one.median_s, one.p95_s) if one else ())]
    return (
        kind,
        one_line(group.name),
        *map(str, (group.tried, group.succeeded, group.skipped)),
        *(times or [""] * 2 * len(PHASES)),
        str(group.peak_memory_bytes or ""),
        ",".join(f"{one_line(verdict)}={times}" for verdict, times in group.verdicts.items()),
    )


def _bar(part: float) -> str:
    """Return a bar that is full where `part` is 1."""
    if "utf" not in (sys.stdout.encoding or "").lower():
        return "#" * round(part * _BAR_WIDTH)
    full, eighths = divmod(round(part * _BAR_WIDTH * 8), 8)
    return ("█" * full + _EIGHTHS[eighths]).rstrip()


def _spoken(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else format_duration(round(seconds, 1))


def _title(space: str | None, since: str | None) -> str:
    whose = "All Spaces and models" if space is None else one_line(space, limit=_NAME_LENGTH)
    return whose if since is None else f"{whose}, last {since.strip()}"


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _as_json(found: Statistics) -> dict[str, object]:
    return {
        "runs": found.runs,
        "answered": found.answered,
        "attempts": _group_as_json(found.total),
        "candidates": [_group_as_json(one) for one in found.by_name],
        "tiers": [_group_as_json(one) for one in found.by_tier],
    }


def _group_as_json(group: Group) -> dict[str, object]:
    return {
        "name": group.name,
        "tried": group.tried,
        "succeeded": group.succeeded,
        "skipped": group.skipped,
        "success_rate": group.success_rate,
        "phases": {name: {"median_s": one.median_s, "p95_s": one.p95_s} for name, one in group.phases.items()},
        "failures": dict(group.verdicts),
        "peak_memory_bytes": group.peak_memory_bytes,
    }
