"""Watches a container from the side while it works: the most memory that it took, and the disk that it leaves."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import DiskReserveError, RunnerError
from hf_spaces_runner.orchestrator.engine import Container, Engine

_EVERY_S = 1.0
_DOING_BYTES = 128 * 1024**2
"""What a Space must have written, as the disk shows it, before it can be the one that fills it."""


class Watch:
    """What was seen of a container so far. `ended_it` is why the watch ended the container, if it did."""

    def __init__(self, engine: Engine, container: Container, *, disk_reserve_bytes: int) -> None:
        self.peak_memory_bytes: int | None = None
        self.ended_it: DiskReserveError | None = None
        self._engine = engine
        self._container = container
        self._reserve = disk_reserve_bytes
        self._stopped = threading.Event()

    def run(self) -> None:
        """Look again and again until the block of `watched` is left or the container is gone."""
        try:
            folder = self._engine.data_folder() if self._reserve else None
            free_at_first = None if folder is None else shutil.disk_usage(folder).free
            while not self._stopped.wait(_EVERY_S):
                memory = self._container.memory()
                if memory is not None:
                    self.peak_memory_bytes = max(self.peak_memory_bytes or 0, memory.peak_bytes)
                if folder is None or free_at_first is None:
                    continue
                free = shutil.disk_usage(folder).free
                if free < self._reserve and free_at_first - free > _DOING_BYTES and not self._stopped.is_set():
                    self.ended_it = DiskReserveError(
                        f"{self._container.name} was ended: it wrote {format_size(free_at_first - free)}, and only"
                        f" {format_size(free)} of disk are left"
                    )
                    self._container.kill()
                    return
        except (RunnerError, OSError):
            return  # the container is gone, or the engine: whoever works with it finds that out

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopped.set()


@contextmanager
def watched(engine: Engine, container: Container, *, disk_reserve_bytes: int) -> Iterator[Watch]:
    """Watch `container` during the block, in a thread of its own, and end it when it leaves too little disk."""
    watch = Watch(engine, container, disk_reserve_bytes=disk_reserve_bytes)
    threading.Thread(target=watch.run, daemon=True, name="hfsr-watch").start()
    try:
        yield watch
    finally:
        watch.stop()
