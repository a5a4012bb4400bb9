"""What the runner needs of something that can call a running Space."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
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


class Caller(Protocol):
    """Sends a call to a Space that is ready and brings its answer into the scratch directory."""

    def call(
        self,
        base_url: str,
        call: Call,
        scratch: Path,
        deadline: Deadline,
        on_progress: ProgressCallback = ignore_progress,
        *,
        config: bytes = b"",
    ) -> Answer:
        """Return what the Space at `base_url` answers to `call`, its files fetched into `scratch`.

        `config` is what it said of itself when it became ready, if it did: it need not be asked again.

        Raises:
            CallError: the call brought no result; its subclasses say why.
            AnswerError: there was an answer, and it cannot be used.
        """
        ...
