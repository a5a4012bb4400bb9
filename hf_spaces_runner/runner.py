"""Wires the parts together and drives a plan to a result; nothing else knows more than one of them."""

import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from hf_spaces_runner.answering import Answering
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.chat import Chat
from hf_spaces_runner.cloud_answers import CloudAnswers
from hf_spaces_runner.conversation import Conversation, conversing
from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.finding import Finding
from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.hub_source import HUB_ORIGIN
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import Builder, PullPolicy, Request
from hf_spaces_runner.domain.result import Attempt, CandidateKind, RunResult
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN
from hf_spaces_runner.domain.status import TierStatus
from hf_spaces_runner.errors import EngineUnavailableError, PolicyError, RunnerError
from hf_spaces_runner.fallback import AttemptCallback, Chain, hidden_secrets
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.hops import Hops
from hf_spaces_runner.images.older_packages import advising_older_packages
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.logs import logged_run
from hf_spaces_runner.model_answers import ModelAnswers
from hf_spaces_runner.orchestrator.engine_facts import read_engine_facts
from hf_spaces_runner.orchestrator.reaper import reap
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.planning.as_of import check_as_of
from hf_spaces_runner.planning.launch_policy import RunIdentity
from hf_spaces_runner.planning.make_request import make_request
from hf_spaces_runner.planning.preload import HubAccess
from hf_spaces_runner.ready_space import Measured, Services, acquire_image
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.result_cache.store import ResultCache
from hf_spaces_runner.settings import LoadedSettings, load_settings
from hf_spaces_runner.standings import Standings
from hf_spaces_runner.up_spaces import UpSpaces
from hf_spaces_runner.wiring import (
    connect,
    connect_client,
    connect_cloud_answers,
    connect_model_answers,
    connect_results,
)

