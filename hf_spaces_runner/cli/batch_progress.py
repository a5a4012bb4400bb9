"""Shows on stderr how far a batch is: a bar on a terminal, JSON lines for machines, elsewhere a line now and then."""

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Literal, Protocol

import click

from hf_spaces_runner.batch.pool_state import PoolState
from hf_spaces_runner.cli.batch_bar import DRAW_EVERY_S, batch_bar
from hf_spaces_runner.cli.batch_figures import as_json, containers_in_words, in_words
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.domain.batch_summary import TallySnapshot
from hf_spaces_runner.domain.deadline import Clock
from hf_spaces_runner.domain.progress import Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.terminal import printable

ProgressKind = Literal["auto", "json", "none"]
Look = Callable[[], tuple[TallySnapshot, PoolState]]

_JSON_EVERY_S = 1.0
_FIRST_LINE_S, _LONGEST_LINE_S = 10.0, 60.0


class _View(Protocol):
    """One form of the display. Its methods are called one at a time."""

    def draw(self, snapshot: TallySnapshot, state: PoolState) -> float:
        """Show how things stand and return how many seconds to wait before the next time."""
        ...

    def end(self, snapshot: TallySnapshot, state: PoolState) -> None:
        """Show how things stood at the end."""
        ...

    def note(self, text: str) -> None:
        """Say what stays."""
        ...

    def warn(self, text: str) -> None:
        """Say it as a warning."""
        ...

    def progress(self, progress: Progress) -> None:
        """Show a step of a pull, a build or a start."""
        ...


class BatchDisplay:
    """What people or machines see of a batch while it runs. Its methods may be called from any thread.

    Give it either a function to look with (`watch`), or the values each time that something has changed (`update`);
    it shows them no more often than can be read.
    """

    def __init__(self, view: _View, clock: Clock) -> None:
        self._view = view
        self._clock = clock
        self._lock = threading.Lock()
        self._due_at = -1.0
        self._latest: tuple[TallySnapshot, PoolState] | None = None
        self._ended = False

    def update(self, snapshot: TallySnapshot, state: PoolState) -> None:
        """Show how things stand, where it is time for that."""
        with self._lock:
            self._latest = snapshot, state
            now = self._clock()
            if now >= self._due_at and not self._ended:
                self._due_at = now + self._view.draw(snapshot, state)

    @contextmanager
    def watch(self, look: Look) -> Iterator[None]:
        """Show what `look` returns while the block runs; a thread calls it."""
        is_over = threading.Event()

        def keep_looking() -> None:
            while not is_over.wait(DRAW_EVERY_S):
                self.update(*look())

        thread = threading.Thread(target=keep_looking, name="hfsr-batch-display", daemon=True)
        self.update(*look())
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()
            self._latest = look()

    def note(self, text: str) -> None:
        """Tell the user something that stays, above the bar."""
        with self._lock:
            self._view.note(printable(text))

    def warn(self, text: str) -> None:
        """Warn, above the bar, whatever is shown else."""
        with self._lock:
            self._view.warn(printable(text))

    def progress(self, progress: Progress) -> None:
        """Show a step of a pull, a build or a start."""
        with self._lock:
            self._view.progress(progress)

    def end(self) -> None:
        """Show the last state once more, where that stays; from then on notes and warnings alone."""
        with self._lock:
            if self._latest is not None and not self._ended:
                self._view.end(*self._latest)
            self._ended = True


@contextmanager
def batch_display(
    presenter: Presenter,
    kind: ProgressKind,
    total: int | None,
    max_running: int,
    *,
    clock: Clock = time.monotonic,
) -> Iterator[BatchDisplay]:
    """Yield what shows the progress of a batch while the block runs.

    Args:
        presenter: the command's voice. `--format quiet` hides what nobody asked for by `kind`; warnings stay.
        kind: `auto` is a bar on a terminal, and elsewhere a line after 10 s, and then ever more seldom down to one a
            minute; `json` is one object a line, at most once a second and at the end; `none` is notes and warnings.
        total: how many items there will be, as far as is known before the first update.
        max_running: how many slots the engine has.
        clock: seconds, monotonic.
    """
    if kind == "json":
        display = BatchDisplay(_JsonLines(clock), clock)
        try:
            yield display
        finally:
            display.end()
    elif kind == "none" or presenter.quiet:
        yield BatchDisplay(_Words(presenter, ignore_progress), clock)
    elif presenter.verbosity or not sys.stderr.isatty():
        with progress_display(presenter) as show:  # lines, too
            yield BatchDisplay(_Lines(presenter, show), clock)
    elif os.environ.get("TERM") == "dumb":
        yield BatchDisplay(_Lines(presenter, ignore_progress), clock)
    else:
        with batch_bar(total, max_running, clock) as view:
            display = BatchDisplay(view, clock)
            try:
                yield display
            finally:
                display.end()


class _Words:
    """Notes and warnings alone."""

    def __init__(self, presenter: Presenter, show: ProgressCallback) -> None:
        self.presenter = presenter
        self._show = show

    def draw(self, snapshot: TallySnapshot, state: PoolState) -> float:
        del snapshot, state
        return _LONGEST_LINE_S

    def end(self, snapshot: TallySnapshot, state: PoolState) -> None:
        """Leave it to the summary."""

    def note(self, text: str) -> None:
        self.presenter.note(text)

    def warn(self, text: str) -> None:
        self.presenter.warning(text)

    def progress(self, progress: Progress) -> None:
        if progress.warning:
            self.warn(progress.message)
        elif progress.note:
            self.note(progress.message)
        else:
            self._show(progress)


class _Lines(_Words):
    """A line now and then: a short batch says nothing, and the log of a night is not flooded."""

    def __init__(self, presenter: Presenter, show: ProgressCallback) -> None:
        super().__init__(presenter, show)
        self._wait_s = 0.0

    def draw(self, snapshot: TallySnapshot, state: PoolState) -> float:
        if self._wait_s:
            self.presenter.note(f"{in_words(snapshot, state)}; {containers_in_words(state)}")
        self._wait_s = min(max(2 * self._wait_s, _FIRST_LINE_S), _LONGEST_LINE_S)
        return self._wait_s


class _JsonLines:
    """One object a line: `done` with all else that counts, `phase` with a step, or a `note` or a `warning`."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._step_due_at = -1.0

    def draw(self, snapshot: TallySnapshot, state: PoolState) -> float:
        _write(as_json(snapshot, state))
        return _JSON_EVERY_S

    def end(self, snapshot: TallySnapshot, state: PoolState) -> None:
        _write(as_json(snapshot, state))

    def note(self, text: str) -> None:
        _write({"note": text})

    def warn(self, text: str) -> None:
        _write({"warning": text})

    def progress(self, progress: Progress) -> None:
        if progress.warning:
            self.warn(progress.message)
        elif progress.note:
            self.note(progress.message)
        elif progress.done or self._clock() >= self._step_due_at:
            self._step_due_at = self._clock() + _JSON_EVERY_S
            counted = {"completed": progress.completed, "total": progress.total, "unit": progress.unit}
            _write({"phase": progress.phase, "message": progress.message, **counted})


def _write(value: dict[str, object]) -> None:
    with suppress(OSError):  # whoever read it has gone; the batch goes on
        click.echo(json.dumps(value), err=True)
