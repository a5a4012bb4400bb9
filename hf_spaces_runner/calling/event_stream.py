"""Parses server-sent events piece by piece, with a limit on what it ever holds."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError

_LINE_END = re.compile(rb"\r\n|\r|\n")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerEvent:
    """One event; `data` is undecoded."""

    data: bytes
    name: str = "message"


class EventStream:
    """An incremental parser of `text/event-stream` (the grammar of WHATWG HTML, section 9.2.6).

    Args:
        max_event_bytes: the most that one event may take, its unfinished last line counted.
    """

    def __init__(self, *, max_event_bytes: int) -> None:
        self._max_event_bytes = max_event_bytes
        self._line = bytearray()
        self._data = bytearray()
        self._has_data = False
        self._name = ""
        self._after_carriage_return = False
        self._at_start = True

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """Yield each event that `chunk` completes; the rest is kept for the next call.

        Raises:
            AnswerError: an event is larger than allowed.
        """
        if not chunk:
            return
        if self._after_carriage_return and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        self._after_carriage_return = chunk.endswith(b"\r")
        first, *others = _LINE_END.split(chunk)
        self._line += first
        for piece in others:
            line = bytes(self._line)
            self._line = bytearray(piece)
            event = self._take(line)
            if event is not None:
                yield event
        self._check_size()

    def _take(self, line: bytes) -> ServerEvent | None:
        if self._at_start:
            self._at_start = False
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if not line:
            return self._finish()
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            if self._has_data:
                self._data += b"\n"
            self._data += value
            self._has_data = True
            self._check_size()
        elif field == b"event":
            self._name = value[:100].decode(errors="replace")
        return None

    def _finish(self) -> ServerEvent | None:
        event = ServerEvent(data=bytes(self._data), name=self._name or "message") if self._has_data else None
        self._data = bytearray()
        self._has_data = False
        self._name = ""
        return event

    def _check_size(self) -> None:
        if len(self._line) + len(self._data) > self._max_event_bytes:
            raise AnswerError(f"the Space sent an event larger than {format_size(self._max_event_bytes)}")
