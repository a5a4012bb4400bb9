"""Reads a registry file: YAML, then the form of its entries, then what they say of each other; all faults at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.entry import RegistryFile
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.yaml_source import positions_of, read_yaml

_MAX_TOLD = 20
_MAX_SHOWN = 80


def read_registry(path: Path, *, origin: str) -> Registry:
    """Return the registry that the file at `path` holds.

    Raises:
        InvalidRegistryError: the file cannot be read, or entries are wrong; the first 20 faults are named.
    """
    raw = read_yaml(path)
    try:
        content = RegistryFile.model_validate({} if raw is None else raw)
    except ValidationError as error:
        complaints = [
            _Complaint(location=found["loc"], message=_in_words(found["msg"]), value=found.get("input"))
            for found in error.errors(include_url=False, include_context=False)
        ]
        raise _invalid(path, complaints) from error
    if complaints := list(_contradictions(content)):
        raise _invalid(path, complaints)
    spaces = {
        key: entry.to_space(registry_directory=path.absolute().parent, origin=origin)
        for key, entry in content.spaces.items()
    }
    categories = {category: dict.fromkeys(ids) for category, ids in content.categories.items()}
    for space in spaces.values():
        categories.setdefault(space.category, {})[space.id] = None
    return Registry(spaces=spaces, categories={category: tuple(ids) for category, ids in categories.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Complaint:
    """What is wrong with the value at `location`."""

    location: Sequence[object]
    message: str
    value: object = None


def _invalid(path: Path, complaints: Sequence[_Complaint]) -> InvalidRegistryError:
    told = complaints[:_MAX_TOLD]
    positions = positions_of(path, [complaint.location for complaint in told])
    lines = [f"{position}: {_said(complaint)}" for position, complaint in zip(positions, told, strict=True)]
    if len(complaints) > len(told):
        lines.append(f"and {len(complaints) - len(told)} more")
    return InvalidRegistryError("\n".join(lines))


def _said(complaint: _Complaint) -> str:
    steps = [printable(str(step))[:_MAX_SHOWN] for step in complaint.location if step != "[key]"]
    value = complaint.value
    shown = "" if isinstance(value, dict | list) or value is None else f" (it is {str(value)[:_MAX_SHOWN]!r})"
    return f"{' > '.join(steps) or 'the file'}: {complaint.message}{shown}"


def _in_words(message: str) -> str:
    return message.removeprefix("Value error, ")


def _contradictions(content: RegistryFile) -> Iterator[_Complaint]:
    for key, entry in content.spaces.items():
        if entry.id != key:
            yield _Complaint(
                location=("spaces", key, "id"), message=f"must be the entry's key, {key!r}", value=entry.id
            )
    for category, ids in content.categories.items():
        for index, space_id in enumerate(ids):
            place = ("categories", category, index)
            known = content.spaces.get(space_id)
            if known is None:
                yield _Complaint(location=place, message="no such Space in this file", value=space_id)
            elif known.category != category:
                yield _Complaint(location=place, message=f"{space_id} has the category {known.category!r} in its entry")
