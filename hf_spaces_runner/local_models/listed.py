"""Reads what servers say of their models, and believes little of it: names are shown, and are sent back as they are."""

import re
from collections.abc import Iterable
from typing import Any

from hf_spaces_runner.domain.model import Model, ModelPlace
from hf_spaces_runner.domain.terminal import one_line

MAX_MODELS = 200
"""The most models that one server is believed to have."""

_MAX_NAME_LENGTH = 200
_MAX_TOKENS = 10**9

# Most servers do not say what a model is for; its name then does.
_WORDS = r"(?:^|[^a-z0-9])(?:{})"
_NOT_FOR_CHATS = re.compile(
    _WORDS.format(r"[a-z]*embed[a-z]*|bge|e5|gte|all-minilm|[a-z]*rerank[a-z]*|whisper|colbert") + r"(?![a-z])",
    re.IGNORECASE,
)
_FOR_IMAGES = re.compile(
    _WORDS.format(r"[a-z0-9.]*vlm?\d*|[a-z]*vision|(?:bak)?llava[a-z]*|pixtral|moondream\d*|paligemma\d*|minicpm-v")
    + r"(?![a-z])",
    re.IGNORECASE,
)


def mapping(value: object) -> dict[str, Any]:
    """Return `value` if it is an object of JSON, else an empty one."""
    return value if isinstance(value, dict) else {}


def mappings(value: object) -> list[dict[str, Any]]:
    """Return the objects of `value` if it is a list, as many of them as are believed."""
    items = value if isinstance(value, list) else []
    return [item for item in items[:MAX_MODELS] if isinstance(item, dict)]


def texts(value: object) -> frozenset[str] | None:
    """Return the texts of `value`; None where it is no list, so nobody said anything."""
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else None


def whole(value: object) -> int | None:
    """Return `value` if it is a number of tokens that a model may have."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value <= _MAX_TOKENS else None


def first_whole(*values: object) -> int | None:
    """Return the first of `values` that is a number of tokens."""
    return next((number for value in values if (number := whole(value)) is not None), None)


def is_usable_name(name: object) -> bool:
    """Return whether `name` can be shown as it is: a name that was cleaned would be that of another model."""
    return isinstance(name, str) and bool(name) and one_line(name, limit=_MAX_NAME_LENGTH) == name


def seems_to_chat(name: str) -> bool:
    """Return whether a model of this name may chat; others make vectors of texts, or texts of sound."""
    return _NOT_FOR_CHATS.search(name) is None


def seems_to_see(name: str) -> bool:
    """Return whether a model of this name may take images."""
    return _FOR_IMAGES.search(name) is not None


def model(
    name: object,
    *,
    base_url: str,
    server: str,
    chats: bool | None = None,
    takes_images: bool | None = None,
    context_tokens: int | None = None,
    is_loaded: bool = False,
) -> Model | None:
    """Return a model that a server names; None where it cannot chat, or its name cannot be used.

    `chats` and `takes_images` are what the server says; where it does not (None), the name tells.
    """
    if not isinstance(name, str) or not is_usable_name(name):
        return None
    if not (seems_to_chat(name) if chats is None else chats):
        return None
    return Model(
        name=name,
        place=ModelPlace.SERVER,
        base_url=base_url,
        server=server,
        takes_images=seems_to_see(name) if takes_images is None else takes_images,
        context_tokens=context_tokens,
        is_loaded=is_loaded,
    )


def each_once(models: Iterable[Model | None]) -> tuple[Model, ...]:
    """Return `models` without those that are none, each name once."""
    found: dict[str, Model] = {}
    for one in models:
        if one is not None:
            found.setdefault(one.name, one)
    return tuple(found.values())
