"""Decodes JSON that a Space sent, within limits on its size, its depth and the memory that it costs."""

import codecs
import json
import math

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.domain.json_weight import is_too_heavy
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError


def decode_json(raw: bytes, what: str, limits: AnswerLimits) -> object:
    """Return the value that `raw` encodes; NaN and the infinities, which are not JSON, and 1e999 become null.

    Args:
        raw: the undecoded text.
        what: what it is, for the message: `GET /config`.
        limits: how much it may be.

    Raises:
        AnswerError: it is not JSON in UTF-8, or larger or deeper than allowed.
    """
    if len(raw) > limits.max_json_bytes:
        raise AnswerError(f"{what} answered more than {format_size(limits.max_json_bytes)}")
    if is_too_heavy(raw, limits.max_json_weight):
        raise AnswerError(f"{what} answered JSON of too many values to keep in memory")
    try:
        # Decoded here: json takes UTF-16 as well, in which a weight cannot be told.
        text = raw.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        value: object = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
    except RecursionError:
        raise AnswerError(f"{what} answered JSON nested deeper than {limits.max_json_depth} levels") from None
    except ValueError as error:
        # Not `from error`: its `doc` holds the whole text, and its message may quote it.
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise AnswerError(f"{what} answered something that is not JSON: {reason}") from None
    _check_depth(value, what, limits.max_json_depth)
    return value


def _finite(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None


def _check_depth(value: object, what: str, max_depth: int) -> None:
    level = [value]
    for _ in range(max_depth + 1):
        level = [
            child
            for item in level
            if isinstance(item, dict | list)
            for child in (item.values() if isinstance(item, dict) else item)
            if isinstance(child, dict | list)
        ]
        if not level:
            return
    raise AnswerError(f"{what} answered JSON nested deeper than {max_depth} levels")
