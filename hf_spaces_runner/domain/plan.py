"""What will be tried, in order: decided before anything happens, so that it can be shown instead."""

from dataclasses import dataclass

from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Clock, Deadline
from hf_spaces_runner.domain.image import ImageSource
from hf_spaces_runner.domain.launch import LaunchProfile, LaunchSpec, Network
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.space import Space

_MARGIN_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """What a Space that is up must be like to answer a request. `network` None means any.

    One that was started in another `profile` answers as well, only more slowly or not as the app would like it: of
    several that do, one of that profile is taken.
    """

    user: str
    memory_bytes: int
    network: Network | None
    privacy: bool
    profile: LaunchProfile = LaunchProfile.HUB


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that may answer, with everything that is needed to ask it. Times in seconds.

    `default_command` starts the Space where its image has no command of its own to do so. `sharing` says which Space
    that is up already would do; None where none would. `keep`: the container stays when the run is over. `login` is for
    a Space with a login of its own. `ends_at` is when all of it must be over, on the monotonic clock; None where only
    each phase has its limit.
    """

    kind: CandidateKind
    space: Space
    image: ImageSource
    pull: PullPolicy
    launch_spec: LaunchSpec
    default_command: tuple[str, ...] | None
    call: Call
    startup_timeout_s: float
    slot_timeout_s: float
    timeout_s: float
    sharing: Sharing | None = None
    keep: bool = False
    login: Login | None = None
    ends_at: float | None = None

    def deadline(self, limit_s: float, clock: Clock) -> Deadline:
        """Return the deadline of a phase that begins now and may take `limit_s` seconds, but not beyond the end."""
        phase = Deadline.after(limit_s, clock)
        if self.ends_at is None or phase.at <= self.ends_at:
            return phase
        return Deadline(at=self.ends_at, limit_s=max(0.0, self.ends_at - clock()), clock=clock)

    @property
    def lifetime_s(self) -> float:
        """After how long a container of this candidate is nobody's any more. It may have to start twice."""
        return self.slot_timeout_s + 2 * self.startup_timeout_s + self.timeout_s + _MARGIN_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The candidates of one run, best first. `tier` is where the first of them runs."""

    run_id: str
    tier: str
    candidates: tuple[Candidate, ...]
