"""A Space that runs on an engine, as people are told of it."""

from dataclasses import dataclass

from hf_spaces_runner.domain.container import ListedContainer, MemoryUse


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningSpace:
    """One container of ours and what it takes. `memory` is None where it does not run."""

    container: ListedContainer
    memory: MemoryUse | None = None

    @property
    def url(self) -> str | None:
        """Where it answers; None where it does not run."""
        listed = self.container
        return f"http://127.0.0.1:{listed.port}" if listed.running and listed.port else None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpSpace:
    """A Space that stays up. `was_up` says that it did so before it was asked for; times in Unix seconds."""

    space: str
    url: str
    port: int
    container: str
    was_up: bool
    stops_at: float | None
    idle_stop_s: float | None
