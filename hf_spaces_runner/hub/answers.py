"""Lets pass of the Hub's JSON only what we use, in the types and sizes that it may have; the library then parses it."""

import json
import re
from collections.abc import Callable, Collection
from typing import Any

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.hub.hub_errors import NONSENSE, hub_error

MAX_ITEMS = 50
_MAX_TAG_LENGTH = 60
_MAX_LIKES = 10**9
_MAX_TITLE_LENGTH = 200
_MAX_DESCRIPTION_LENGTH = 500
_MAX_PORT = 65_535

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}"
SPACE_ID = re.compile(rf"{_NAME}/{_NAME}")
MODEL_ID = re.compile(rf"(?:{_NAME}/)?{_NAME}")
_PATTERNS = {
    "sdk": re.compile(r"[a-z][a-z0-9_-]{0,29}"),
    "sha": re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?"),
    "subdomain": re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"),  # a DNS label
    "stage": re.compile(r"[A-Z][A-Z_]{0,39}"),
    "hardware": re.compile(r"[a-z0-9][a-z0-9-]{0,39}"),
    "pipeline_tag": re.compile(r"[a-z0-9][a-z0-9-]{0,59}"),
    # It becomes an argument of `python` in the container: neither an option nor a way out of the app's folder.
    "app_file": re.compile(r"(?!.*\.\.)[A-Za-z0-9_.][A-Za-z0-9_./ -]{0,199}"),
}
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z", re.ASCII)
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./+#-]{0,99}")

Check = Callable[[object], object]
"""Takes a decoded answer, returns what of it the library is given.

Raises HubError (hub_nonsense) where it is not an answer to what was asked.
"""


