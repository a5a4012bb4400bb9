"""Reads the output of a gr.JSON as late versions of Gradio 5 answer it to a direct call: as Python prints it."""

import ast
import json
import re

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.errors import AnswerError

_GRADIO, _COMPONENT, _PRINTED = 5, "json", "root="
_WORDS = {"True": "true", "False": "false", "None": "null"}
# One that nobody closes goes to the end, so that a hostile text is looked at once and not from each of its quotes.
_TOKEN = re.compile(r"""'(?:[^'\\]|\\.)*(?:'|\Z)|"(?:[^"\\]|\\.)*(?:"|\Z)|\b(?:True|False|None)\b""", re.DOTALL)


def read_printed(
    app: GradioApp, endpoint: GradioEndpoint, answered: list[object], limits: AnswerLimits
) -> list[object]:
    """Return `answered`, the outputs of `endpoint`, with what `app` printed (`root={'a': None}`) as the JSON it was.

    Seen with 5.49.1, whose `ORJSONResponse` makes text of what it does not know; 5.20 does not use that there, and 6.0
    knows it. What was printed had been JSON before, so nothing is lost on the way back.

    Raises:
        AnswerError: it is more than `limits` allow.
    """
    if app.version[0] != _GRADIO:
        return answered
    prints = {number for number, item in enumerate(endpoint.returns) if item.component.casefold() == _COMPONENT}
    return [_read(value, limits) if number in prints else value for number, value in enumerate(answered)]


def _read(value: object, limits: AnswerLimits) -> object:
    if not isinstance(value, str) or not value.startswith(_PRINTED):
        return value
    printed = value.removeprefix(_PRINTED)
    if printed.count("'") + printed.count('"') > 2 * limits.max_json_weight:
        raise AnswerError("a gr.JSON answered too many values to keep in memory")
    try:
        text = _TOKEN.sub(_as_json, printed)
        return decode_json(text.encode(), "a gr.JSON", limits)
    except (ValueError, SyntaxError, AnswerError):
        return value  # a text that merely begins like that


def _as_json(found: re.Match[str]) -> str:
    literal = found[0]
    if literal in _WORDS:
        return _WORDS[literal]
    if "\\" in literal or len(literal) == 1 or literal[0] != literal[-1]:
        return json.dumps(ast.literal_eval(literal))
    return json.dumps(literal[1:-1])
