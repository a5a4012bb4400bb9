"""Makes text that somebody else wrote safe for a terminal."""

import re
from io import StringIO

# Escape sequences first, whole, so that their parameters do not stay behind as text: CSI, OSC and other strings,
# two-character ones. A string must end, and the C1 forms of the starts are left to _CONTROLS: text that was decoded
# wrongly is full of them, and what follows is text. Each alternative can only start at an escape, so this is linear.
_SEQUENCES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]|\x9b[0-?]+[ -/]*[@-~]"
    r"|\x1b[\]PX^_][^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]?"
)
# C0 and C1 but for tab and newline, and the characters that reorder what follows them.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def printable(text: str) -> str:
    """Return `text` without escape sequences, control and bidirectional characters; tab and newline stay."""
    return _without(_CONTROLS, _without(_SEQUENCES, text.replace("\r\n", "\n")))


def _without(pattern: re.Pattern[str], text: str) -> str:
    """Return `text` without what `pattern` matches; `sub` would keep each piece as a string of its own to the end."""
    if pattern.search(text) is None:
        return text
    kept = StringIO()
    end = 0
    for match in pattern.finditer(text):
        kept.write(text[end : match.start()])
        end = match.end()
    kept.write(text[end:])
    return kept.getvalue()


def one_line(text: str, *, limit: int = 200) -> str:
    """Return `text` as one printable line of at most `limit` characters, cut with an ellipsis."""
    # Far more than is shown is never looked at: a log line of a Space may be megabytes long.
    line = " ".join(printable(text[: limit * 8]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
