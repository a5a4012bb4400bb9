"""Holds a conversation with one Space: image, container, session, and everything removed again on the way out."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hf_spaces_runner.calling.caller import Session
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.api import CALLABLE, Api, ApiKind
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import word_for
from hf_spaces_runner.errors import NoEndpointError
from hf_spaces_runner.explained_call import explained
from hf_spaces_runner.logs import facts
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.ready_space import (
    Measured,
    ReadySpace,
    Services,
    find_ready,
    launch_spec,
    ready_space,
)

_log = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class Conversation:
    """A Space that listens; calls go to it one after the other, and what it keeps of a visitor it keeps."""

    candidate: Candidate
    image: Image
    ready: ReadySpace
    session: Session
    scratch: Path
    measured: Measured
    on_progress: ProgressCallback
    _calls: int = field(default=0, init=False)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What can be called."""
        return self.session.endpoints

    def call(self, call: Call) -> Answer:
        """Return what the Space answers to `call`.

        Raises:
            CallError, AnswerError: see `Session.call`; with what shows the cause.
            LaunchError: it was ended for the memory or the disk that it took.
        """
        self._calls += 1
        folder = self.scratch / f"{self._calls}"
        folder.mkdir()
        with self.measured.phase(Phase.CALL), explained(self.ready):
            deadline = self.candidate.deadline(self.candidate.timeout_s, time.monotonic)
            started = time.monotonic()
            answer = self.session.call(call, folder, deadline, self.on_progress)
            took = facts({"prompt": call.prompt, "answer": answer.outputs}, call_s=time.monotonic() - started)
            _log.info("%s answered %s", self.candidate.space.id, answer.endpoint, extra=took)
            self.on_progress(Progress(phase=Phase.CALL, message="answered", done=True))
        return answer


@contextmanager
def conversing(
    services: Services,
    candidate: Candidate,
    image: Image,
    run_id: str,
    measured: Measured,
    on_progress: ProgressCallback,
) -> Iterator[Conversation]:
    """Yield a conversation with the Space of `candidate`, which is started from `image` unless it is up.

    Raises:
        RunnerError: it could not be started, never answered, or has nothing to call.
    """
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_directory(services.scratch, run_id))
        ready = find_ready(services, candidate, image, on_progress)
        if ready is None:
            spec = launch_spec(services, candidate, image, lifetime_s=None if candidate.keep else candidate.lifetime_s)
            ready = stack.enter_context(
                ready_space(services, candidate, image, spec, measured, on_progress, meanwhile=lambda: _load(services))
            )
        session = stack.enter_context(open_session(services, candidate, ready, measured, on_progress))
        yield Conversation(
            candidate=candidate,
            image=image,
            ready=ready,
            session=session,
            scratch=scratch,
            measured=measured,
            on_progress=on_progress,
        )


def open_session(
    services: Services, candidate: Candidate, ready: ReadySpace, measured: Measured, on_progress: ProgressCallback
) -> Session:
    """Return a line to the Space of `candidate`, which is ready.

    Raises:
        NoEndpointError: it has nothing to call.
        CallError, AnswerError: see `Caller.open`; with what shows the cause.
    """
    space, spoken = candidate.space, ready.spoken
    if spoken.kind not in CALLABLE:
        raise _nothing_to_call(space, spoken.kind)
    with measured.phase(Phase.CALL), explained(ready):
        on_progress(Progress(phase=Phase.CALL, message=f"calling {space.id}"))
        deadline = candidate.deadline(candidate.timeout_s, time.monotonic)
        caller = services.connect_caller(spoken.kind, space.api)
        return caller.open(ready.url, deadline, description=spoken.description, login=candidate.login)


def check_can_be_called(space: Space) -> None:
    """Do nothing if nothing says that `space` is a page for people.

    Raises:
        NoEndpointError: its SDK or its entry does: nothing need be built or started to see that.
    """
    if space.sdk is Sdk.STREAMLIT or space.api.kind is ApiKind.STREAMLIT:
        raise _nothing_to_call(space, ApiKind.STREAMLIT)
    if space.sdk is Sdk.STATIC or space.api.kind is ApiKind.PAGE:
        raise _nothing_to_call(space, ApiKind.PAGE)


def _nothing_to_call(space: Space, kind: ApiKind) -> NoEndpointError:
    what = "a Streamlit app" if kind is ApiKind.STREAMLIT else "a web page"
    also = ""
    if space.sdk is Sdk.DOCKER and space.api == Api():
        also = "; if it takes plain HTTP, say how in an entry with api: (hfsr registry add)"
    return NoEndpointError(
        f"{space.id} is {what}, and has no API that could be called",
        verdict="no_api",
        hint=f"hfsr up {word_for(space)} --open shows it in a browser{also}",
    )


def _load(services: Services) -> None:
    """Load what the call will need, while the Space begins."""
    import hf_spaces_runner.results.process  # noqa: F401, PLC0415

    services.load_callers()
