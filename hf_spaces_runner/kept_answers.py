"""Looks for an answer that was kept for just this call, and keeps a new one where the next call would get the same."""

import time
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.calling.choose_endpoint import choose_endpoint
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.conversation import Conversation
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.sampling import SetParameter, why_changing, why_sampling
from hf_spaces_runner.result_cache.call_key import call_key
from hf_spaces_runner.result_cache.store import CachedAnswer, ResultCache


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswers:
    """The answers that are kept, as one run may use them.

    `finds`: one that was kept will do. `keeps`: a new one is kept. `sampled`: also of endpoints that would answer
    something else the next time, since the user asked for it.
    """

    cache: ResultCache
    finds: bool = True
    keeps: bool = True
    sampled: bool = False

    def find(
        self, candidate: Candidate, image: Image, scratch: Path, on_progress: ProgressCallback
    ) -> CachedAnswer | None:
        """Return the answer that `candidate` gave from `image` to the same call, its files copied into `scratch`."""
        if not self.finds or why_changing(candidate.call) is not None:
            return None
        key = call_key(candidate, image)
        found = None if key is None else self.cache.find(key, scratch, sampled=self.sampled)
        if found is not None:
            age = format_duration(max(1, round(time.time() - found.kept_at)))
            said = f"{candidate.space.id} answered the same call {age} ago; --no-cache asks it again"
            on_progress(Progress(phase=Phase.CALL, message=said, note=True))
        return found

    def key_of(self, candidate: Candidate, image: Image) -> str | None:
        """Return the key under which the answer would be kept; None where it will not be. Ask before the call."""
        if not self.keeps or why_changing(candidate.call) is not None:
            return None
        return call_key(candidate, image)

    def keep(self, key: str, conversation: Conversation, answer: Answer, on_progress: ProgressCallback) -> None:
        """Keep `answer` under `key`, which was made before the call; with its files where they still are.

        Not where the container is somebody else's, whose variables nobody here knows, nor where the endpoint samples.
        """
        candidate = conversation.candidate
        if conversation.ready.watch is None or call_key(candidate, conversation.image) != key:
            return
        why = _why_sampling(conversation, answer)
        if why is not None and candidate.call.explain:
            said = "kept, since that was asked for" if self.sampled else "not kept"
            on_progress(Progress(phase=Phase.CALL, message=f"the answer is {said}: {why}", note=True))
        if why is None or self.sampled:
            self.cache.keep(key, answer, sampling=why is not None)


def _why_sampling(conversation: Conversation, answer: Answer) -> str | None:
    space = conversation.candidate.space
    hub = None if space.found is None else space.found.hub
    try:
        endpoint, values = choose_endpoint(conversation.endpoints, conversation.candidate.call)
    except RunnerError:  # it was called all the same, some other way: nothing is known of it
        return "nobody can say how it was called"
    return why_sampling(
        [
            SetParameter(name=parameter.name, value=value, label=parameter.label)
            for parameter, value in zip(endpoint.parameters, values, strict=True)
        ],
        endpoint=endpoint.name,
        components=_components(endpoint, answer),
        tasks=() if hub is None else hub.tasks,
        category=f"{space.category} {'' if hub is None else hub.ai_category or ''}",
    )


def _components(endpoint: Endpoint, answer: Answer) -> list[str]:
    return [
        *(parameter.component for parameter in endpoint.parameters),
        *(returned.component for returned in endpoint.returns),
        *(output.component for output in answer.outputs),
    ]
