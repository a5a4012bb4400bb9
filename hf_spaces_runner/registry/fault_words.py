"""Says in words what a registry file must say where it says something else, and how to correct it."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any

_MESSAGES = {
    "missing": "is missing",
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a list of `key: value` lines",
    "model_type": "must be a list of `key: value` lines",
    "list_type": "must be a list, such as [a, b]",
    "tuple_type": "must be a list, such as [a, b]",
    "string_too_long": "must have at most {max_length} characters",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "extra_forbidden": "is no key of this place",
}
_FORMS = {
    "id": "letters, digits, dots, dashes and underscores only",
    "space_id": "must be user/name, as on the Hub",
    "digest": "must be sha256: and 64 hexadecimal digits",
    "env": "holds a name that no variable has, or a NUL",
    "spaces": "letters, digits, dots, dashes and underscores only",
    "categories": "holds an id that no Space can have",
}
_PATTERN_OTHERWISE = "holds characters that may not stand here"
_FIXES = {
    "port": "write the number of the port that the app listens on, such as port: 7860",
    "docker_image": "write host/name:tag, such as registry.hf.space/user-name:latest",
    "memory": "write 512m or 2g",
    "string_type": "put it into quotes",
}


def in_words(error: Mapping[str, Any], known_keys: Collection[str]) -> tuple[str, str]:
    """Return what is wrong and how to correct it, of an error of pydantic's; `known_keys` may stand where one does not.

    The kinds of errors are those of docs.pydantic.dev/latest/errors/validation_errors.
    """
    kind, place = error["type"], [str(step) for step in error["loc"] if step != "[key]"]
    key = place[-1] if place else ""
    if kind == "value_error":
        return error["msg"].removeprefix("Value error, "), _FIXES.get(key, "")
    if kind == "string_pattern_mismatch":
        form = next((_FORMS[step] for step in reversed(place) if step in _FORMS), _PATTERN_OTHERWISE)
        return form, _FIXES.get(key, "")
    template = _MESSAGES.get(kind)
    message = error["msg"] if template is None else template.format(**error.get("ctx", {}))
    if kind == "missing":
        return message, _FIXES.get(key, f"add a line `{key}: ...`")
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(key, known_keys, n=1)
        return message, f"did you mean {near[0]}?" if near else f"there are: {', '.join(known_keys)}"
    return message, _FIXES.get(key, _FIXES.get(kind, ""))
