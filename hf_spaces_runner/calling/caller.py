"""What the runner needs of something that can call a running Space."""

from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress

_MIB = 1024**2
_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerLimits:
    """How much a Space may answer before the answer is refused; sizes in bytes.

    `max_json_bytes` and `max_json_weight` (see `is_too_heavy`) hold for each JSON body and each event of a stream,
    `max_schema_weight` for what an app says of itself. They keep the runner below 300 MB whatever it is sent: a
    character takes up to four bytes, text is copied on its way, and two schemas are kept at once.
    """

    max_file_bytes: int = 2 * _GIB
    max_total_bytes: int = 4 * _GIB
    max_files: int = 1000
    max_outputs: int = 10_000
    max_json_bytes: int = 12 * _MIB
    max_json_depth: int = 100
    max_json_weight: int = 1_200_000
    max_schema_weight: int = 400_000
    max_stream_bytes: int = 4 * _GIB
    max_stream_events: int = 1_000_000


class Session(Protocol):
    """A conversation with one running Space: what it keeps of a caller, it keeps from call to call.

    A context manager. Not for several threads at once.
    """

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What can be called."""
        ...

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the Space answers to `call`, its files fetched into `scratch`.

        Raises:
            NoEndpointError: no endpoint, or several, can take the call.
            InvalidInputError: what is given does not fit the endpoint.
            SpaceFailedError: the Space's own code failed.
            CallTimeoutError: the deadline passed.
            CallError: the connection failed, or the Space refused.
            AnswerError: there was an answer, and it cannot be used.
        """
        ...

    def start_over(self) -> None:
        """Be another visitor from now on: what the Space keeps of a caller, it keeps of somebody else."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None: ...


class Caller(Protocol):
    """Opens conversations with Spaces that are ready, in one of the ways that Spaces speak."""

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> Session:
        """Return a conversation with the Space at `base_url`.

        Args:
            base_url: where it listens: `http://127.0.0.1:32768`.
            deadline: when it must have said what can be called.
            description: what it said of itself when it became ready, if it did: it need not be asked again.
            login: for a Space with a login of its own.

        Raises:
            NoEndpointError: it has nothing to call.
            CallError: the connection failed, or the Space refused.
            AnswerError: what it says of itself makes no sense.
        """
        ...
