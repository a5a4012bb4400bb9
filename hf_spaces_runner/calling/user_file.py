"""What stands in a bound value where a file of the user's goes: how a text becomes one, and how it is read."""

import base64
import io
import mimetypes
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidInputError

_DATA = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w=.-]+)*?;base64,", re.ASCII)
_URL = re.compile(r"https?://[^\s/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class UserFile:
    """A file on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class UserBytes:
    """A file that was given as text, in base64."""

    name: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UserUrl:
    """An address that the Space shall fetch itself: only ever one that the user gave."""

    url: str


def file_of_text(text: str) -> UserBytes | UserUrl | None:
    """Return what `text` means as a file: a `data:` URL in base64, or an address; None where it is neither.

    Raises:
        ValueError: it begins as a `data:` URL does, and is none.
    """
    if _URL.match(text):
        return UserUrl(text)
    if not text.startswith("data:"):
        return None
    head = _DATA.match(text)
    if head is None:
        raise ValueError("takes a data: URL in base64")
    try:
        content = base64.b64decode(text[head.end() :], validate=True)
    except ValueError:
        raise ValueError("takes a data: URL with correct base64") from None
    return UserBytes(f"file{mimetypes.guess_extension(head['type'] or '') or ''}", content)


@contextmanager
def opened_file(given: UserFile | UserBytes, max_bytes: int | None = None) -> Iterator[tuple[str, BinaryIO]]:
    """Yield a safe name for `given`, and its content.

    Raises:
        InvalidInputError: it cannot be read, is no regular file, or is larger than `max_bytes`, which the Space takes.
    """
    if isinstance(given, UserBytes):
        _check_size(given.name, len(given.content), max_bytes)
        yield given.name, io.BytesIO(given.content)
        return
    path = given.path
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInputError(f"{path} is not a file", hint="name a file, not a folder or a device")
        _check_size(str(path), status.st_size, max_bytes)
        file = path.open("rb")
    except OSError as error:
        raise InvalidInputError(
            f"cannot read the file {path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    with file:
        yield safe_name(path.name, "file"), file


def _check_size(name: str, size_bytes: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size_bytes > max_bytes:
        raise InvalidInputError(
            f"the file {name} has {format_size(size_bytes)}, the Space takes {format_size(max_bytes)} at most"
        )
