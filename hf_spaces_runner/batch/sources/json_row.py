"""Decodes one line of JSON that is to be a row."""

import json
import math

from hf_spaces_runner.domain.json_weight import is_too_heavy

_MAX_WEIGHT = 1_000_000
_ALWAYS_LIGHT_BYTES = _MAX_WEIGHT // 4  # no byte weighs more than four


class RowError(ValueError):
    """The line is no row; the message says why."""


def decode_row(data: bytes) -> dict[str, object]:
    """Return the object that `data` holds; NaN, which pandas writes for nothing, is null.

    Raises:
        RowError: it is not UTF-8, not JSON, no object, holds an infinite number, or so many values that they would not
            fit into memory.
    """
    if len(data) > _ALWAYS_LIGHT_BYTES and is_too_heavy(data, _MAX_WEIGHT):
        raise RowError("it holds too many values")
    try:
        value = _DECODER.decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise RowError(f"it is not UTF-8 (byte {error.start + 1} of the line)") from None
    except RecursionError:
        raise RowError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise RowError(f"it is not JSON: {error.msg} (character {error.pos + 1})") from None
    except RowError:
        raise
    except ValueError:
        raise RowError("a number has too many digits") from None
    if not isinstance(value, dict):
        raise RowError(f'it is {_kind(value)}, not an object like {{"prompt": "..."}}')
    if "" in value:
        raise RowError("it has a key without a name")
    return value


def _constant(name: str) -> None:
    if name != "NaN":
        raise RowError(f"{name} is not a number that can be sent")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise RowError(f"{text[:20]} is too large a number")
    return number


def _kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def is_utf8(value: object) -> bool:
    """Return whether all text in `value` can be written as UTF-8: an escape in JSON can name half a character."""
    if value is None or isinstance(value, int | float):
        return True
    try:
        (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).encode()
    except UnicodeEncodeError:
        return False
    return True


_DECODER = json.JSONDecoder(parse_constant=_constant, parse_float=_finite)  # json.loads would make one for each line
