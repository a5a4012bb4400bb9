"""Reads a hostile file for a parser that trusts it: only so often, and only so much."""

import os
from pathlib import Path
from types import TracebackType
from typing import Self

_MOST_STEPS = 50_000
_MOST_BYTES = 32 * 1024**2


class BoundedReader:
    """A binary file whose reader is stopped after 50 000 steps or 32 MiB.

    A parser in Python takes a fraction of a second for that, whatever lengths and offsets the file names.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._steps_left = _MOST_STEPS
        self._bytes_left = _MOST_BYTES

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes, all that is left where it is negative.

        Raises:
            OSError: that is more than is read of any file.
        """
        self._step()
        content = self._file.read(self._bytes_left + 1 if size < 0 else min(size, self._bytes_left + 1))
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise OSError("no more is read of this file")
        return content

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to `offset`. Raises as `read` does."""
        self._step()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return where the next byte is read from."""
        return self._file.tell()

    def _step(self) -> None:
        self._steps_left -= 1
        if self._steps_left < 0:
            raise OSError("no more is read of this file")
