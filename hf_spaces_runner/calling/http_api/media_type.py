"""Knows media types: which are JSON, which are text, and which extension a file of one gets."""

import mimetypes
import re
from pathlib import PurePath

_PLAIN = re.compile(r"\s*([\w!#$&^.+*-]{1,60}/[\w!#$&^.+*-]{1,80})\s*(?:;|$)", re.ASCII)
_JSON = frozenset({"application/json", "text/json"})
_UNKNOWN = "application/octet-stream"


def plain_type(header: str) -> str:
    """Return the media type in a `Content-Type`, without its parameters; empty where there is none."""
    match = _PLAIN.match(header[:1000])
    return match[1].lower() if match is not None else ""


def is_json(type_: str) -> bool:
    """Return whether what has `type_` is JSON."""
    return type_ in _JSON or type_.endswith("+json")


def is_text(type_: str) -> bool:
    """Return whether what has `type_` is for people to read."""
    return type_.startswith("text/")


def extension_of(type_: str) -> str:
    """Return the extension of a file of `type_`, with its dot; empty where nothing is known."""
    return mimetypes.guess_extension(type_) or ""


def type_of(path: PurePath) -> str:
    """Return the media type of a file, by its name."""
    return mimetypes.guess_type(path.name)[0] or _UNKNOWN
