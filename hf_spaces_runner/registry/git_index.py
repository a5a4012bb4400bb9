"""Reads which files of a git checkout are tracked. git itself is not run: its settings, a stranger's, name programs.

Source: https://git-scm.com/docs/index-format.
"""

import hashlib
import os
import stat
from pathlib import Path

_MAX_INDEX_BYTES = 64 * 1024**2
_HEADER_BYTES = 12
_STATUS_BYTES = 40
_SHA1_BYTES, _SHA256_BYTES = 20, 32
_PREFIXED_NAMES = 4
_VERSIONS = {2, 3, _PREFIXED_NAMES}
_EXTENDED = 0x4000
_NAME_LENGTH = 0x0FFF
_MAX_NAME_BYTES = 4096


def tracked_names(root: Path) -> frozenset[str]:
    """Return the names of the files that the checkout at `root` tracks, with `/`; none where it is no checkout.

    A `.git` that is a file (a worktree, a submodule) leads out of the folder, and is not followed.
    """
    git = root / ".git"
    try:
        if not stat.S_ISDIR(git.lstat().st_mode):
            return frozenset()
        content = read_small_file(git / "index", _MAX_INDEX_BYTES)
        return frozenset(_names(content)) if content else frozenset()
    except (OSError, ValueError, IndexError):
        return frozenset()


def read_small_file(path: Path, limit_bytes: int) -> bytes | None:
    """Return what the regular file at `path` holds; None for anything else, and for one of more than `limit_bytes`.

    Raises:
        OSError: it cannot be read, or is a symbolic link.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return None
        content = file.read(limit_bytes + 1)
    return content if len(content) <= limit_bytes else None


def _names(content: bytes) -> set[str]:
    version = int.from_bytes(content[4:8], "big")
    if content[:4] != b"DIRC" or version not in _VERSIONS:
        raise ValueError("not an index")
    by_sha256 = hashlib.sha256(content[:-_SHA256_BYTES]).digest() == content[-_SHA256_BYTES:]
    before_flags = _STATUS_BYTES + (_SHA256_BYTES if by_sha256 else _SHA1_BYTES)
    place, name, left = _HEADER_BYTES, b"", _MAX_INDEX_BYTES
    names = set()
    for _ in range(int.from_bytes(content[8:_HEADER_BYTES], "big")):
        begin = place
        flags = int.from_bytes(content[place + before_flags : place + before_flags + 2], "big")
        place += before_flags + (4 if flags & _EXTENDED else 2)
        if version == _PREFIXED_NAMES:
            cut, place = _offset(content, place)
            end = content.index(b"\0", place)
            name = name[: len(name) - cut] + content[place:end]
            place = end + 1
        else:
            end = content.index(b"\0", place + (flags & _NAME_LENGTH if flags & _NAME_LENGTH < _NAME_LENGTH else 0))
            name = content[place:end]
            # One to eight zeros fill each entry up to a multiple of eight bytes.
            place = begin + (end - begin) // 8 * 8 + 8
        # A name may be that of the entry before and one byte more, so a small index can hold very much.
        left -= len(name)
        if len(name) > _MAX_NAME_BYTES or left < 0:
            raise ValueError("too much")
        names.add(os.fsdecode(name))
    return names


def _offset(content: bytes, place: int) -> tuple[int, int]:
    """Return the number at `place`, in the form of offsets in packs, and the place after it."""
    byte = content[place]
    value = byte & 0x7F
    while byte & 0x80:
        place += 1
        byte = content[place]
        value = ((value + 1) << 7) | (byte & 0x7F)
    return value, place + 1