def decode(body: bytes) -> object:
    """Return the JSON of an answer. Raises HubError where it is none."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:  # not UTF-8 and numbers of 5000 digits are ValueErrors, too
        raise hub_error(NONSENSE, f"the Hub's answer is not JSON: {one_line(str(error), limit=80)}") from error


def space_page(answer: object) -> object:
    """Return the Spaces of one page, without the items that are none."""
    if not isinstance(answer, list):
        raise hub_error(NONSENSE, f"the Hub's answer is not a list of Spaces, but {_kind(answer)}")
    spaces = [space for space in map(_space, answer) if space is not None]
    if answer and not spaces:
        raise hub_error(NONSENSE, f"none of the {len(answer)} items of the Hub's answer is a Space")
    return spaces


def one_space(answer: object) -> object:
    """Return the one Space that was asked for."""
    space = _space(answer)
    if space is None:
        raise hub_error(NONSENSE, f"the Hub's answer is not a Space, but {_kind(answer)}")
    return space


def one_model(answer: object) -> object:
    """Return the one model that was asked for: its id and task."""
    model = _mapping(answer)
    name = _matching(model, "id", MODEL_ID)
    if name is None:
        raise hub_error(NONSENSE, f"the Hub's answer is not a model, but {_kind(answer)}")
    return {"id": name, "pipeline_tag": _matching(model, "pipeline_tag")}


def one_commit(answer: object) -> object:
    """Return the Space that was asked for at a revision: its id, the sha, and its date where that is one."""
    space = _mapping(answer)
    space_id, sha = _matching(space, "id", SPACE_ID), _matching(space, "sha")
    if space_id is None or sha is None:
        raise hub_error(NONSENSE, f"the Hub's answer is not a Space at a revision, but {_kind(answer)}")
    date = _matching(space, "lastModified", _DATE)
    return {"id": space_id, "sha": sha, **({"lastModified": date} if date else {})}


def last_commit(answer: object) -> object:
    """Return the newest of the commits that were asked for: its date."""
    newest = _mapping(answer[0]) if isinstance(answer, list) and answer else {}
    sha, date = _matching(newest, "id", _PATTERNS["sha"]), _matching(newest, "date", _DATE)
    if sha is None or date is None:
        raise hub_error(NONSENSE, f"the Hub's answer is not a list of commits, but {_kind(answer)}")
    return [{"id": sha, "date": date, "authors": [], "title": "", "message": ""}]


def names_of_refs(answer: object) -> object:
    """Return the branches and tags that were asked for."""
    refs = _mapping(answer)
    return {"converts": [], **{kind: _refs(refs.get(kind)) for kind in ("branches", "tags")}}


def one_id(answer: object) -> object:
    """Return the model or dataset that was asked for: its id."""
    name = _matching(_mapping(answer), "id", MODEL_ID)
    if name is None:
        raise hub_error(NONSENSE, f"the Hub's answer has no id, but is {_kind(answer)}")
    return {"id": name}


def _refs(items: object) -> list[dict[str, str]]:
    names = (_matching(_mapping(item), "name", _REF) for item in (items if isinstance(items, list) else ()))
    return [{"name": name, "ref": name, "targetCommit": ""} for name in names if name is not None]


def _space(item: object) -> dict[str, object] | None:
    space = _mapping(item)
    space_id = _matching(space, "id", SPACE_ID)
    if space_id is None:
        return None
    runtime, card = _mapping(space.get("runtime")), _mapping(space.get("cardData"))
    stage = _matching(runtime, "stage")
    checked = {
        "id": space_id,
        **{name: _matching(space, name) for name in ("subdomain", "sdk", "sha")},
        "likes": _whole(space.get("likes"), _MAX_LIKES) or 0,
        "tags": _texts(space.get("tags")),
        "models": _texts(space.get("models"), MODEL_ID),
        "runtime": {"stage": stage, "hardware": _hardware(runtime)} if stage else None,
        "cardData": _card(card),
        "title": _text(space.get("title"), _MAX_TITLE_LENGTH),
        "ai_short_description": _text(space.get("ai_short_description"), _MAX_DESCRIPTION_LENGTH),
        "ai_category": _text(space.get("ai_category"), _MAX_TAG_LENGTH),
    }
    return {name: value for name, value in checked.items() if value is not None}


def _card(card: dict[str, Any]) -> dict[str, object]:
    return {
        "title": _text(card.get("title"), _MAX_TITLE_LENGTH),
        "short_description": _text(card.get("short_description"), _MAX_DESCRIPTION_LENGTH),
        "sdk": _matching(card, "sdk"),
        "tags": _texts(card.get("tags")),
        "models": _texts(card.get("models"), MODEL_ID),
        "app_file": _matching(card, "app_file"),
        "app_port": _whole(card.get("app_port"), _MAX_PORT) or None,
        "suggested_hardware": _matching(card, "suggested_hardware", _PATTERNS["hardware"]),
    }


def _hardware(runtime: dict[str, Any]) -> dict[str, str | None]:
    hardware = _mapping(runtime.get("hardware"))
    return {name: _matching(hardware, name, _PATTERNS["hardware"]) for name in ("current", "requested")}


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _matching(source: dict[str, Any], name: str, pattern: re.Pattern[str] | None = None) -> str | None:
    value = source.get(name)
    return value if isinstance(value, str) and (pattern or _PATTERNS[name]).fullmatch(value) else None


def _text(value: object, limit: int) -> str | None:
    return (one_line(value, limit=limit) or None) if isinstance(value, str) else None


def _texts(value: object, pattern: re.Pattern[str] | None = None) -> list[str]:
    """Return the strings of a list, or the one of a card that has no list; one that is too long is left out."""
    items: Collection[object] = value if isinstance(value, list) else [value]
    texts = {
        text: None
        for item in items
        if isinstance(item, str)
        and (len(item) <= _MAX_TAG_LENGTH if pattern is None else pattern.fullmatch(item))
        and (text := one_line(item))
    }
    return list(texts)[:MAX_ITEMS]


def _whole(value: object, largest: int) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= largest else None


def _kind(answer: object) -> str:
    return {dict: "another object", list: "a list", str: "a text", type(None): "null"}.get(type(answer), "a number")
