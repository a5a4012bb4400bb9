"""Tries one candidate: one call to its Space, or what it answered to the same call before, and its result kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.conversation import Conversation, conversing
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.kept_answers import KeptAnswers
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.ready_space import Measured, Services, acquire_image

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a candidate brought. `container` and `url` lead to it; they hold for as long as it is up.

    A model has neither these nor an image. `cached_at` is when the answer was kept, in Unix seconds; None where it was
    made for this run.
    """

    processed: "ProcessedAnswer"
    image: Image | None = None
    container: str | None = None
    url: str | None = None
    cached_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempting:
    """What trying a candidate of one run needs; the answer's files go into `output_directory`.

    Its tables go there as well; without one, files go into a folder named after the run. `kept` is None where answers
    are neither looked for nor kept.
    """

    services: Services
    run_id: str
    output_directory: Path | None
    measured: Measured
    on_progress: ProgressCallback
    kept: KeptAnswers | None = None

    def ask(self, candidate: Candidate) -> Answered:
        """Return what `candidate` answers.

        Raises:
            RunnerError: one of its subclasses, with what shows the cause where there was a container.
        """
        image = acquire_image(self.services, candidate, self.measured, self.on_progress)
        return self._cached(candidate, image) or self._called(candidate, image)

    def _cached(self, candidate: Candidate, image: Image) -> Answered | None:
        if self.kept is None:
            return None
        with scratch_directory(self.services.scratch, self.run_id) as scratch:
            found = self.kept.find(candidate, image, scratch, self.on_progress)
            if found is None:
                return None
            return Answered(
                processed=processed(candidate, found.answer, self.output_directory, self.run_id),
                image=image,
                cached_at=found.kept_at,
            )

    def _called(self, candidate: Candidate, image: Image) -> Answered:
        key = None if self.kept is None else self.kept.key_of(candidate, image)
        with conversing(self.services, candidate, image, self.run_id, self.measured, self.on_progress) as conversation:
            answer = conversation.call(candidate.call)
            if self.kept is not None and key is not None:
                self.kept.keep(key, conversation, answer, self.on_progress)
            result = processed(candidate, answer, self.output_directory, self.run_id)
        # Only now: a container that stays up has got another name.
        ready = conversation.ready
        return Answered(processed=result, image=image, container=ready.container.name, url=ready.url)


def ask(conversation: Conversation, call: Call, output_directory: Path | None, run_id: str) -> "ProcessedAnswer":
    """Return what the Space answers to `call`. Raises as `Attempting.ask` does."""
    return processed(conversation.candidate, conversation.call(call), output_directory, run_id)


def processed(candidate: Candidate, answer: Answer, output_directory: Path | None, run_id: str) -> "ProcessedAnswer":
    """Return what the user gets of `answer`. Raises as `process_result` does."""
    from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - see Services.load_callers

    space = candidate.space
    return process_result(
        answer,
        category=space.category,
        output_type=space.output_type,
        output_directory=output_directory or Path(f"hfsr-{space.id}-{run_id}"),
        tables_as_files=output_directory is not None,
    )
