"""Writes names of files for people, and says what keeps a file from being read."""

import os
import stat
from pathlib import Path

_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
)


def shown(name: str | Path) -> str:
    r"""Return `name` on one line, safe to print: what cannot be printed is written as `\n`, `\x1b`, `\udcff`."""
    text = str(name)
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)


def why_not(error: OSError | ValueError) -> str:
    """Return what is wrong with a file, in a few words."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return "does not exist"
    if isinstance(error, PermissionError):
        return "cannot be read: permission denied"
    if isinstance(error, OSError):
        return f"cannot be read: {error.strerror or error}"
    return "is no path: it holds a NUL character"


def fault_of(path: Path) -> str | None:
    """Return what keeps `path` from being sent, None if nothing does. Pipes and devices are never opened."""
    try:
        mode = path.stat().st_mode
        kind = next((words for is_kind, words in _KINDS if is_kind(mode)), None)
        if kind is not None:
            return kind
        os.close(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK))
    except (OSError, ValueError) as error:
        return why_not(error)
    return None
