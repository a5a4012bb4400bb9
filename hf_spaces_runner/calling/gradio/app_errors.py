"""Turns what an app says of its own failure into our error."""

import json
import re
import sys
from collections.abc import Mapping

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import SpaceFailedError

_LITERAL = re.compile(r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"")
_ESCAPE = re.compile(r"\\(['\"\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_ESCAPED = {"'": "'", '"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_MAX_MESSAGE = 4000
_MAX_QUOTED = 10 * _MAX_MESSAGE


def space_failed(endpoint: str, output: Mapping[str, object]) -> SpaceFailedError:
    """Return the error for a function that raised; `output` has what the app says of it, if it does."""
    error = output.get("error")
    if error is None or error == "":
        return SpaceFailedError(
            f"{endpoint} failed: the app raised an error and hides its text",
            verdict="space_error_hidden",
            hint="the Space's log says more: hfsr run -v shows it",
        )
    if isinstance(error, str):
        text = unquote_repr(error) if len(error) <= _MAX_QUOTED else error
    else:
        text = json.dumps(error, ensure_ascii=False)
    return SpaceFailedError(f"{endpoint} failed: {printable(text[:_MAX_MESSAGE]).strip()}")


def unquote_repr(text: str) -> str:
    r"""Return the text inside a Python string literal: Gradio 3 and 4 send `repr(message)` for a `gr.Error`."""
    if not _LITERAL.fullmatch(text):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1]) or _character(match[1]), text[1:-1])


def _character(escape: str) -> str:
    code = int(escape[1:], 16)
    return chr(code) if code <= sys.maxunicode else "\ufffd"
