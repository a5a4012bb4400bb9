"""What the user gets: outputs, files, and the attempts that led there."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.errors import Evidence


class Status(StrEnum):
    """How an attempt or a run ended."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class CandidateKind(StrEnum):
    """What can answer a request."""

    SPACE = "space"
    LOCAL_MODEL = "local_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """How long each phase of an attempt took, in seconds."""

    pull_s: float = 0.0
    wait_s: float = 0.0
    start_s: float = 0.0
    ready_s: float = 0.0
    call_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One candidate tried."""

    kind: CandidateKind
    name: str
    status: Status
    error: str | None = None
    verdict: str | None = None
    hint: str | None = None
    evidence: Evidence | None = None
    timings: Timings = field(default_factory=Timings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output, safe to print: `value` for text, JSON and tables, `path` for what was written to a file."""

    label: str
    kind: OutputKind
    value: object = None
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that was written for the user; `size_bytes` is its length."""

    path: Path
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run that brought an answer. `text` is the first output that reads as text, or None.

    `container` and `url` are set where the container was kept.
    """

    run_id: str
    status: Status
    space: str
    tier: str
    text: str | None
    outputs: tuple[Output, ...]
    files: tuple[OutputFile, ...]
    attempts: tuple[Attempt, ...]
    image_digest: str | None
    total_s: float
    container: str | None = None
    url: str | None = None