if TYPE_CHECKING:
    from hf_spaces_runner.advisor import Advisor
    from hf_spaces_runner.domain.running_space import RunningSpace
    from hf_spaces_runner.housekeeping import Housekeeping
    from hf_spaces_runner.planning.clean_up import Leftover


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A request that was checked: as the rules of the settings want it, who runs it, and who may answer, in order."""

    request: Request
    identity: RunIdentity
    hops: Iterator[Hop]


_TIERS = {
    CandidateKind.SPACE: Tier.HEAVY,
    CandidateKind.LOCAL_MODEL: Tier.FAST,
    CandidateKind.REMOTE_SPACE: Tier.CLOUD,
    CandidateKind.INFERENCE_PROVIDER: Tier.CLOUD,
}


class Runner:
    """Runs Spaces on this machine.

    Args:
        settings: values for settings by name, as flags give them; they win over config.toml and the environment.
        environment: what stands in for `os.environ`: `HFSR_*`, `DOCKER_HOST`, the CA bundle's variables.
        on_progress: called with each step of a pull, a build, a start and a call, in the calling thread.
        on_attempt: called when a candidate has brought an answer or has failed.
        reaps: whether what dead processes left is removed first, once the engine is asked for anything.
        command: what others are told who wait for a slot that this holds.

    Raises:
        ConfigurationError: a setting has a value that it cannot have.
    """

    def __init__(
        self,
        *,
        settings: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        on_progress: ProgressCallback = ignore_progress,
        on_attempt: AttemptCallback = lambda _: None,
        reaps: bool = True,
        command: str = "library",
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self.settings: LoadedSettings = load_settings(self._environment, settings)
        self._snapshots = Snapshots(self.settings.places.snapshots)
        self._on_progress = on_progress
        self._on_attempt = on_attempt
        self._reaps = reaps
        self._command = command

    @cached_property
    def _known(self) -> KnownSpaces:
        return KnownSpaces(
            self.settings,
            self._environment,
            on_warning=lambda text: self._on_progress(Progress(phase=Phase.PLAN, message=text, warning=True)),
            on_note=lambda text: self._on_progress(Progress(phase=Phase.PLAN, message=text, note=True)),
            on_progress=self._on_progress,
        )

    @property
    def registry(self) -> Registry:
        """The Spaces that are known: the user's over the bundled ones, over those that were found on the Hub."""
        return self._known.registry

    @cached_property
    def advisor(self) -> "Advisor":
        """What advises on Spaces before one is run; it gets by without an engine."""
        from hf_spaces_runner.advisor import Advisor  # noqa: PLC0415 - no run needs it

        return Advisor(
            self.settings,
            known=self._known,
            standings=self._standings,
            connect=lambda: connect_client(self._environment),
            environment=self._environment,
        )

    @cached_property
    def _model_answers(self) -> ModelAnswers:
        return connect_model_answers(self.settings, is_offline=self._known.is_offline)

    @cached_property
    def _cloud_answers(self) -> CloudAnswers:
        return connect_cloud_answers(self.settings, is_offline=self._known.is_offline)

    @cached_property
    def _results(self) -> ResultCache:
        return connect_results(
            self.settings, lambda text: self._on_progress(Progress(phase=Phase.CALL, message=text, warning=True))
        )

    @cached_property
    def housekeeping(self) -> "Housekeeping":
        """What cleans up."""
        from hf_spaces_runner.housekeeping import Housekeeping  # noqa: PLC0415 - no run needs it

        places = self.settings.places
        return Housekeeping(self.settings.values, lambda: self.services, self._results, places.sources)

    @cached_property
    def up_spaces(self) -> UpSpaces:
        """What brings Spaces up to stay, knows which are up, and ends them."""
        return UpSpaces(
            planner=self._planner,
            services=lambda: self.services,
            find=self.find,
            by_the_rules=self._by_the_rules,
            environment=self._environment,
            locks=self.settings.places.locks,
            on_progress=self._on_progress,
        )

    @cached_property
    def answering(self) -> Answering:
        """Those who can answer, wired."""
        return Answering(
            services=lambda: self.services,
            planner=self._planner,
            models=self._model_answers,
            cloud=self._cloud_answers,
            results=self._results,
            keeps_answers=self.settings.values.cache,
            on_progress=self._on_progress,
        )

    @cached_property
    def _hops(self) -> Hops:
        return Hops(
            known=self._known,
            log=self._attempt_log,
            standings=self._standings,
            models=self._model_answers.hops,
            cloud=self._cloud_answers.hops if self._cloud_answers.is_configured else None,
            look=self._look,
        )

    def _look(self, space: Space, request: Request) -> tuple[bool, bool | None]:
        """Return whether `space` is up already, and whether its memory cap fits; nothing where no engine answers.

        Whether it is up decides nothing but the reason that is told, so the engine is asked only for that.
        """
        try:
            services = self.services
            memory_bytes = request.limits.memory_bytes or space.memory_bytes or self.settings.values.memory
            services.slots.check_ever_fits(space.id, memory_bytes)
            is_up = request.explain and any(
                item.up and item.running and item.labels.space_id == space.id for item in services.engine.containers()
            )
        except EngineUnavailableError:
            return False, None
        except PolicyError:
            return False, False
        return is_up, True

    @cached_property
    def _standings(self) -> Standings:
        return Standings(self.settings, log=self._attempt_log, read_engine=self._read_engine)

    def _machine(self) -> Machine:
        return self.services.machine()

    def _read_engine(self) -> EngineFacts:
        with closing(connect_client(self._environment)) as client:
            return read_engine_facts(client, self._environment)

    @cached_property
    def _attempt_log(self) -> AttemptLog:
        return AttemptLog(self.settings.places.history)

    @cached_property
    def _planner(self) -> Planner:
        return Planner(
            self.settings,
            self._snapshots,
            known=self._known,
            images=lambda: self.services.images,
            machine=self._machine,
            on_progress=self._on_progress,
            command=self._command,
            hub=HubAccess(endpoint=self._environment.get("HF_ENDPOINT") or None, offline=self._known.is_offline),
        )

    @cached_property
    def services(self) -> Services:
        """The parts with effects; the engine is asked for at the first use of this, and reaped."""
        services = connect(self.settings, self._environment)
        if self._reaps:
            reap(services.engine, services.scratch)
        return services

    def run(
        self,
        prompt: str | None = None,
        *,
        space: str | None = None,
        inputs: Mapping[str, object] | None = None,
        files: Sequence[str | os.PathLike[str]] = (),
        output_directory: str | os.PathLike[str] | None = None,
        endpoint: str | None = None,
        memory: str | int | None = None,
        cpus: float | None = None,
        gpus: str | None = None,
        hardware: str | None = None,
        timeout: str | float | None = None,
        startup_timeout: str | float | None = None,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
        pull: str | None = None,
        network: str | None = None,
        privacy: bool = False,
        read_only: bool = False,
        keep: bool = False,
        fresh: bool = False,
        auth_user: str | None = None,
        explain: bool = False,
        tier: str = "auto",
        fallback: Sequence[str] | None = None,
        max_attempts: int | None = None,
        deadline: str | float | None = None,
        cache: bool | None = None,
        fetch_model: bool = False,
    ) -> RunResult:
        """Run a Space once and return what it answered.

        Args:
            prompt: goes to the first input that takes text.
            space: a registry id, `user/name`, a Space's URL, or an image; None for the best for the words and files.
            inputs: values by the names of the endpoint's parameters; a `Path` is sent as a file.
            files: sent to the inputs of their kind, in order.
            output_directory: where output files go; a folder named after the run, in the current one, unless given.
            endpoint: the one to call, where the Space has several.
            memory: cap in bytes, or `512m`, `2g`.
            cpus: cap in processors.
            gpus: `all` or a number.
            hardware: as the Hub calls it, such as `t4-small`, or `local` for what is there; numbers win over it.
            timeout: for the call; seconds, or `90s`, `5m`.
            startup_timeout: until the Space is ready; seconds, or `90s`, `5m`.
            env: variables of the container.
            secrets: likewise, for values that must appear nowhere.
            pull: `missing`, `always` or `never`.
            network: `open`, `isolated` (no way out), or `warm-online` (no way out once it is ready).
            privacy: an isolated network, and nothing of inputs and outputs in any log or cache.
            read_only: whether the container's root is read-only.
            keep: whether the container stays up afterwards.
            fresh: whether to start a container of its own although the Space is up already.
            auth_user: the user name for a login of the Space's own; its password is the only secret, or AUTH_PASSWORD.
            explain: whether `on_progress` is told how the endpoint was chosen.
            tier: where to begin: `auto`, `fast` (a local model), `heavy` (a container) or `cloud`.
            fallback: who follows if the Space fails; the next best where None, nobody where empty.
            max_attempts: how many are asked at most.
            deadline: for all of it; seconds, or `90s`, `5m`.
            cache: whether an answer that was kept will do, and whether this one is kept, also one of an endpoint that
                would answer something else the next time; as the settings say where None.
            fetch_model: whether a model that answers in this process may be fetched for that.

        Raises:
            RunnerError: one of its subclasses; each has an exit code, a hint, and a verdict.
        """
        request = make_request(
            prompt,
            space=space,
            inputs=inputs or {},
            files=files,
            output_directory=output_directory,
            endpoint=endpoint,
            memory=memory,
            cpus=cpus,
            gpus=gpus,
            hardware=hardware,
            timeout=timeout,
            startup_timeout=startup_timeout,
            env=env or {},
            secrets=secrets or {},
            pull=pull,
            network=network,
            privacy=privacy,
            read_only=read_only,
            keep=keep,
            fresh=fresh,
            auth_user=auth_user,
            explain=explain,
            tier=tier,
            fallback=fallback,
            max_attempts=max_attempts,
            deadline=deadline,
            cache=cache,
            fetch_model=fetch_model,
        )
        return self.execute(request)

    def find(self, reference: str, *, asks_hub: bool = False) -> Space:
        """Return the Space that `reference` names; see `run` for its forms.

        With `asks_hub`, the Hub is asked for what only it knows, and for the source of `hub:user/name`.

        Raises:
            RegistryError: there is none, or the registry cannot be read.
        """
        return self._known.find(reference, asks_hub=asks_hub)

    def plan(self, request: Request) -> Plan:
        """Return what `execute` would try for `request`, without doing any of it.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        return self._planner.plan(self._by_the_rules(request), builds=False)

    def preview(self, candidate: Candidate) -> tuple[LaunchSpec, bool]:
        """Return the launch spec of `candidate` as its image completes it, and whether that image is here.

        Of an image that is not here it is assumed that it has no useful command, as those of Gradio Spaces have none.
        """
        return self._planner.preview(candidate)

    def endpoints(self, request: Request) -> tuple[Endpoint, ...]:
        """Return what can be called of the Space of `request`, which is started for it unless it is up.

        Raises:
            RunnerError: it could not be started, never answered, or has nothing to call.
        """
        with self._conversing(self._by_the_rules(request)) as (_, conversation):
            return conversation.endpoints

    @contextmanager
    def chat(self, request: Request) -> Iterator[Chat]:
        """Yield a chat with the Space of `request`, which is started for it unless it is up.

        Raises:
            RunnerError: it could not be started, never answered, or has nothing to call.
        """
        request = self._by_the_rules(request)
        with self._conversing(request) as (plan, conversation):
            yield Chat(conversation, request, plan.run_id, self.why_private)

    @contextmanager
    def _conversing(self, request: Request) -> Iterator[tuple[Plan, Conversation]]:
        plan = self._planner.plan(request, builds=True)
        best, measured = plan.candidates[0], Measured()
        with hidden_secrets(request):
            image = acquire_image(self.services, best, measured, self._on_progress)
            with conversing(self.services, best, image, plan.run_id, measured, self._on_progress) as conversation:
                yield plan, conversation

    def execute(self, request: Request, *, without: Collection[str] = ()) -> RunResult:
        """Try who may answer `request`, but for those `without`, one after the other, and return the first answer.

        Raises:
            RunnerError: what the only one that was tried failed with, or `AllCandidatesFailedError` for several.
        """
        started = time.monotonic()
        begun = self.begin(request)
        request, identity = begun.request, begun.identity

        def note(attempt: Attempt) -> None:
            if not attempt.cached:  # that says nothing of the Space
                self.note(attempt, identity.run_id)
            self._on_attempt(attempt)

        chain = Chain(
            run_id=identity.run_id,
            request=request,
            started=started,
            try_hop=lambda hop, measured, limit_s: self.answering.ask(hop, request, identity, measured, limit_s),
            on_progress=self._on_progress,
            on_attempt=note,
        )
        secrets = tuple(request.secrets.values())
        with logged_run(identity.run_id, secrets=secrets, privacy=request.privacy):
            result = chain.run(hop for hop in begun.hops if hop.name not in without)
        if request.output_directory is not None:
            from hf_spaces_runner.results.result_file import write_result  # noqa: PLC0415 - see Services.load_callers

            write_result(result, request.output_directory)
        return result

    def begin(self, request: Request) -> Begun:
        """Return who may answer `request`, having checked all that can be before anybody is asked.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        request = self._by_the_rules(request)
        self._cloud_answers.check(request)
        self._hops.check(request)
        selected = self._selected(request)
        if selected is not None and selected.origin in {FOLDER_ORIGIN, HUB_ORIGIN} and request.fallback is None:
            request = replace(request, fallback=())  # whoever works on a Space wants to see it fail
        identity = self._planner.new_run()
        begins = self._hops.route(request, selected, was_chosen=request.space is None)
        if request.explain:
            said = f"begins with the {begins.order[0]} tier, by the rule {begins.rule}: {begins.reason}"
            self._on_progress(Progress(phase=Phase.PLAN, message=said, note=True))
        return Begun(request=request, identity=identity, hops=self._hops.of(request, selected, begins))

    def why_private(self, request: Request) -> str | None:
        """Return why the rules of the settings want privacy for `request`; None where they do not."""
        values = self.settings.values
        if not (values.privacy_words or values.privacy_kinds):
            return None
        from hf_spaces_runner.planning.privacy import why_private  # noqa: PLC0415 - most have no such rules

        return why_private(request, values.privacy_words, values.privacy_kinds)

    def _by_the_rules(self, request: Request) -> Request:
        """Return `request`, in privacy where the rules of the settings want that: before anybody is asked anything."""
        why = None if request.privacy else self.why_private(request)
        if why is None:
            return request
        self._on_progress(Progress(phase=Phase.PLAN, message=f"Privacy mode is on, as {why}.", note=True))
        return replace(request, privacy=True)

    def note(self, attempt: Attempt, run_id: str) -> None:
        """Note in the history how `attempt` of the run `run_id` went."""
        tier = _TIERS[attempt.kind]
        try:
            self._attempt_log.note(attempt, run_id=run_id, tier=tier, at=time.time())
        except RunnerError as error:  # no answer is worth less for it
            self._on_progress(Progress(phase=Phase.CALL, message=error.message, warning=True))

    def _selected(self, request: Request) -> Space | None:
        """Return the Space that `request` names, else the best for it; None where no known one does what it asks."""
        if request.space is not None:
            return self._planner.selected(request)
        from hf_spaces_runner.choosing import choose_space  # noqa: PLC0415 - most name their Space

        self._planner.check_places(request)
        chosen = choose_space(request, known=self._known, standings=self._standings)
        if chosen is None:
            return None
        if request.tier is not Tier.FAST:
            said = f"No Space was named; {chosen.space.id} was chosen: {'; '.join(chosen.reasons)}."
            self._on_progress(Progress(phase=Phase.PLAN, message=said, note=True))
            if request.environment or request.secrets or request.auth_user:
                said = "Variables, secrets and a login go only to a Space that is named: it gets none of them."
                self._on_progress(Progress(phase=Phase.PLAN, message=said, warning=True))
        return self._planner.selected(replace(request, space=chosen.space.id))

    def pull(
        self,
        reference: str,
        policy: PullPolicy = PullPolicy.ALWAYS,
        *,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        builder: Builder | None = None,
        as_of: AsOf | None = None,
    ) -> Image:
        """Pull, or build, the image of a Space, without running it. `env` are variables that a Dockerfile may ask for.

        `secrets` are for those of its steps that mount them. `as_of` is the day whose packages a build takes.

        Raises:
            RegistryError: there is no such Space.
            ImageError: the image cannot be had.
        """
        fetches = policy is not PullPolicy.NEVER
        space = self._known.find(reference, asks_hub=True, fetches=fetches)
        return self.acquire_image(space, policy, env=env, secrets=secrets, builder=builder, as_of=as_of)

    def acquire_image(
        self,
        space: Space,
        policy: PullPolicy = PullPolicy.MISSING,
        *,
        env: Mapping[str, str] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        builder: Builder | None = None,
        as_of: AsOf | None = None,
    ) -> Image:
        """Pull, or build, the image of `space`. See `pull`."""
        variables = {**space.env, **(env or {})}
        check_as_of(as_of, space)
        source = self._planner.image_source(
            space, builds=True, variables=variables, secrets=secrets, builder=builder, as_of=as_of
        )
        with advising_older_packages(space, source.build):
            image = self.services.images.acquire(source, policy, self._on_progress)
        self.services.stamps.note_image(image)
        return image

    def status(self) -> TierStatus:
        """Return how the tiers stand: local models, Spaces and slots, who rests. It gets by without an engine."""
        problem: str | None = None
        running: tuple[RunningSpace, ...] = ()
        memory = self.settings.values.memory_budget
        try:
            running = self.up_spaces.running()
            memory = memory or self._read_engine().memory_bytes
        except EngineUnavailableError as error:
            problem = error.message
        return TierStatus(
            servers=self._model_answers.servers(),
            own=self._model_answers.own.state(),
            engine_problem=problem,
            running=running,
            max_running=self.settings.values.max_running,
            memory_bytes=memory,
            resting=dict(self._hops.resting(self._attempt_log.names())),
            spaces=self.registry.count(),
            cloud=self._cloud_answers.members(),
        )

    @classmethod
    def diagnose(cls, environment: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
        """Return what is in order with this machine, its engine, its image registry and our files, and what is not.

        Neither an engine nor valid settings are needed: what is wrong with them is a finding. Nothing is changed.
        """
        from hf_spaces_runner.doctor import gather_facts  # noqa: PLC0415 - no run needs it
        from hf_spaces_runner.planning.diagnosis import diagnose  # noqa: PLC0415 - likewise

        own = dict(os.environ if environment is None else environment)

        def find_leftovers() -> "Iterator[Leftover]":
            return cls(environment=own, reaps=False).housekeeping.leftovers()

        return diagnose(gather_facts(own, connect=connect_client, find_leftovers=find_leftovers))
