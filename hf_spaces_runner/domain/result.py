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
    REMOTE_SPACE = "remote_space"
    INFERENCE_PROVIDER = "inference_provider"


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
    """One candidate tried. `peak_memory_bytes` is what its container took at most; None where nobody saw it.

    `cached`: it answered the same call before, and that answer was given again.
    """

    kind: CandidateKind
    name: str
    status: Status
    error: str | None = None
    verdict: str | None = None
    hint: str | None = None
    evidence: Evidence | None = None
    timings: Timings = field(default_factory=Timings)
    peak_memory_bytes: int | None = None
    cached: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How much a Space believes in a label; most count from 0 to 1, but some do not."""

    label: str
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """One output, safe to print: `value` for text, JSON and tables, `path` for what was written to a file.

    `scores` is what `value` says if that is labels with scores, the highest first.
    """

    label: str
    kind: OutputKind
    value: object = None
    path: Path | None = None
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """One file that was written for the user; `size_bytes` is its length.

    `width` and `height` are those of an image in pixels, as it is shown; `duration_s` and `sample_rate_hz` are those of
    a sound. All are what the file says of itself, and None where it says nothing that can be believed.
    """

    path: Path
    media_type: str
    size_bytes: int
    width: int | None = None
    height: int | None = None
    duration_s: float | None = None
    sample_rate_hz: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """One run that brought an answer. `text` is the first output that reads as text, or None.

    `container` and `url` are set where the container was kept. `cached_at` is when the answer was kept that is given
    again here, in Unix seconds; None for one that was made for this run.
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
    cached_at: float | None = None
    container: str | None = None
    url: str | None = None
