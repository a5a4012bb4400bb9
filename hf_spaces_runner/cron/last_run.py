"""Remembers how the clean-up that cron fired last went."""

import dataclasses
import json
import os
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.state_folder import make_state_folder


class RunStatus(StrEnum):
    """How it stands: `STARTED` is one that goes on, or that was killed."""

    STARTED = "started"
    OK = "ok"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRun:
    """One clean-up: times in ISO 8601 with their offset, `freed_bytes` as far as sizes are known."""

    status: RunStatus
    started_at: str
    ended_at: str | None = None
    removed: int = 0
    freed_bytes: int = 0
    error: str | None = None
    hint: str | None = None
    exit_code: int | None = None

    @classmethod
    def read(cls, file: Path) -> Self | None:
        """Return what `keep` wrote to `file`; None where nothing, or something else, is there."""
        with suppress(OSError, ValueError, TypeError, KeyError):
            content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            return cls(**{**content, "status": RunStatus(content["status"])})
        return None

    def keep(self, file: Path) -> None:
        """Write it to `file`, or do nothing where that cannot be: the clean-up is worth more than this note."""
        half = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError, RunnerError):
            make_state_folder(file.parent)
            half.write_text(json.dumps(dataclasses.asdict(self)), encoding="utf-8")
            half.replace(file)
