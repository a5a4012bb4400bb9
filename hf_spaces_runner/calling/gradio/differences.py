"""Follows the partial outputs of a generator, which come whole at first and as changes to the last ones later."""

import copy
from collections.abc import Sequence
from typing import Any

_MAX_EDITS = 1000
_MAX_PATH = 100


class PartialOutputs:
    """The outputs so far. What cannot be followed is given up: the last message of a call has all of it anyway.

    Args:
        as_differences: whether all but the first come as changes (see `Protocol.sends_differences`).
        max_bytes: the most that is kept, measured by the messages that it came in.
    """

    def __init__(self, *, as_differences: bool, max_bytes: int) -> None:
        self._as_differences = as_differences
        self._left_bytes = max_bytes
        self._outputs: list[object] | None = []

    def take(self, outputs: object, size_bytes: int) -> Sequence[object]:
        """Take the `data` of one message of `size_bytes`; return the whole outputs, none where they are not known."""
        if self._outputs is None:
            return ()
        if not self._as_differences:
            return outputs if isinstance(outputs, list) else ()
        self._left_bytes -= size_bytes
        if not isinstance(outputs, list) or self._left_bytes < 0:
            self._outputs = None
        elif not self._outputs:
            self._outputs = outputs
        else:
            try:
                self._outputs = [apply_edits(old, edits) for old, edits in zip(self._outputs, outputs, strict=True)]
            except (ValueError, TypeError, LookupError):
                self._outputs = None
        return tuple(self._outputs or ())


def apply_edits(value: Any, edits: object) -> object:  # noqa: ANN401 - any JSON
    """Return `value` with `edits` made: `[action, path, value]` each (gradio_client.utils.apply_diff).

    Raises:
        ValueError, TypeError, LookupError: they do not fit `value`.
    """
    if not isinstance(edits, list) or len(edits) > _MAX_EDITS:
        raise ValueError("not a list of edits")
    holder = [copy.deepcopy(value)]
    for action, path, new in edits:
        place: Any = holder
        if not isinstance(path, list) or len(path) > _MAX_PATH:
            raise ValueError("no path")
        way: list[Any] = [0, *path]
        last = way.pop()
        for step in way:
            place = place[step]
        if action == "replace":
            place[last] = new
        elif action == "append":
            place[last] += new
        elif action == "add" and isinstance(place, list):
            place.insert(int(last), new)
        elif action == "add":
            place[last] = new
        elif action == "delete":
            del place[int(last) if isinstance(place, list) else last]
        else:
            raise ValueError("an unknown action")
    return holder[0]
