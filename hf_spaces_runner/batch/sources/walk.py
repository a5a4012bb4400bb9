"""Walks a folder in natural order (`img2` before `img10`), one folder's names at a time."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_DIGITS = re.compile(rb"[0-9]+")


@dataclass(frozen=True, slots=True)
class Found:
    """A file below the folder, by its path relative to it; `fault` where a subfolder cannot be read."""

    name: str
    fault: OSError | None = None


def walk(
    root: str,
    *,
    leave_out: frozenset[str] = frozenset(),
    follow_outside: bool = False,
    enter: Callable[[str], bool] = lambda _: True,
) -> Iterator[Found]:
    """Yield the regular files below `root`.

    Hidden files and folders, pipes and devices are left out, and so are links to folders: what they lead to is either
    below `root` anyway, or is not. A link to a file counts if it leads to one below `root`, or `follow_outside`. So
    nothing can go round in circles.

    Args:
        root: a folder's path.
        leave_out: real paths of folders that are not entered.
        follow_outside: take links that lead out of `root`, too.
        enter: whether to enter a folder, by its path relative to `root`.
    """
    real_root = os.path.realpath(root)
    if real_root not in leave_out:
        yield from _walk(_Tour(real_root, leave_out, follow_outside, enter), "")


@dataclass(frozen=True, slots=True)
class _Tour:
    root: str
    leave_out: frozenset[str]
    follow_outside: bool
    enter: Callable[[str], bool]


def _walk(tour: _Tour, below: str) -> Iterator[Found]:
    # A stack and no recursion: folders can be nested deeper than Python calls.
    stack: list[tuple[str, Iterator[bytes]]] = []
    folder: str | None = below
    while True:
        if folder is not None:
            try:
                stack.append((folder, _names(tour, folder)))
            except OSError as error:
                yield Found(folder, error)
            folder = None
        if not stack:
            return
        parent, names = stack[-1]
        name = next(names, None)
        if name is None:
            stack.pop()
            continue
        path = os.path.join(parent, os.fsdecode(name.rpartition(b"\0")[2]))  # noqa: PTH118 - a million of them
        if not path.endswith("/"):
            yield Found(path)
        elif tour.enter(path[:-1]) and os.path.join(tour.root, path[:-1]) not in tour.leave_out:  # noqa: PTH118
            folder = path[:-1]


def _names(tour: _Tour, below: str) -> Iterator[bytes]:
    """Return the names in a folder, each behind what it is sorted by; those of folders end in a slash.

    One string of bytes each, since a key of its own would double the memory of a million names.
    """
    kept = []
    with os.scandir(os.path.join(tour.root, below)) as entries:  # noqa: PTH118 - a million of them
        for entry in entries:
            if entry.name.startswith("."):
                continue
            ending = b"/" if entry.is_dir(follow_symlinks=False) else b""
            if ending or entry.is_file(follow_symlinks=False) or (entry.is_symlink() and _is_wanted(tour, entry.path)):
                name = os.fsencode(entry.name)
                kept.append(natural_key(name) + b"\0" + name + ending)
    kept.sort()
    return iter(kept)


def _is_wanted(tour: _Tour, link: str) -> bool:
    real = os.path.realpath(link)
    return os.path.isfile(real) and (tour.follow_outside or is_within(tour.root, real))  # noqa: PTH113


def natural_key(name: bytes) -> bytes:
    """Return what sorts `name` so that runs of digits go by their number: their length stands before them."""
    if not _DIGITS.search(name):
        return name
    return _DIGITS.sub(_by_length, name)


def _by_length(match: re.Match[bytes]) -> bytes:
    number = match[0].lstrip(b"0")
    return b"0%03d%b" % (len(number), number)


def is_within(folder: str, path: str) -> bool:
    """Return whether the real path `path` is the real folder `folder` or lies below it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")
