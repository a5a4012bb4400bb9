"""What is needed of a connection to a model server; the wiring passes in the one that Spaces are called over."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.domain.deadline import Deadline

_MIB = 1024**2

PROBE_LIMITS = AnswerLimits(
    max_json_bytes=2 * _MIB, max_json_weight=200_000, max_stream_bytes=2 * _MIB, max_stream_events=1
)
"""How much a server may say of its models: hundreds of them take less."""


class Said(Protocol):
    """An answer, read to its end."""

    @property
    def status(self) -> int:
        """The HTTP status."""
        ...

    @property
    def ok(self) -> bool:
        """Whether the status is one of success."""
        ...

    def json(self) -> object:
        """Return the decoded body. Raises AnswerError where it is not JSON, or too much."""
        ...


class Line(Protocol):
    """A connection to one server, whose requests end with a deadline; they raise CallError and AnswerError."""

    def get(self, path: str) -> Said:
        """Return the answer to `GET path`."""
        ...

    def post_json(self, path: str, value: object) -> Said:
        """Return the answer to `POST path` with `value` as JSON."""
        ...


Connect = Callable[[str, Deadline], AbstractContextManager[Line]]
"""Opens a connection to an address, up to a deadline: without proxies, redirects, and credentials."""
