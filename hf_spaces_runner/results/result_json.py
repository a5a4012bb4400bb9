"""Says a result as the JSON object that design and README promise; names in it change only with a CHANGELOG line."""

import dataclasses
from pathlib import Path

from hf_spaces_runner.domain.result import Attempt, Output, OutputFile, RunResult
from hf_spaces_runner.errors import Evidence


def result_as_json(result: RunResult) -> dict[str, object]:
    """Return the public JSON form of `result`; paths are as `result` has them."""
    return {
        "run_id": result.run_id,
        "status": result.status,
        "space": result.space,
        "tier": result.tier,
        "text": result.text,
        "outputs": [output_as_json(item) for item in result.outputs],
        "files": [file_as_json(item) for item in result.files],
        "attempts": [attempt_as_json(attempt) for attempt in result.attempts],
        "image_digest": result.image_digest,
        "cached": result.cached_at is not None,
        "total_s": round(result.total_s, 3),
        "container": result.container,
        "url": result.url,
    }


def attempt_as_json(attempt: Attempt) -> dict[str, object]:
    """Return the public JSON form of one attempt; times in seconds, to the millisecond."""
    timings = {name: round(seconds, 3) for name, seconds in dataclasses.asdict(attempt.timings).items()}
    return {**dataclasses.asdict(attempt), "evidence": evidence_as_json(attempt.evidence), "timings": timings}


def evidence_as_json(evidence: Evidence | None) -> dict[str, object] | None:
    """Return the public JSON form of what shows a failure's cause."""
    if evidence is None:
        return None
    return {
        "log": evidence.log.splitlines(),
        "exit_code": evidence.exit_code,
        "oom_killed": evidence.oom_killed,
        "peak_memory_bytes": evidence.peak_memory_bytes,
    }


def output_as_json(item: Output) -> dict[str, object]:
    """Return the public JSON form of one output; `scores` is there where it has some."""
    shown: dict[str, object] = {"label": item.label, "kind": item.kind, "value": item.value, "path": _path(item.path)}
    if item.scores:
        shown["scores"] = [{"label": one.label, "score": one.score} for one in item.scores]
    return shown


def file_as_json(item: OutputFile) -> dict[str, object]:
    """Return the public JSON form of one file; what was measured is there where it is known."""
    measured = {
        "width": item.width,
        "height": item.height,
        "duration_s": item.duration_s,
        "sample_rate_hz": item.sample_rate_hz,
    }
    known = {name: value for name, value in measured.items() if value is not None}
    return {"path": _path(item.path), "media_type": item.media_type, "bytes": item.size_bytes, **known}


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)
