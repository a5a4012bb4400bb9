"""How the tiers stand: who could answer now, and who not, and why."""

from dataclasses import dataclass

from hf_spaces_runner.domain.cloud import CloudMember
from hf_spaces_runner.domain.model import FoundServer, OwnModelState
from hf_spaces_runner.domain.running_space import RunningSpace


@dataclass(frozen=True, slots=True, kw_only=True)
class TierStatus:
    """The members of all tiers. `engine_problem` says why no Space can run; None where one can.

    `running` are the containers of ours. `memory_bytes` is what the caps of all running Spaces may add up to, None
    where no engine says it. `resting` says until when a Space rests that failed too often, by its id. `spaces` is how
    many are known. `own` is the model in this process. `cloud` are those that the user set up beyond this machine.
    """

    servers: tuple[FoundServer, ...]
    own: OwnModelState
    engine_problem: str | None
    running: tuple[RunningSpace, ...]
    max_running: int
    memory_bytes: int | None
    resting: dict[str, str]
    spaces: int
    cloud: tuple[CloudMember, ...] = ()

    @property
    def slots_taken(self) -> int:
        """How many Spaces run."""
        return sum(space.container.running for space in self.running)

    @property
    def memory_taken_bytes(self) -> int:
        """What the caps of those that run add up to."""
        return sum(space.container.labels.memory_bytes for space in self.running if space.container.running)
