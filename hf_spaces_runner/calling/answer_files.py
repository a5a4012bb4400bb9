"""Keeps the files of one answer in the scratch directory, up to the limits."""

import base64
import re
from collections.abc import Iterable
from pathlib import Path

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.errors import AnswerError

_DATA_URL = re.compile(r"data:([a-z0-9.+-]{1,40}/[a-z0-9.+-]{1,80})?[^,]{0,100};base64,", re.IGNORECASE)
_MAX_NAME = 4096


class AnswerFiles:
    """Writes each file to `scratch/NUMBER`; the name that the Space gave it is only remembered."""

    def __init__(self, scratch: Path, limits: AnswerLimits) -> None:
        self._scratch = scratch
        self._limits = limits
        self._left_bytes = limits.max_total_bytes
        self._count = 0

    @property
    def limit_bytes(self) -> int:
        """How large the next file may be."""
        return min(self._limits.max_file_bytes, self._left_bytes)

    def write(self, chunks: Iterable[bytes], name: str) -> AnswerFile:
        """Return the file made of `chunks`, which the caller bounds by `limit_bytes`.

        Raises:
            AnswerError: there are too many files.
            NoSpaceLeftError: the disk is full.
        """
        if self._count >= self._limits.max_files:
            raise AnswerError(f"the Space answered with more than {self._limits.max_files} files")
        self._count += 1
        target = self._scratch / f"{self._count}"
        with disk_errors(target), target.open("xb") as file:
            for chunk in chunks:
                self._left_bytes -= file.write(chunk)
        return AnswerFile(path=target, original_name=name[:_MAX_NAME])


def embedded(url: str) -> bytes | None:
    """Return what a `data:` URL holds, which was counted as JSON already; None where it is none."""
    head = _DATA_URL.match(url)
    if head is None:
        return None
    try:
        return base64.b64decode(url[head.end() :], validate=True)
    except ValueError:
        return None
