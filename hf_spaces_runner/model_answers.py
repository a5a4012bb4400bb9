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
from hf_spaces_runner.domain.model import FoundServer, Model, ModelPlace
from hf_spaces_runner.domain.progress import Phase, ProgressCallback
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.own_model import OwnModel
from hf_spaces_runner.planning.chain import kinds_of, task_for_model
from hf_spaces_runner.planning.choose_model import choose_model, misfit, why_no_words
from hf_spaces_runner.ready_space import Measured

NAME = "local models"


class ModelAnswers:
    """The local models, for one set of settings.

    Args:
        name: the model that the user prefers; None for the first that fits.
        timeout_s: how long an answer may take where the request does not say.
        find_servers: asks the addresses of the settings what listens there.
        connect_caller: returns what calls a model of a server, by its name.
        own: the model in this process, which is the last to be asked.
        scratch: makes a folder for a run, gone after the block.
    """

    def __init__(
        self,
        *,
        name: str | None,
        timeout_s: float,
        find_servers: Callable[[], tuple[FoundServer, ...]],
        connect_caller: Callable[[str], Caller],
        own: OwnModel,
        scratch: Callable[[str], AbstractContextManager[Path]],
    ) -> None:
        self._name = name
        self._timeout_s = timeout_s
        self._find_servers = find_servers
        self._connect_caller = connect_caller
        self.own = own
        self._scratch = scratch

    def servers(self) -> tuple[FoundServer, ...]:
        """Return what listens at the addresses of the settings."""
        return self._find_servers()

    def hops(self, request: Request, selected: Space | None) -> Iterator[Hop]:
        """Yield the hops to models that may answer `request`: one of a server, and the one in this process.

        Those that cannot have the reason.
        """
        why_not = None if selected is None else why_no_words(selected)
        if why_not is not None:
            yield _none(why_not)
            return
        yield self._of_a_server(request, selected)
        yield self._own_hop(request, selected)

    def _of_a_server(self, request: Request, selected: Space | None) -> Hop:
        servers = self._find_servers()
        models = [model for server in servers for model in server.models]
        if not models:
            asked = ", ".join(server.address.removeprefix("http://") for server in servers)
            return _none(f"no model server answers at {asked}" if asked else "the setting model_servers names none")
        kinds = kinds_of(request)
        chosen = choose_model(models, name=self._name, file_kinds=kinds, has_prompt=bool(request.prompt))
        if chosen.model is None:
            return _none(chosen.reason)
        return _hop(chosen.model, selected)

    def _own_hop(self, request: Request, selected: Space | None) -> Hop:
        model = Model(name=self.own.name, place=ModelPlace.PROCESS)
        why_not = misfit(model, kinds_of(request), has_prompt=bool(request.prompt)) or self.own.why_not(request)
        return _hop(model, selected, skipped=why_not)

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
            RunnerError: the model in this process cannot be had, see `OwnModel.caller`.
        """
        from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - few get here

        model = hop.model
        assert model is not None  # noqa: S101 - the hop is to a model
        wanted = request.limits.timeout_s or self._timeout_s
        deadline = Deadline.after(wanted if limit_s is None else min(wanted, limit_s), time.monotonic)
        with self._scratch(run_id) as scratch, measured.phase(Phase.CALL):
            if model.place is ModelPlace.PROCESS:
                caller = self.own.caller(request, measured, on_progress)
            else:
                caller = self._connect_caller(model.name)
            with caller.open(model.base_url or "", deadline) as session:
                answer = session.call(_call(request, hop.space), scratch, deadline, on_progress)
            processed = process_result(
                answer,
                category="text_processing",
                output_type="text",
                output_directory=request.output_directory or Path(f"hfsr-{run_id}"),
                tables_as_files=request.output_directory is not None,
            )
        return Answered(processed=processed)


def _call(request: Request, selected: Space | None) -> Call:
    files = tuple(given for given in request.inputs if given.path is not None)
    task = None if selected is None else task_for_model(selected)
    system = () if task is None else (InputValue(name="system", value=task),)
    return Call(prompt=request.prompt, inputs=(*files, *system), explain=request.explain)


def _hop(model: Model, selected: Space | None, *, skipped: str | None = None) -> Hop:
    return Hop(
        kind=CandidateKind.LOCAL_MODEL, name=model.name, tier=Tier.FAST, model=model, space=selected, skipped=skipped
    )


def _none(why: str) -> Hop:
    return Hop(kind=CandidateKind.LOCAL_MODEL, name=NAME, tier=Tier.FAST, skipped=why)
