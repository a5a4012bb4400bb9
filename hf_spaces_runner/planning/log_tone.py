"""Tells which lines of an app's log report that something went wrong, so that they can be shown in another colour."""

import re
from enum import StrEnum

_LONGEST = 1000
_BEGINS = re.compile(r"Traceback \(most recent call last\)|\s+File \"[^\"]{1,400}\", line \d+")
_ERROR = re.compile(
    r"[\w.]{0,100}(?:Error|Exception|Exit|Interrupt)(?::|$)"
    r"|.{0,60}?(?:\b(?:ERROR|CRITICAL|FATAL)\b|level=(?:error|fatal))"
    r"|\s*(?:error|fatal)\b",
)
_WARNING = re.compile(r".{0,60}?\b(?:WARN|WARNING)\b|.{0,300}?[A-Za-z]*Warning:|\s*warning:")


class Tone(StrEnum):
    """How a line sounds."""

    PLAIN = "plain"
    WARNING = "warning"
    ERROR = "error"


class LogTones:
    """Reads one log line after line: all lines of a traceback sound the same, that of its exception included."""

    def __init__(self) -> None:
        self._in_traceback = False

    def tone(self, line: str) -> Tone:
        """Return how `line`, the next one, sounds."""
        head = line[:_LONGEST]
        if _BEGINS.match(head):
            self._in_traceback = True
            return Tone.ERROR
        if self._in_traceback:
            # The exception's own line is the first that is not indented.
            self._in_traceback = head[:1] in {"", " ", "\t"}
            return Tone.ERROR
        if _ERROR.match(head):
            return Tone.ERROR
        return Tone.WARNING if _WARNING.match(head) else Tone.PLAIN
