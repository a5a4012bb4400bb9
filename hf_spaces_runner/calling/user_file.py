"""What stands in a bound value where a file of the user's goes, and how a text becomes one."""

import base64
import mimetypes
import re
from dataclasses import dataclass, field
from pathlib import Path

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
