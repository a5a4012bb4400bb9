"""Finds who of the cloud may answer in place of a Space, if the user set that up, and has one answer."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.attempt import Answered
from hf_spaces_runner.calling.caller import Caller, Session
from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.cloud import CloudMember, CloudModel, CloudSpace
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import PolicyError, UsageError
from hf_spaces_runner.planning.chain import kinds_of, request_for, task_for_model
from hf_spaces_runner.planning.cloud_fit import (
    as_model,
    is_same,
    is_twin,
    ranked,
    takes_the_same,
    what_is_sent,
    why_not_model,
)
from hf_spaces_runner.planning.cloud_token import TOKEN, may_see_token
from hf_spaces_runner.ready_space import Measured

_OFFLINE = "HF_HUB_OFFLINE is set"
_PRIVATE = "nothing leaves this machine in privacy mode"
_NO_TOKEN = "it wants a token: export HF_TOKEN, and give it with --secret HF_TOKEN"  # noqa: S105 - a sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudAnswers:
    """The cloud tier, for one set of settings.

    `spaces` and `model` are those that the user set up; without any, the tier is off. `timeout_s` is how long an
    answer may take where the request does not say. `is_offline`: the user wants nobody asked. `connect_space` returns
    what calls a remote Space, for a token and what is known of the Space; `connect_model` what calls a model.
    `scratch` makes a folder for a run, gone after the block.
    """

    spaces: tuple[CloudSpace, ...]
    model: CloudModel | None
    timeout_s: float
    is_offline: bool
    connect_space: Callable[[Secret | None, Api], Caller]
    connect_model: Callable[[CloudModel, Secret], Caller]
    scratch: Callable[[str], AbstractContextManager[Path]]

    @property
    def is_configured(self) -> bool:
        """Whether the user set anybody up."""
        return bool(self.spaces) or self.model is not None

    def members(self) -> tuple[CloudMember, ...]:
        """Return who was set up; nobody is asked."""
        why_not = _OFFLINE if self.is_offline else None
        spaces = tuple(
            CloudMember(
                kind=CandidateKind.REMOTE_SPACE,
                name=space.url,
                stands_for=space.stands_for or space.subdomain,
                why_not=why_not,
            )
            for space in self.spaces
        )
        if self.model is None:
            return spaces
        model = CloudMember(kind=CandidateKind.INFERENCE_PROVIDER, name=self.model.routed, why_not=why_not)
        return (*spaces, model)

    def check(self, request: Request) -> None:
        """Check that whoever asks for the cloud tier can have it.

        Raises:
            UsageError: nobody is set up.
            PolicyError: the request is private, or the user wants nobody asked.
        """
        if request.tier is not Tier.CLOUD:
            return
        if request.privacy or self.is_offline:
            raise PolicyError(
                f"--tier cloud: {_PRIVATE if request.privacy else _OFFLINE}", hint="leave one of the two out"
            )
        if not self.is_configured:
            raise UsageError(
                "--tier cloud: the settings cloud_spaces and cloud_model name nobody",
                hint="hfsr config shows where to write them, and hfsr status who was set up",
            )

    def hops(self, request: Request, selected: Space | None) -> Iterator[Hop]:
        """Yield the hops to those who may answer `request`, and with the reason, to those who may not."""
        common = _PRIVATE if request.privacy else _OFFLINE if self.is_offline else None
        for space, why_not in () if selected is None else ranked(self.spaces, selected):
            yield Hop(
                kind=CandidateKind.REMOTE_SPACE,
                name=space.url,
                tier=Tier.CLOUD,
                space=selected,
                skipped=common or why_not,
                is_selected=selected is not None and is_twin(space, selected),
            )
        if self.model is not None:
            misfit = why_not_model(self.model, selected, kinds_of(request), has_prompt=bool(request.prompt))
            no_token = None if TOKEN in request.secrets else _NO_TOKEN
            yield Hop(
                kind=CandidateKind.INFERENCE_PROVIDER,
                name=self.model.routed,
                tier=Tier.CLOUD,
                space=selected,
                model=as_model(self.model),
                skipped=common or misfit or no_token,
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
        """Return what the member of `hop` answers to its part of `request`; what goes where is told before it goes.

        Args:
            hop: one of `hops`.
            request: as the user made it, with all of its secrets: of these, only the Hub's token goes, to the Hub.
            run_id: of the run.
            measured: where times are noted.
            limit_s: how many seconds it may take; None for as long as its own limits say.
            on_progress: told each step, and with a warning what leaves this machine.

        Raises:
            PolicyError: the request is private.
            CallError, AnswerError: see `Session.call`, and `cloud/refusals.py` for the verdicts.
        """
        from hf_spaces_runner.results.process import process_result  # noqa: PLC0415 - few get here

        if request.privacy or self.is_offline:  # whoever asks for such a hop has a bug; nothing goes out for it
            raise PolicyError(_PRIVATE if request.privacy else _OFFLINE)
        token = request.secrets.get(TOKEN)
        wanted = request_for(hop, request)
        deadline_s = wanted.limits.timeout_s or self.timeout_s
        deadline = Deadline.after(deadline_s if limit_s is None else min(deadline_s, limit_s), time.monotonic)
        on_progress(Progress(phase=Phase.CALL, message=_notice(hop, wanted, token), warning=True))
        with self.scratch(run_id) as scratch, measured.phase(Phase.CALL):
            with self._caller(hop, token).open(_address(hop), deadline) as session:
                call = self._call(hop, request, wanted, session)
                answer = session.call(call, scratch, deadline, on_progress)
            space = hop.space if hop.model is None else None
            processed = process_result(
                answer,
                category="text_processing" if space is None else space.category,
                output_type="text" if space is None else space.output_type,
                output_directory=wanted.output_directory or Path(f"hfsr-{run_id}"),
                tables_as_files=wanted.output_directory is not None,
            )
        return Answered(processed=processed)

    def _caller(self, hop: Hop, token: Secret | None) -> Caller:
        if hop.model is None:
            # What else it speaks is found out; this alone only the registry knows.
            known = hop.space.api if self._is_same(hop) and hop.space is not None else Api()
            return self.connect_space(token, known if known.kind is ApiKind.HTTP else Api())
        assert self.model is not None  # noqa: S101 - the hop is to it
        assert token is not None  # noqa: S101 - without one it is left out
        return self.connect_model(self.model, token)

    def _call(self, hop: Hop, request: Request, wanted: Request, session: Session) -> Call:
        """Return the call to `hop`: `request` as it is where that has the same names, else as any other gets it."""
        space = hop.space
        if hop.model is not None:
            files = tuple(given for given in wanted.inputs if given.path is not None)
            system = () if space is None else (InputValue(name="system", value=task_for_model(space)),)
            return Call(prompt=wanted.prompt, inputs=(*files, *system), explain=wanted.explain)
        endpoints = [(one.name, [parameter.name for parameter in one.parameters]) for one in session.endpoints]
        is_alike = hop.is_selected or (
            self._is_same(hop) and space is not None and takes_the_same(space, request, endpoints)
        )
        if space is None or not is_alike:
            return Call(prompt=wanted.prompt, inputs=wanted.inputs, explain=wanted.explain)
        return Call(
            prompt=request.prompt,
            inputs=request.inputs,
            endpoint=request.endpoint or space.endpoint,
            preset_inputs=space.inputs,
            explain=request.explain,
        )

    def _is_same(self, hop: Hop) -> bool:
        selected = hop.space
        return selected is not None and any(space.url == hop.name and is_same(space, selected) for space in self.spaces)


def _address(hop: Hop) -> str:
    return hop.name if hop.model is None else hop.model.base_url or ""


def _notice(hop: Hop, request: Request, token: Secret | None) -> str:
    address = _address(hop)
    said = what_is_sent(request, address, with_token=token is not None and may_see_token(address))
    return said if hop.model is None else f"{said} for {hop.name}; this may cost credits of your account"
