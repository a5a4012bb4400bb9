"""Checks the keys of an entry that is to be written."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.registry.entry import SpaceEntry
from hf_spaces_runner.registry.fault_words import in_words

_MAX_SHOWN = 80


def check_fields(fields: Mapping[str, object], *, partly: bool = False) -> None:
    """Check that `fields` can be the keys of an entry; `partly` says that others are there already.

    Raises:
        UsageError: they cannot; all faults are named.
    """
    lines = list(_faults(SpaceEntry, fields, partly=partly))
    if fields.get("status") == "":
        lines.append("status: must be a word, such as available, unverified or disabled")
    if lines:
        command = "edit-status" if partly else "add"
        raise UsageError("\n".join(lines), hint=f"hfsr registry {command} --help shows what an entry may say")


def _faults(model: type[BaseModel], fields: Mapping[str, object], *, partly: bool) -> Iterator[str]:
    try:
        model.model_validate(fields)
    except ValidationError as error:
        for found in error.errors(include_url=False):
            if not (partly and found["type"] == "missing"):
                yield _in_one_line(found, list(model.model_fields))


def _in_one_line(found: Mapping[str, Any], known: list[str]) -> str:
    message, fix = in_words(found, known)
    place = " > ".join(str(step) for step in found["loc"] if step != "[key]")
    value = found["input"]
    is_shown = found["type"] != "missing" and not isinstance(value, dict | list | tuple)
    shown = f" (it is {str(value)[:_MAX_SHOWN]!r})" if is_shown and repr(value) not in message else ""
    return f"{one_line(place)}: {message}{shown}{f'; {fix}' if fix and fix not in message else ''}"
