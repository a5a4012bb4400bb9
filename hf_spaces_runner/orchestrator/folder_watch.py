"""Tells when something changes in a folder, in a thread of its own, also after the folder was away for a while."""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchfiles import Change

_QUIET_MS = 100
_LONGEST_MS = 1000
_LOOK_MS = 500
_LOOK_S = 0.5
_NEVER_SHOWN = (".ruff_cache", ".cache", ".ipynb_checkpoints", ".env", ".hfsr.env", ".netrc", ".ssh")

OnChange = Callable[[tuple[str, ...]], None]


@contextmanager
def watched_folder(folder: Path, on_change: OnChange, on_warning: Callable[[str], None]) -> Iterator[None]:
    """Call `on_change` with the changed names inside `folder` during the block, 0.1 s after the last of a burst.

    With no names it means that something may have changed: when the watch begins, and when the folder is gone or is
    another one than before. Version control, credentials, caches and the editors' own files are passed over. Where the
    system has no room for one more watch, the folder is looked through again and again, and `on_warning` is told.
    """
    stop = threading.Event()
    thread = threading.Thread(
        target=_watch, args=(folder, on_change, on_warning, stop), daemon=True, name="hfsr-folder-watch"
    )
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_LOOK_MS / 1000)


def _watch(folder: Path, on_change: OnChange, on_warning: Callable[[str], None], stop: threading.Event) -> None:
    polls: bool | None = None  # the library decides, by WATCHFILES_FORCE_POLLING
    while not stop.is_set():
        identity = _identity_of(folder)
        if identity is None:
            stop.wait(_LOOK_S)
            continue
        try:
            _watch_one(folder, identity, on_change, stop, polls=polls)
        except OSError as error:
            if _identity_of(folder) != identity:
                continue
            if not polls:
                polls = True
                on_warning(f"{error}: {folder} is looked through three times a second instead")
            stop.wait(_LOOK_S)


def _watch_one(
    folder: Path, identity: tuple[int, int], on_change: OnChange, stop: threading.Event, *, polls: bool | None
) -> None:
    """Watch `folder` until it is gone, or another one."""
    from watchfiles import DefaultFilter, watch  # noqa: PLC0415 - one command needs it

    usual = DefaultFilter(ignore_dirs=(*DefaultFilter.ignore_dirs, *_NEVER_SHOWN))

    def matters(change: "Change", path: str) -> bool:
        # By the name inside: the folder itself may lie below one called like a cache.
        return usual(change, os.path.relpath(path, folder))

    is_first = True
    for changes in watch(
        folder,
        watch_filter=matters,
        debounce=_LONGEST_MS,
        step=_QUIET_MS,
        stop_event=stop,
        rust_timeout=_LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=polls,
        ignore_permission_denied=True,
    ):
        is_gone = _identity_of(folder) != identity
        if changes or is_first or is_gone:
            on_change(() if is_gone else _names(folder, changes))
        if is_gone:
            return
        is_first = False


def _names(folder: Path, changes: "set[tuple[Change, str]]") -> tuple[str, ...]:
    """Return the names inside `folder` that changed, without files that an editor made and took away meanwhile."""
    kinds: dict[str, set[str]] = {}
    for change, path in changes:
        kinds.setdefault(path, set()).add(change.raw_str())
    lasting = (path for path, seen in kinds.items() if not {"added", "deleted"} <= seen or os.path.lexists(path))
    return tuple(sorted(os.path.relpath(path, folder) for path in lasting))


def _identity_of(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
