"""Draws how far a batch is on a terminal: a bar with its figures, and what the containers do below it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hf_spaces_runner.batch.pool_state import Phase, PoolState
from hf_spaces_runner.cli.batch_figures import containers_in_words, in_words, step_in_words
from hf_spaces_runner.domain.batch_summary import TallySnapshot
from hf_spaces_runner.domain.deadline import Clock
from hf_spaces_runner.domain.progress import Progress

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

DRAW_EVERY_S = 0.25
_WIDTH = 24


def _leave() -> None:
    """Draw nothing any more."""


class Bar:
    """A bar with its figures, what the containers do, and the step that a pull, a build or a start is at."""

    def __init__(self, console: "Console", total: int | None, max_running: int, clock: Clock) -> None:
        self._console = console
        self._total = total
        self._max_running = max_running
        self._clock = clock
        self._latest: tuple[TallySnapshot, PoolState] | None = None
        self._step = ""
        self._step_due_at = -1.0
        self.refresh: Callable[[], None] = _leave

    def draw(self, snapshot: TallySnapshot, state: PoolState) -> float:
        """Show how things stand and return how many seconds to wait before the next time."""
        self._latest = snapshot, state
        if any(one.phase is not Phase.STARTING for one in state.containers):
            self._step = ""
        self._step_due_at = self._clock() + DRAW_EVERY_S
        self.refresh()
        return DRAW_EVERY_S

    def end(self, snapshot: TallySnapshot, state: PoolState) -> None:
        """Show how things stood at the end."""
        self._latest = snapshot, state
        self._step = ""
        self.refresh()

    def note(self, text: str) -> None:
        """Say what stays, above the bar."""
        self._console.print(text, markup=False, highlight=False)

    def warn(self, text: str) -> None:
        """Say it as a warning, above the bar."""
        from rich.text import Text  # noqa: PLC0415

        self._console.print(Text.assemble(("Warning:", "yellow"), f" {text}"), highlight=False)

    def progress(self, progress: Progress) -> None:
        """Show a step of a pull, a build or a start below the bar."""
        if progress.warning:
            self.warn(progress.message)
        elif progress.note:
            self.note(progress.message)
        else:
            self._step = "" if progress.done else step_in_words(progress)
            if self._clock() >= self._step_due_at:  # before the first container is ready nothing else may come
                self._step_due_at = self._clock() + DRAW_EVERY_S
                self.refresh()

    def rendered(self) -> "RenderableType":
        """Return what stands on the terminal now."""
        from rich.console import Group  # noqa: PLC0415
        from rich.progress_bar import ProgressBar  # noqa: PLC0415
        from rich.table import Table  # noqa: PLC0415

        latest = self._latest
        total = self._total if latest is None else latest[0].total
        done = 0 if latest is None else latest[0].done
        bar = ProgressBar(
            # A total is counted before the batch, and a list may grow meanwhile.
            total=None if total is None else max(total, done, 1),
            completed=done,
            width=_WIDTH,
            pulse=total is None,
            animation_time=self._clock(),
        )
        line = Table.grid(padding=(0, 1))
        line.add_row(bar, _cut("0 items" if latest is None else in_words(*latest)))
        below = [] if latest is None else [containers_in_words(latest[1], self._max_running)]
        below += [self._step] if self._step else []
        return Group(line, *(_cut(f"  {text}", style="dim") for text in below))


@contextmanager
def batch_bar(total: int | None, max_running: int, clock: Clock) -> Iterator[Bar]:
    """Yield the bar that stands on stderr while the block runs; nothing of it stays there."""
    # rich takes as long to import as a small command takes to run, and only a terminal needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.live import Live  # noqa: PLC0415

    console = Console(stderr=True)
    view = Bar(console, total, max_running, clock)
    # Drawn when something is shown, not by a thread of rich; and what is printed to stdout belongs there.
    live = Live(
        get_renderable=view.rendered, console=console, auto_refresh=False, transient=True, redirect_stdout=False
    )
    with live:
        view.refresh = live.refresh
        try:
            yield view
        finally:
            view.refresh = _leave


def _cut(text: str, *, style: str = "") -> "RenderableType":
    """Return a line that is cut where the terminal ends."""
    from rich.text import Text  # noqa: PLC0415

    return Text(text, style, no_wrap=True, overflow="ellipsis")
