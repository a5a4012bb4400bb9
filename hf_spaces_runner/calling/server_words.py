"""Reads what a server says about an error of its own, in the forms that servers give to that."""

from collections.abc import Mapping, Sequence

from hf_spaces_runner.domain.terminal import one_line

_KEYS = ("detail", "error", "message", "msg", "title")
"""FastAPI and Django; Flask, OpenAI and Gradio; many; pydantic; RFC 9457."""
_MAX_DEPTH, _MAX_ITEMS, _MAX_PLACE = 4, 5, 60
_SENT_IN = ("body", "query", "path", "header")


def server_words(body: object) -> str:
    """Return what `body`, decoded JSON or text, says in one line; empty where it says nothing that can be read."""
    return one_line(_words(body, 0))


def _words(value: object, depth: int) -> str:
    if depth > _MAX_DEPTH:
        return ""
    if isinstance(value, str):
        return "" if value.lstrip().startswith("<") else value  # a page for a browser
    if isinstance(value, dict):
        found = next((words for key in _KEYS if (words := _words(value.get(key), depth + 1))), "")
        place = _place(value.get("loc"))
        return f"{place}: {found}" if found and place else found
    if isinstance(value, list):
        # FastAPI gives each wrong input a message (`msg`) and a place (`loc`).
        items = [words for item in value[:_MAX_ITEMS] if (words := _words(item, depth + 1))]
        more = f"; and {len(value) - _MAX_ITEMS} more" if len(value) > _MAX_ITEMS else ""
        return f"{'; '.join(items)}{more}" if items else ""
    return ""


def _place(loc: object) -> str:
    if not isinstance(loc, list):
        return ""
    parts: Sequence[object] = loc[1:] if len(loc) > 1 and loc[0] in _SENT_IN else loc
    return ".".join(one_line(str(part), limit=_MAX_PLACE) for part in parts[:_MAX_ITEMS] if not _is_deep(part))


def _is_deep(value: object) -> bool:
    return isinstance(value, Mapping | list)
