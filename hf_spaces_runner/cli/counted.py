"""Shows on a terminal how many of many things are done."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hf_spaces_runner.cli.presenter import Presenter


@contextmanager
def counted_progress(presenter: Presenter, title: str, total: int) -> Iterator[Callable[[], None]]:
    """Yield what is called when one of `total` things is done; a bar shows it where stderr is a terminal."""
    if presenter.quiet or total == 0 or not sys.stderr.isatty():
        yield lambda: None
        return
    # rich takes as long to import as a small command takes to run, and only a terminal needs it.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    columns = Progress.get_default_columns()
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)
