"""Shows progress on stderr: bars on a terminal; elsewhere one line where something takes long."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import TracebackType
from typing import Self, assert_never

from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.units import format_size

_TITLES = {
    Phase.PLAN: "Planning",
    Phase.PULL: "Pulling",
    Phase.BUILD: "Building",
    Phase.WAIT: "Waiting",
    Phase.START: "Starting",
    Phase.READY: "Getting ready",
    Phase.CALL: "Calling",
}


@contextmanager
def progress_display(presenter: Presenter) -> Iterator[ProgressCallback]:
    """Yield the callback that shows progress while the block runs."""
    if presenter.quiet:
        yield _Warnings(presenter).show
    elif presenter.verbosity or not sys.stderr.isatty():
        yield _Lines(presenter).show
    else:
        with _bars() as show:
            yield show


class EndableDisplay:
    """A context manager that shows progress until `end`, and from then on notes and warnings alone.

    Bars would mix with a text that comes bit by bit, and with what the user types.
    """

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._stack = ExitStack()
        self._show: ProgressCallback = ignore_progress

    def __enter__(self) -> Self:
        self._show = self._stack.enter_context(progress_display(self._presenter))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.close()

    def show(self, progress: Progress) -> None:
        """Show one step."""
        self._show(progress)

    def end(self) -> None:
        """Show no more bars."""
        self._stack.close()
        self._show = _Warnings(self._presenter).show if self._presenter.quiet else _Lines(self._presenter).show


class _Warnings:
    """Says only what the user should know whatever else is shown, such as what leaves this machine."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter

    def show(self, progress: Progress) -> None:
        """Print the step if it is a warning."""
        if progress.warning:
            self._presenter.warning(progress.message)


class _Lines:
    """Says once what takes long, and every step with `-v`."""

    def __init__(self, presenter: Presenter) -> None:
        self._presenter = presenter
        self._told: set[Phase] = set()

    def show(self, progress: Progress) -> None:
        """Print the step, or the first one of a long phase."""
        if progress.warning:
            self._presenter.warning(progress.message)
            return
        if progress.note:
            self._presenter.note(progress.message)
            return
        if self._presenter.verbosity:
            self._presenter.note(f"{progress.phase}: {progress.message}")
            return
        match progress.phase:
            case Phase.PULL | Phase.BUILD | Phase.WAIT:
                if progress.phase not in self._told and not progress.done:
                    self._told.add(progress.phase)
                    self._presenter.note(f"{progress.message[:1].upper()}{progress.message[1:]} ...")
            case Phase.PLAN | Phase.START | Phase.READY | Phase.CALL:
                pass
            case _:
                assert_never(progress.phase)


@contextmanager
def _bars() -> Iterator[ProgressCallback]:
    # rich takes as long to import as a small command takes to run, and only a terminal needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.markup import escape  # noqa: PLC0415
    from rich.progress import BarColumn, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    with Bars(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[message]}"),
        console=Console(stderr=True),
        transient=True,
    ) as bars:
        tasks: dict[Phase, TaskID] = {}

        def show(progress: Progress) -> None:
            if progress.warning:
                bars.console.print(f"Warning: {escape(progress.message)}", highlight=False)
                return
            if progress.note:
                bars.console.print(escape(progress.message), highlight=False)
                return
            if progress.phase not in tasks:
                for earlier in tasks.values():
                    bars.stop_task(earlier)
                    bars.update(earlier, visible=False)
                tasks[progress.phase] = bars.add_task(_TITLES[progress.phase], total=None, amount="", message="")
            bars.update(
                tasks[progress.phase],
                completed=progress.completed or 0,
                total=progress.total,
                amount=_amount(progress),
                message=escape(progress.message[:_MESSAGE_LENGTH]),
            )

        yield show


_MESSAGE_LENGTH = 60


def _amount(progress: Progress) -> str:
    if progress.completed is None or progress.total is None:
        return ""
    if progress.unit == "bytes":
        return f"{format_size(progress.completed)}/{format_size(progress.total)}"
    return f"{progress.completed}/{progress.total}"
