"""Makes file names out of names that a Space, or anybody else, chose."""

import re
import unicodedata
from collections.abc import Container
from pathlib import PurePosixPath

MAX_NAME_BYTES = 120
_MAX_EXTENSION_BYTES = 20
_MAX_CHARACTERS, _END_CHARACTERS = 400, 100
_SEPARATORS = re.compile(r"[/\\]")
_FORBIDDEN = re.compile('[<>:"|?*\x00-\x1f\x7f]')
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])", re.IGNORECASE)


def safe_name(original: str, fallback: str) -> str:
    """Return a name that is one component of a path on any system, or `fallback` where nothing of `original` is left.

    No separators, no leading dots or dashes, no control, invisible or reordering characters, NFC, at most
    `MAX_NAME_BYTES` bytes of UTF-8 with the extension kept, and none of the names that Windows reserves.
    """
    last = _SEPARATORS.split(original[-4096:])[-1]
    if len(last) > _MAX_CHARACTERS:  # to bring thousands of accents into order takes long
        last = last[:-_END_CHARACTERS][: _MAX_CHARACTERS - _END_CHARACTERS] + last[-_END_CHARACTERS:]
    visible = "".join(
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", last)
        if character.isspace() or unicodedata.category(character) not in _INVISIBLE
    )
    name = _FORBIDDEN.sub("_", visible).strip().lstrip(".-~ ").rstrip(". ")
    if not name:
        return fallback
    stem, extension = split_extension(name)
    if _RESERVED.fullmatch(stem.split(".")[0].rstrip()):
        stem = f"_{stem}"
    stem = _cut(stem, MAX_NAME_BYTES - len(extension.encode())).rstrip(". ")
    return f"{stem}{extension}" if stem else fallback


def unique_name(name: str, taken: Container[str]) -> str:
    """Return `name`, or `name-2`, `name-3`... before its extension, so that its casefolded form is not in `taken`."""
    stem, extension = split_extension(name)
    candidate, number = name, 1
    while candidate.casefold() in taken:
        number += 1
        ending = f"-{number}{extension}"
        candidate = _cut(stem, MAX_NAME_BYTES - len(ending.encode())) + ending
    return candidate


def split_extension(name: str) -> tuple[str, str]:
    """Return stem and extension (`.png`, or empty where `name` has none that is short enough to be one)."""
    extension = PurePosixPath(name).suffix
    if not extension or len(extension.encode()) > _MAX_EXTENSION_BYTES or " " in extension:
        return name, ""
    return name[: -len(extension)], extension


def _cut(text: str, limit_bytes: int) -> str:
    return text.encode()[: max(0, limit_bytes)].decode(errors="ignore")
