"""Tries one candidate: one call to its Space, and its result kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.conversation import Conversation, conversing
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.ready_space import Measured, Services

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What a candidate brought. `container` and `url` lead to it; they hold for as long as it is up.

    A model has neither these nor an image.
    """

    processed: "ProcessedAnswer"
    image: Image | None = None
    container: str | None = None
    url: str | None = None


def try_candidate(
    services: Services,
    candidate: Candidate,
    run_id: str,
    output_directory: Path | None,
    measured: Measured,
    on_progress: ProgressCallback,
) -> Answered:
    """Return what `candidate` answers.

    Raises:
        RunnerError: one of its subclasses, with what shows the cause where there was a container.
    """
    with conversing(services, candidate, run_id, measured, on_progress) as conversation:
        processed = ask(conversation, candidate.call, output_directory, run_id)
    # Only now: a container that stays up has got another name.
    ready = conversation.ready
    return Answered(processed=processed, image=conversation.image, container=ready.container.name, url=ready.url)


def ask(conversation: Conversation, call: Call, output_directory: Path | None, run_id: str) -> "ProcessedAnswer":
    """Return what the Space answers to `call`. Raises as `try_candidate` does.

    Its files go into `output_directory`, and its tables as well; without one, into a folder named after the run.
    """
    from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - see Services.load_callers

    space = conversation.candidate.space
    return process_result(
        conversation.call(call),
        category=space.category,
        output_type=space.output_type,
        output_directory=output_directory or Path(f"hfsr-{space.id}-{run_id}"),
        tables_as_files=output_directory is not None,
    )
