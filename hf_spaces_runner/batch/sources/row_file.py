"""Finds the files that a row names: `@path` from the table's folder, and not out of it."""

import os
from pathlib import Path

from hf_spaces_runner.batch.sources.shown import fault_of, shown
from hf_spaces_runner.batch.sources.walk import is_within


def files_in(value: object) -> tuple[str, ...] | None:
    """Return the paths that a cell names: `@path`, or a list of nothing but those; None where it is a value."""
    if isinstance(value, str):
        return (value[1:],) if _is_reference(value) else None
    if isinstance(value, list) and value and all(isinstance(one, str) and _is_reference(one) for one in value):
        return tuple(one[1:] for one in value)
    return None


def unescape(value: object) -> object:
    """Return the value of a cell: `@@` is an `@` that a text begins with, also in a list of nothing but such texts."""
    if isinstance(value, str):
        return value[1:] if value.startswith("@@") else value
    if isinstance(value, list) and value and all(isinstance(one, str) and one.startswith("@@") for one in value):
        return [one[1:] for one in value]
    return value


def names_file(value: object, base: Path, *, is_path: bool = False) -> object:
    """Return the cell so that it names the same files wherever the table lies; `is_path`: it is a path without `@`."""
    if is_path:
        return _whole(value, base) if isinstance(value, str) else value
    files = files_in(value)
    if files is None:
        return value
    whole = [f"@{_whole(file, base)}" for file in files]
    return whole if isinstance(value, list) else whole[0]


def file_of(text: str, base: Path, *, allow_outside: bool) -> Path | str:
    """Return the file that `text` names from the folder `base`, or what is wrong with it.

    A table is often somebody else's: what it names must lie below `base`, links followed, or it could have any file of
    this machine sent to a Space.
    """
    if not text or "\0" in text:
        return "there is no path behind @; a text that begins with @ is written with @@"
    path = base / text
    try:
        real, folder = os.path.realpath(path), os.path.realpath(base)
    except OSError as error:
        return f"{shown(path)} cannot be read: {error.strerror}"
    if not allow_outside and not is_within(folder, real):
        return f"{shown(text)} leads out of the folder {shown(base)}; --allow-outside lets rows name any file"
    fault = fault_of(path)
    if fault == "does not exist":
        return f"the file {shown(path)} does not exist; a text that begins with @ is written with @@"
    return path if fault is None else f"{shown(path)} {fault}"


def _is_reference(text: str) -> bool:
    return text.startswith("@") and not text.startswith("@@")


def _whole(text: str, base: Path) -> str:
    return text if not text else os.path.abspath(base / text)  # noqa: PTH100 - resolve() would follow links
