"""Those who can answer a batch: a Space in containers, or a model; what tells their calls apart, and their workers."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol

from hf_spaces_runner.answering import Answering, wants_hub
from hf_spaces_runner.batch.item_call import Desk, call_of
from hf_spaces_runner.batch.item_rescue import Rescue
from hf_spaces_runner.batch.model_worker import ModelWorker
from hf_spaces_runner.batch.space_worker import OnTraces, SpaceWorker
from hf_spaces_runner.batch.worker import Worker
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.launch import LaunchProfile
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.result import Attempt, CandidateKind
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.launch_profile import default_concurrency
from hf_spaces_runner.planning.plan import within
from hf_spaces_runner.ready_space import Measured, acquire_image
from hf_spaces_runner.result_cache.call_key import content_key
from hf_spaces_runner.runner import Begun


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """What members of a batch have in common.

    `concurrency` is how many calls a container takes at a time; None for as many as its endpoints take by default.
    `deadline` is when the batch ends, and so no start takes longer.
    `on_peak` is told how many bytes of memory a container took at most. `rescue` asks others about items that fail by
    themselves; None where nobody wants that. `on_attempt` is told who was started for the batch, and who could not be.
    """

    answering: Answering
    begun: Begun
    desk: Desk
    concurrency: int | None
    deadline: Deadline | None
    on_progress: ProgressCallback
    on_peak: Callable[[int | None], None]
    on_traces: OnTraces | None = None
    rescue: Rescue | None = None
    on_attempt: Callable[[Attempt], None] = lambda _: None


class Member(Protocol):
    """One who can answer."""

    @property
    def hop(self) -> Hop:
        """What leads to it."""
        ...

    def key_of(self, item: Item) -> str | None:
        """Return what tells the call about `item` from all others; None where a file of it cannot be read."""
        ...

    def worker(self, number: int) -> Worker:
        """Return its `number`th worker, which is not started."""
        ...

    def try_again(self, error: RunnerError) -> bool:
        """Return whether another start may do better after `error`; the next worker is another one then."""
        ...


@dataclass(slots=True)
class SpaceMember:
    """The Space of `hop`, started so that it takes direct calls unless it turns out to want the Hub around it.

    `as_on_hub` is what its keys are made of, so that it does not matter in which profile it answers.
    """

    hop: Hop
    place: Workplace
    as_on_hub: Candidate
    image: Image
    profile: LaunchProfile = field(default=LaunchProfile.DIRECT, init=False)

    @classmethod
    def of(cls, hop: Hop, place: Workplace) -> "SpaceMember":
        """Return the member, with its image acquired.

        Raises:
            RunnerError: the request does not fit the Space, or its image cannot be had.
        """
        begun = place.begun
        candidate = place.answering.candidate(hop, begun.request, begun.identity, LaunchProfile.HUB)
        image = acquire_image(place.answering.services(), candidate, Measured(), place.on_progress)
        return cls(hop, place, candidate, image)

    def key_of(self, item: Item) -> str | None:
        """Return the key of `item`. See `Member.key_of`."""
        return content_key(replace(self.as_on_hub, call=call_of(self.hop, self.as_on_hub, item)), self.image)

    def worker(self, number: int) -> Worker:
        """Return a container. See `Member.worker`."""
        place, candidate = self.place, self._candidate()
        limit = default_concurrency(candidate.launch_spec.environment)
        return SpaceWorker(
            place.answering.services(),
            self.hop,
            candidate,
            self.image,
            number,
            concurrency=place.concurrency or limit or 1,
            desk=place.desk,
            on_progress=place.on_progress if number == 1 else _tell_nobody,
            on_peak=place.on_peak,
            on_traces=place.on_traces,
            rescue=place.rescue,
            on_wrong_profile=self._as_on_hub,
            explain=self._explain(candidate) if number == 1 and place.begun.request.explain else None,
        )

    def _explain(self, candidate: Candidate) -> ProgressCallback:
        """Say how the Space is started, and return what is told how it is asked."""
        tell = self.place.on_progress
        is_direct = candidate.launch_spec.profile is LaunchProfile.DIRECT
        how = "so that its functions are called directly, without its queue" if is_direct else "as on the Hub"
        tell(Progress(phase=Phase.START, message=f"{self.hop.name} is started {how}", note=True))
        return lambda progress: tell(progress) if progress.note else None

    def try_again(self, error: RunnerError) -> bool:
        """Return whether it may do better as on the Hub. In privacy nobody has seen why it failed."""
        if self.profile is LaunchProfile.HUB:
            return False
        if not (wants_hub(self._candidate(), error) or self.place.begun.request.privacy):
            return False
        self._as_on_hub()
        return True

    def _as_on_hub(self) -> None:
        """Start all further containers as on the Hub."""
        if self.profile is LaunchProfile.HUB:
            return
        self.profile = LaunchProfile.HUB
        said = f"{self.hop.name} may want the Hub around it: starting again"
        self.place.on_progress(Progress(phase=Phase.START, message=said, warning=True))

    def _candidate(self) -> Candidate:
        place, deadline = self.place, self.place.deadline
        candidate = (
            self.as_on_hub
            if self.profile is LaunchProfile.HUB
            else place.answering.candidate(self.hop, place.begun.request, place.begun.identity, self.profile)
        )
        return within(candidate, None if deadline is None else deadline.remaining_s)


@dataclass(frozen=True, slots=True)
class ModelMember:
    """The model of `hop`, of a server, in this process, or of the cloud."""

    hop: Hop
    place: Workplace

    def key_of(self, item: Item) -> str | None:
        """Return the key of `item`. See `Member.key_of`."""
        return model_key(self.hop, item)

    def worker(self, number: int) -> Worker:
        """Return a line to it. See `Member.worker`."""
        del number
        place, begun = self.place, self.place.begun
        return ModelWorker(
            self.hop,
            begun.request,
            lambda request, measured: place.answering.ask(self.hop, request, begun.identity, measured, None),
            concurrency=place.concurrency or 1,
            desk=place.desk,
        )

    def try_again(self, error: RunnerError) -> bool:
        """Return False: it is not started."""
        del error
        return False


def model_key(hop: Hop, item: Item) -> str | None:
    """Return what tells the question about `item` to the model of `hop` from all others; None as in `Member.key_of`."""
    inputs: list[object] = []
    for given in item.inputs:
        try:
            content = None if given.path is None else sha256(given.path.read_bytes()).hexdigest()
        except OSError:
            return None
        inputs.append([given.name, given.value, content])
    asked = [hop.kind, hop.name, item.prompt, inputs]
    return sha256(json.dumps(asked, default=repr).encode()).hexdigest()


def member_of(hop: Hop, place: Workplace) -> Member:
    """Return who `hop` leads to. Raises as `SpaceMember.of` does."""
    return SpaceMember.of(hop, place) if hop.kind is CandidateKind.SPACE else ModelMember(hop, place)


def _tell_nobody(_: Progress) -> None:
    """Say nothing: a batch has its own display of further containers."""
