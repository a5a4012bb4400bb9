"""Follows a call through the app's queue, and tells the user about it."""

from collections.abc import Mapping, Sequence

from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.terminal import one_line, printable

_MAX_NOTES = 20
_WARNINGS = frozenset({"warning", "error"})


class QueueProgress:
    """What is known of the call's way; `standing` says it in a few words."""

    def __init__(self, endpoint: str, on_progress: ProgressCallback) -> None:
        self._endpoint = endpoint
        self._on_progress = on_progress
        self._generated = 0
        self._notes = 0
        self.standing = "it had not entered the queue"

    def take(self, message: Mapping[str, object]) -> None:
        """Take one message of the queue that is not the last; one of an unknown kind is ignored."""
        match message.get("msg"):
            case "estimation":
                rank = _count(message.get("rank"))
                if rank is not None:
                    self.standing = f"it was number {rank + 1} in the Space's queue"
                    self._tell(f"number {rank + 1} in the Space's queue")
            case "process_starts":
                self.standing = "the function was running"
                self._tell(f"{self._endpoint} runs")
            case "progress":
                self._take_progress(message.get("progress_data"))
            case "log":
                level = message.get("level")
                text = message.get("log")
                if isinstance(text, str):
                    self._note(level if isinstance(level, str) else "info", text)

    def _note(self, level: str, text: str) -> None:
        """Tell what the app says to its visitors (`gr.Info`, `gr.Warning`); an evil one says it a million times."""
        self._notes += 1
        if self._notes > _MAX_NOTES:
            self._tell(text)
            return
        more = " (it says more, which is not shown)" if self._notes == _MAX_NOTES else ""
        said = f"{one_line(f'the Space says: {text}')}{more}"
        self._on_progress(Progress(phase=Phase.CALL, message=said, warning=level in _WARNINGS, note=True))

    def generated(self, outputs: Sequence[object]) -> None:
        """Take the outputs so far of a generator; none where they are not known."""
        self._generated += 1
        self.standing = f"the function was running, and had given {self._generated} partial outputs"
        text = next((output for output in outputs if isinstance(output, str)), None)
        self._on_progress(
            Progress(
                phase=Phase.CALL,
                message=f"{self._endpoint} gave partial output {self._generated}",
                completed=self._generated,
                partial=None if text is None else printable(text),
            )
        )

    def _take_progress(self, data: object) -> None:
        unit = data[-1] if isinstance(data, list) and data else None
        if not isinstance(unit, dict):
            return
        description = unit.get("desc")
        message = description if isinstance(description, str) else f"{self._endpoint} runs"
        completed, total = _count(unit.get("index")), _count(unit.get("length"))
        fraction = unit.get("progress")
        if completed is None and isinstance(fraction, float | int) and 0 <= fraction <= 1:
            completed, total = round(fraction * 100), 100
        self._tell(message, completed, total)

    def _tell(self, message: str, completed: int | None = None, total: int | None = None) -> None:
        self._on_progress(Progress(phase=Phase.CALL, message=one_line(message), completed=completed, total=total))


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value) if 0 <= value < 2**53 else None
