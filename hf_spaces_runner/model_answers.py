"""Finds the local models that may answer in place of a Space, and has one answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from hf_spaces_runner.attempt import Answered
from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.model import FoundServer
from hf_spaces_runner.domain.progress import Phase, ProgressCallback
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.chain import kinds_of, task_for_model
from hf_spaces_runner.planning.choose_model import choose_model
from hf_spaces_runner.ready_space import Measured

NAME = "local models"


class ModelAnswers:
    """The local models, for one set of settings.

    Args:
        name: the model that the user prefers; None for the first that fits.
        timeout_s: how long an answer may take where the request does not say.
        find_servers: asks the addresses of the settings what listens there.
        connect_caller: returns what calls a model of a server, by its name.
        scratch: makes a folder for a run, gone after the block.
    """

    def __init__(
        self,
        *,
        name: str | None,
        timeout_s: float,
        find_servers: Callable[[], tuple[FoundServer, ...]],
        connect_caller: Callable[[str], Caller],
        scratch: Callable[[str], AbstractContextManager[Path]],
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._find_servers = find_servers
        self._connect_caller = connect_caller
        self._scratch = scratch

    def servers(self) -> tuple[FoundServer, ...]:
        """Return what listens at the addresses of the settings."""
        return self._find_servers()

    def hops(self, request: Request, selected: Space | None) -> Iterator[Hop]:
        """Yield the hop to the model that may answer `request`, or to none, with the reason."""
        why_not = None if selected is None else _not_for_words(selected)
        if why_not is not None:
            yield _none(why_not)
            return
        servers = self._find_servers()
        models = [model for server in servers for model in server.models]
        if not models:
            asked = ", ".join(server.address.removeprefix("http://") for server in servers)
            yield _none(f"no model server answers at {asked}" if asked else "the setting model_servers names none")
            return
        kinds = kinds_of(request)
        chosen = choose_model(models, name=self._name, file_kinds=kinds, has_prompt=bool(request.prompt))
        if chosen.model is None:
            yield _none(chosen.reason)
            return
        yield Hop(
            kind=CandidateKind.LOCAL_MODEL, name=chosen.model.name, tier=Tier.FAST, model=chosen.model, space=selected
        )

    def ask(
        self,
        hop: Hop,
        request: Request,
        run_id: str,
        measured: Measured,
        limit_s: float | None,
        on_progress: ProgressCallback,
    ) -> Answered:
        """Return what the model of `hop` answers to `request`.

        Raises:
            CallError, AnswerError: see `Session.call`.
        """
        from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - few get here

        model = hop.model
        assert model is not None  # noqa: S101 - the hop is to a model
        wanted = request.limits.timeout_s or self._timeout_s
        deadline = Deadline.after(wanted if limit_s is None else min(wanted, limit_s), time.monotonic)
        with self._scratch(run_id) as scratch, measured.phase(Phase.CALL):
            caller = self._connect_caller(model.name)
            with caller.open(model.base_url or "", deadline) as session:
                answer = session.call(_call(request, hop.space), scratch, deadline, on_progress)
            processed = process_result(
                answer,
                category="text_processing",
                output_type="text",
                output_directory=request.output_directory or Path(f"hfsr-{run_id}"),
            )
        return Answered(processed=processed)


def _call(request: Request, selected: Space | None) -> Call:
    files = tuple(given for given in request.inputs if given.path is not None)
    task = None if selected is None else task_for_model(selected)
    system = () if task is None else (InputValue(name="system", value=task),)
    return Call(prompt=request.prompt, inputs=(*files, *system), explain=request.explain)


def _not_for_words(selected: Space) -> str | None:
    kinds = frozenset(selected.output_type.lower().replace("-", "_").split("_"))
    media = sorted(kinds & {"image", "audio", "video"})
    return f"language models give no {' or '.join(media)}" if media else None


def _none(why: str) -> Hop:
    return Hop(kind=CandidateKind.LOCAL_MODEL, name=NAME, tier=Tier.FAST, skipped=why)
