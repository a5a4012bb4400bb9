"""Decodes JSON that a Space sent, within limits on its size, its depth and the memory that it costs."""

import json

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.errors import AnswerError


def decode_json(raw: bytes, what: str, limits: AnswerLimits) -> object:
    """Return the value that `raw` encodes; NaN and the infinities, which are not JSON, become null.

    Args:
        raw: the undecoded text.
        what: what it is, for the message: `GET /config`.
        limits: how much it may be.

    Raises:
        AnswerError: it is not JSON, or larger or deeper than allowed.
    """
    if raw.count(b"[") + raw.count(b"{") > limits.max_json_containers:
        raise AnswerError(f"{what} answered JSON of more than {limits.max_json_containers} objects and lists")
    try:
        value: object = json.loads(raw, parse_constant=lambda _: None)
    except RecursionError:
        raise AnswerError(f"{what} answered JSON nested deeper than {limits.max_json_depth} levels") from None
    except ValueError as error:
        # Not `from error`: its `doc` holds the whole text, and its message may quote it.
        reason = error.msg if isinstance(error, json.JSONDecodeError) else type(error).__name__
        raise AnswerError(f"{what} answered something that is not JSON: {reason}") from None
    _check_depth(value, what, limits.max_json_depth)
    return value


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
