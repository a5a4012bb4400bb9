"""Reads one object out of a git repository, loose or packed, and believes nothing of its sizes.

Sources: https://git-scm.com/docs/gitformat-pack, and gitrepository-layout(5) for loose objects. A library for git would
follow what a stranger's repository says to other places, and unpack whatever its size.
"""

import os
import stat
import zlib
from pathlib import Path
from typing import BinaryIO

_MAX_BYTES = 1024**2
"""No commit comes near it."""
_MAX_PACKS = 1000
_MAX_DELTAS = 100
"""git makes no more than 50 in a row unless told to."""
_MAGIC = b"\377tOc\0\0\0\2"
_FANOUT_BYTES = 256 * 4
_LARGE_OFFSET = 0x80000000
_COMMIT, _BY_OFFSET, _BY_NAME = 1, 6, 7
_HEADER_BYTES = 64


def read_commit(objects: Path, name: str, most_deltas: int = _MAX_DELTAS) -> bytes | None:
    """Return the commit `name` (hexadecimal) of the folder `objects`; None where it is not there.

    It is put together out of at most `most_deltas` changes.

    Raises:
        OSError, ValueError, IndexError, zlib.error: it cannot be read.
    """
    loose = objects / name[:2] / name[2:]
    if loose.exists():
        with open_regular(loose) as file:
            content = _unpacked(file)
        head, _, body = content.partition(b"\0")
        return body if head.startswith(b"commit ") else None
    return _from_packs(objects, bytes.fromhex(name), most_deltas)


def open_regular(path: Path) -> BinaryIO:
    """Open the regular file at `path`.

    Raises:
        OSError: it cannot be read, or is a symbolic link.
        ValueError: it is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    file = open(descriptor, "rb")  # noqa: PTH123, SIM115 - a descriptor, which the caller closes
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        file.close()
        raise ValueError(f"{path}: is no regular file")
    return file


def _from_packs(objects: Path, name: bytes, most_deltas: int) -> bytes | None:
    for index in sorted((objects / "pack").glob("*.idx"))[:_MAX_PACKS]:
        with open_regular(index) as file:
            offset = _offset_of(file, name)
        if offset is not None:
            with open_regular(index.with_suffix(".pack")) as pack:
                return _packed(pack, offset, objects, len(name), most_deltas)
    return None


def _offset_of(index: BinaryIO, name: bytes) -> int | None:
    """Return where the object `name` begins in the pack of `index`; None where it is in another one."""
    if index.read(len(_MAGIC)) != _MAGIC:
        raise ValueError("not an index of version 2")
    fanout = index.read(_FANOUT_BYTES)
    ends = [int.from_bytes(fanout[place : place + 4], "big") for place in range(0, _FANOUT_BYTES, 4)]
    low, high, count = ends[name[0] - 1] if name[0] else 0, ends[name[0]], ends[-1]
    names = len(_MAGIC) + _FANOUT_BYTES
    while low < high:
        middle = (low + high) // 2
        found = _bytes_at(index, names + middle * len(name), len(name))
        if found == name:
            # Behind the names stand their checksums, then the offsets, then those that take eight bytes.
            offsets = names + count * (len(name) + 4)
            offset = int.from_bytes(_bytes_at(index, offsets + middle * 4, 4), "big")
            if offset & _LARGE_OFFSET:
                large = offsets + count * 4 + (offset - _LARGE_OFFSET) * 8
                offset = int.from_bytes(_bytes_at(index, large, 8), "big")
            return offset
        low, high = (middle + 1, high) if found < name else (low, middle)
    return None


def _packed(pack: BinaryIO, offset: int, objects: Path, name_length: int, most_deltas: int) -> bytes | None:
    """Return the commit at `offset` of `pack`, put together out of what it is a change of; None for another object."""
    deltas: list[bytes] = []
    while len(deltas) <= most_deltas:
        pack.seek(offset)
        header = pack.read(_HEADER_BYTES)
        kind = (header[0] >> 4) & 7
        place = 1
        while header[place - 1] & 0x80:  # the size, which the bytes themselves tell as well
            place += 1
        if kind == _BY_OFFSET:
            back, place = _distance(header, place)
        base = header[place : place + name_length]
        pack.seek(offset + place + (name_length if kind == _BY_NAME else 0))
        content = _unpacked(pack)
        if kind in {_BY_OFFSET, _BY_NAME}:
            deltas.append(content)
        if kind == _BY_OFFSET:
            if not 0 < back <= offset:
                raise ValueError("a change of what stands behind it")
            offset -= back
            continue
        found = content if kind == _COMMIT else None
        if kind == _BY_NAME:  # which may name itself
            found = read_commit(objects, base.hex(), most_deltas - len(deltas))
        for delta in reversed(deltas):
            found = None if found is None else _changed(found, delta)
        return found
    raise ValueError("too many changes of changes")


def _distance(header: bytes, place: int) -> tuple[int, int]:
    """Return by how many bytes the base stands before its change, and the place after that number."""
    value = header[place] & 0x7F
    while header[place] & 0x80:
        place += 1
        value = ((value + 1) << 7) | (header[place] & 0x7F)
    return value, place + 1


def _changed(base: bytes, delta: bytes) -> bytes:
    """Return what `delta` makes of `base`: copies of its parts, and new bytes."""
    place = _after_size(delta, _after_size(delta, 0))
    made = bytearray()
    while place < len(delta):
        order = delta[place]
        place += 1
        if order & 0x80:
            start = length = 0
            for bit in range(4):
                if order & (1 << bit):
                    start |= delta[place] << (8 * bit)
                    place += 1
            for bit in range(3):
                if order & (0x10 << bit):
                    length |= delta[place] << (8 * bit)
                    place += 1
            made += base[start : start + (length or 0x10000)]
        elif order:
            made += delta[place : place + order]
            place += order
        else:
            raise ValueError("not a change")
        if len(made) > _MAX_BYTES:
            raise ValueError("too large")
    return bytes(made)


def _after_size(delta: bytes, place: int) -> int:
    while delta[place] & 0x80:
        place += 1
    return place + 1


def _unpacked(file: BinaryIO) -> bytes:
    # What more than the limit unpacks to, or unpacks from, is no commit.
    unpacking = zlib.decompressobj()
    content = unpacking.decompress(file.read(_MAX_BYTES), _MAX_BYTES)
    if not unpacking.eof:
        raise ValueError("too large, or cut off")
    return content


def _bytes_at(file: BinaryIO, place: int, length: int) -> bytes:
    file.seek(place)
    found = file.read(length)
    if len(found) < length:
        raise ValueError("cut off")
    return found
