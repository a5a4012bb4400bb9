"""Makes the key of an answer: one hash of all that decides it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from hf_spaces_runner.domain.secret import Secret

FORMAT = 1
"""Our version of the key and of what is kept under it: answers of another one are never found."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMark:
    """What counts of a file that goes in: its content, and its name, which Spaces see and some of them answer."""

    sha256: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyInput:
    """One input: a value, or a file where `file` is set. `name` None: where it goes is decided by its position."""

    name: str | None = None
    value: object = None
    file: FileMark | None = None


def cache_key(
    *,
    image_id: str,
    endpoint: str | None,
    prompt: str | None,
    inputs: Sequence[KeyInput] = (),
    preset_inputs: Mapping[str, object] = MappingProxyType({}),
    environment: Mapping[str, str | Secret] = MappingProxyType({}),
    circumstances: Mapping[str, str | Secret] = MappingProxyType({}),
    version: int = FORMAT,
) -> str | None:
    """Return the key of the answer to such a call; None where something given is no JSON, so that nothing can be kept.

    Values are told apart as JSON writes them: 1, 1.0, true and "1" are four. The order of named inputs is nothing, that
    of inputs of the same name and of unnamed ones is; so is the order within a value, which a Space may print.
    Variables and secrets are in the hash and nowhere else.

    Args:
        image_id: the image's digest, or its id where it was built here.
        endpoint: as the user or the registry names it.
        prompt: the user's.
        inputs: what the user gave besides, files by their marks.
        preset_inputs: what the registry gives; their order says which of two files goes where.
        environment: all variables that reach the container.
        circumstances: what else decides the answer: the network, the login, how the Space is called.
        version: our version of the format.
    """
    named = sorted((given for given in inputs if given.name is not None), key=lambda given: given.name or "")
    unnamed = [given for given in inputs if given.name is None]
    parts = [
        version,
        image_id,
        None if endpoint is None else endpoint.lstrip("/"),
        prompt,
        [_part(given) for given in (*named, *unnamed)],
        list(preset_inputs.items()),
        sorted((name, _plain(value)) for name, value in environment.items()),
        sorted((name, _plain(value)) for name, value in circumstances.items()),
    ]
    try:
        text = json.dumps(parts)
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def _part(given: KeyInput) -> tuple[object, ...]:
    if given.file is not None:
        return given.name, "file", given.file.sha256, given.file.name
    return given.name, "value", given.value


def _plain(value: str | Secret) -> str:
    return value.reveal() if isinstance(value, Secret) else value
