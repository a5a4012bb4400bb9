"""Prints what a batch came to: for people, for pipes, or as the JSON object of summary.json."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.cli.batch_figures import rate_in_words
from hf_spaces_runner.cli.presenter import Presenter, styled
from hf_spaces_runner.domain.batch_summary import BatchSummary, summary_as_json
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size

if TYPE_CHECKING:
    from hf_spaces_runner.batch.folder import BatchFolder

_MOST_VERDICTS = 10
_MOST_ANSWERED_BY = 5
_LINE_LENGTH = 100
_RERUN, _FRESH = "--rerun-failed", "--no-resume"


def show_batch(
    presenter: Presenter,
    summary: BatchSummary,
    folder: "BatchFolder",
    *,
    arguments: Sequence[str] = (),
    report: Path | None = None,
) -> None:
    """Print `summary` in the form that `presenter` was asked for.

    Args:
        presenter: the command's voice. Quiet prints the path of results.jsonl alone.
        summary: what is said.
        folder: where the results are.
        arguments: the command line, the program's name included, for the commands that go on from here.
        report: the page that was written.
    """
    failed = folder.failed if summary.failed else None
    if presenter.json:
        places = {"folder": folder.root, "results_file": folder.results, "failed_file": failed, "report": report}
        presenter.object(
            summary_as_json(summary) | {name: None if path is None else str(path) for name, path in places.items()}
        )
    elif presenter.quiet:
        presenter.result(str(folder.results))
    elif presenter.human:
        _show_to_people(presenter, summary)
        shown = [("Results", folder.results), ("Failed", failed), ("Report", report)]
        for name, path in shown:
            if path is not None:
                presenter.result(f"{name:<12}{path}")
    else:
        _show_plainly(presenter, summary)
        presenter.table((), [("results_file", str(folder.results)), ("failed_file", str(failed or ""))])
    _show_next(presenter, summary, arguments)


def headline(summary: BatchSummary) -> str:
    """Return in one line how many items there were and how they ended."""
    ended = f"{_counted(summary.items, 'item')}: {summary.ok} answered, {summary.failed} failed"
    known = f"; {summary.known} of them before" if summary.known else ""
    stopped = f"; stopped: {one_line(summary.stopped)}" if summary.stopped else ""
    return f"{ended}{known}{stopped or ('' if summary.is_complete else '; not all of the input')}"


def figures_in_words(summary: BatchSummary) -> list[tuple[str, str]]:
    """Return the figures of `summary`, each with its name; those are left out that nobody knows."""
    rows = [("Time", _spoken(summary.elapsed_s))]
    if summary.rate is not None:
        rows.append(("Rate", rate_in_words(summary.rate)))
    if summary.p50_s is not None and summary.p95_s is not None:
        rows.append(("Call", f"median {_spoken(summary.p50_s)}, 95 of 100 within {_spoken(summary.p95_s)}"))
    if summary.containers_started:
        ends = [f"{summary.containers_died} died"] if summary.containers_died else []
        ends += [f"{summary.containers_recycled} replaced in time"] if summary.containers_recycled else []
        rows.append(("Containers", ", ".join([f"{summary.containers_started} started", *ends])))
        share = f"{summary.cold_start_share:.0%} of their time"
        rows.append(("Cold starts", f"{_spoken(summary.cold_starts_s)}, {share}"))
    if summary.peak_memory_bytes:
        rows.append(("Peak memory", format_size(summary.peak_memory_bytes)))
    if summary.answered_by:
        names = [f"{one_line(name, limit=40)} ({count})" for name, count in summary.answered_by.items()]
        more = f" and {len(names) - _MOST_ANSWERED_BY} more" if len(names) > _MOST_ANSWERED_BY else ""
        rows.append(("Answered by", ", ".join(names[:_MOST_ANSWERED_BY]) + more))
    return rows


def rerun_command(arguments: Sequence[str]) -> str | None:
    """Return the command that runs those again that failed; None where the same words cannot be given again.

    A list on stdin is gone, and `hfsr run --inputs` takes its words in another way.
    """
    if "-" in arguments or list(arguments[1:2]) != ["batch"]:
        return None
    kept = [word for word in arguments if word not in {_RERUN, _FRESH}]
    # What follows `--` is no option.
    place = kept.index("--") if "--" in kept else len(kept)
    return one_line(shlex.join([*kept[:place], _RERUN, *kept[place:]]), limit=2000)


def _show_to_people(presenter: Presenter, summary: BatchSummary) -> None:
    presenter.result(styled(headline(summary), bold=True))
    shown = summary.failures[:_MOST_VERDICTS]
    width = max((len(group.verdict) for group in shown), default=0)
    digits = max((len(str(group.count)) for group in shown), default=0)
    for group in shown:
        example = f"{group.example_id}: {group.example_error or 'no reason given'}"
        line = f"  {styled(group.verdict.ljust(width), 'red')}  {group.count:>{digits}}  "
        presenter.result(f"{line}{one_line(example, limit=_LINE_LENGTH)}")
        if group.hint:
            presenter.result(styled(f"  {' ' * (width + digits + 4)}{one_line(group.hint)}", dim=True))
    if len(summary.failures) > len(shown):
        presenter.result(f"  ... and {len(summary.failures) - len(shown)} other causes")
    for name, value in figures_in_words(summary):
        presenter.result(f"{name:<12}{value}")


def _show_plainly(presenter: Presenter, summary: BatchSummary) -> None:
    """Print a line a figure, names as in the JSON form, tab-separated."""
    rows: list[tuple[str, ...]] = []
    for name, value in summary_as_json(summary).items():
        if name == "examples":
            continue
        if isinstance(value, dict):
            rows += [(name, one_line(str(key)), str(count)) for key, count in value.items()]
        elif isinstance(value, bool):
            rows.append((name, str(value).lower()))
        else:
            rows.append((name, "" if value is None else one_line(str(value))))
    presenter.table((), rows)


def _show_next(presenter: Presenter, summary: BatchSummary, arguments: Sequence[str]) -> None:
    """Say how to go on: with what was not reached, and with what failed."""
    if presenter.json:
        return
    if not summary.is_complete:
        presenter.note("The same command goes on where it was.")
    if summary.failed:
        command = rerun_command(arguments)
        same = "hfsr batch with the same inputs and" if list(arguments[1:2]) == ["run"] else "The same command with"
        presenter.note(
            f"To run those again that failed: {command}"
            if command
            else f"{same} {_RERUN} runs those again that failed."
        )


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"


def _spoken(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else format_duration(round(seconds, 1))
