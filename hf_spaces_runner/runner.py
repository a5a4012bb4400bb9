"""Wires the parts together and drives a plan to a result; nothing else knows more than one of them."""

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING

from hf_spaces_runner.attempt import Answered, try_candidate
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.chat import Chat
from hf_spaces_runner.conversation import Conversation, conversing
from hf_spaces_runner.domain.container import ListedContainer
from hf_spaces_runner.domain.finding import Finding
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchSpec
from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.result import Attempt, CandidateKind, RunResult
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.running_space import RunningSpace, UpSpace
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.status import TierStatus
from hf_spaces_runner.errors import EngineUnavailableError, LaunchError, RegistryError, RunnerError
from hf_spaces_runner.fallback import AttemptCallback, Chain, hidden_secrets
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.hops import Hops
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.model_answers import ModelAnswers
from hf_spaces_runner.orchestrator.engine_facts import read_engine_facts
from hf_spaces_runner.orchestrator.keeper import start_keeper
from hf_spaces_runner.orchestrator.leftovers import find_leftovers, remove_leftover
from hf_spaces_runner.orchestrator.ownership import own_user
from hf_spaces_runner.orchestrator.reaper import reap
from hf_spaces_runner.planner import Planner
from hf_spaces_runner.planning.chain import request_for
from hf_spaces_runner.planning.clean_up import CleanUpRules, Leftover, plan_clean_up
from hf_spaces_runner.planning.launch_policy import RunIdentity
from hf_spaces_runner.planning.make_request import make_request
from hf_spaces_runner.planning.plan import within
from hf_spaces_runner.ready_space import Measured, Services
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import LoadedSettings, load_settings
from hf_spaces_runner.standings import Standings
from hf_spaces_runner.staying_up import bring_up, find_up, running_spaces, watch_over
from hf_spaces_runner.wiring import connect, connect_client, connect_model_answers

if TYPE_CHECKING:
    from hf_spaces_runner.advisor import Advisor


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
        return connect_model_answers(self.settings)

    @cached_property
    def _hops(self) -> Hops:
        return Hops(
            known=self._known,
            log=self._attempt_log,
            standings=self._standings,
            models=self._model_answers.hops,
            cloud=None,
        )

    @cached_property
    def _standings(self) -> Standings:
        return Standings(self.settings, log=self._attempt_log, read_engine=self._read_engine)

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
            on_progress=self._on_progress,
            command=self._command,
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
        space: str,
        inputs: Mapping[str, object] | None = None,
        files: Sequence[str | os.PathLike[str]] = (),
        output_directory: str | os.PathLike[str] | None = None,
        endpoint: str | None = None,
        memory: str | int | None = None,
        cpus: float | None = None,
        gpus: str | None = None,
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
    ) -> RunResult:
        """Run a Space once and return what it answered.

        Args:
            prompt: goes to the first input that takes text.
            space: a registry id, `user/name`, a Space's URL, or an image.
            inputs: values by the names of the endpoint's parameters; a `Path` is sent as a file.
            files: sent to the inputs of their kind, in order.
            output_directory: where output files go; a folder named after the run, in the current one, unless given.
            endpoint: the one to call, where the Space has several.
            memory: cap in bytes, or `512m`, `2g`.
            cpus: cap in processors.
            gpus: `all` or a number.
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
        )
        return self.execute(request)

    def find(self, reference: str) -> Space:
        """Return the Space that `reference` names; see `run` for its forms.

        Raises:
            RegistryError: there is none, or the registry cannot be read.
        """
        return self._known.find(reference)

    def plan(self, request: Request) -> Plan:
        """Return what `execute` would try for `request`, without doing any of it.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        return self._planner.plan(request, builds=False)

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
        with self._conversing(request) as (_, conversation):
            return conversation.endpoints

    @contextmanager
    def chat(self, request: Request) -> Iterator[Chat]:
        """Yield a chat with the Space of `request`, which is started for it unless it is up.

        Raises:
            RunnerError: it could not be started, never answered, or has nothing to call.
        """
        with self._conversing(request) as (plan, conversation):
            yield Chat(conversation, request, plan.run_id)

    @contextmanager
    def _conversing(self, request: Request) -> Iterator[tuple[Plan, Conversation]]:
        plan = self._planner.plan(request, builds=True)
        best = plan.candidates[0]
        with (
            hidden_secrets(request),
            conversing(self.services, best, plan.run_id, Measured(), self._on_progress) as conversation,
        ):
            yield plan, conversation

    def execute(self, request: Request) -> RunResult:
        """Try who may answer `request`, one after the other, and return the first answer.

        Raises:
            RunnerError: what the only one that was tried failed with, or `AllCandidatesFailedError` for several.
        """
        started = time.monotonic()
        selected = self._planner.selected(request)
        identity = self._planner.new_run()
        if request.explain:
            begins = self._hops.route(request)
            said = f"begins with the {begins.order[0]} tier, by the rule {begins.rule}: {begins.reason}"
            self._on_progress(Progress(phase=Phase.PLAN, message=said, note=True))

        def note(attempt: Attempt) -> None:
            self._note(attempt, identity.run_id)
            self._on_attempt(attempt)

        chain = Chain(
            run_id=identity.run_id,
            request=request,
            started=started,
            try_hop=lambda hop, measured, limit_s: self._try(hop, request, identity, measured, limit_s),
            on_progress=self._on_progress,
            on_attempt=note,
        )
        return chain.run(self._hops.of(request, selected))

    def _try(
        self, hop: Hop, request: Request, identity: RunIdentity, measured: Measured, limit_s: float | None
    ) -> Answered:
        wanted = request_for(hop, request)
        if hop.model is not None:
            return self._model_answers.ask(hop, wanted, identity.run_id, measured, limit_s, self._on_progress)
        assert hop.space is not None  # noqa: S101 - a hop leads to a model or a Space
        plan = self._planner.plan_for(hop.space, wanted, identity, builds=True)
        candidate = within(plan.candidates[0], limit_s)
        return try_candidate(
            self.services, candidate, identity.run_id, wanted.output_directory, measured, self._on_progress
        )

    def _note(self, attempt: Attempt, run_id: str) -> None:
        tier = Tier.HEAVY if attempt.kind is CandidateKind.SPACE else Tier.FAST
        try:
            self._attempt_log.note(attempt, run_id=run_id, tier=tier, at=time.time())
        except RunnerError as error:  # no answer is worth less for it
            self._on_progress(Progress(phase=Phase.CALL, message=error.message, warning=True))

    def pull(self, reference: str, policy: PullPolicy = PullPolicy.ALWAYS) -> Image:
        """Pull, or build, the image of a Space, without running it.

        Raises:
            RegistryError: there is no such Space.
            ImageError: the image cannot be had.
        """
        return self.acquire_image(self._known.find(reference, asks_hub=True), policy)

    def acquire_image(self, space: Space, policy: PullPolicy = PullPolicy.MISSING) -> Image:
        """Pull, or build, the image of `space`. See `pull`."""
        source = self._planner.image_source(space, builds=True)
        image = self.services.images.acquire(source, policy, self._on_progress)
        self.services.stamps.note_image(image)
        return image

    def up(
        self,
        request: Request,
        *,
        port: int | None = None,
        ttl_s: float | None = None,
        idle_stop_s: float | None = None,
        on_up: Callable[[], None] = lambda: None,
    ) -> UpSpace:
        """Start the Space of `request` and leave it up, or return the one that is up already.

        Args:
            request: its Space and limits; inputs mean nothing here.
            port: of the loopback interface; the engine picks a free one where None.
            ttl_s: how many seconds it stays, at most.
            idle_stop_s: after how many seconds without a visitor it ends.
            on_up: called once it was started and is up; an interrupt before that leaves nothing.

        Raises:
            RunnerError: it could not be started, or never answered.
        """
        plan = self._planner.plan(request, builds=True)
        with hidden_secrets(request):
            return bring_up(
                self.services,
                plan.candidates[0],
                plan.run_id,
                self._on_progress,
                port=port,
                ttl_s=ttl_s,
                idle_stop_s=idle_stop_s,
                watch_over=lambda container_id: start_keeper(container_id, self._environment),
                on_up=on_up,
            )

    def watch_over(self, container_id: str) -> None:
        """Wait until a container that is up has to go, and remove it. See `staying_up.watch_over`."""
        watch_over(self.services.engine, container_id)

    def running_spaces(self) -> tuple[RunningSpace, ...]:
        """Return all containers of ours, running, waiting and ended, with the memory that each takes.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        return running_spaces(self.services.engine)

    def stop(self, name: str | None) -> tuple[ListedContainer, ...]:
        """End the Spaces that are up under `name`, or all that this user has up where None; return them.

        Raises:
            UsageError: none of that name is up.
        """
        listed = self.services.engine.containers()
        if name is None:
            ending = tuple(item for item in listed if item.up and item.labels.user == own_user())
        else:
            ending = find_up(listed, name, self._id_of(name), own_user())
        for item in ending:
            self.services.engine.remove(item.id)
        return ending

    def logs(self, name: str, *, lines: int, follow: bool = False) -> Iterator[str]:
        """Yield what the newest Space that is up under `name` printed last, and all that it prints where `follow`.

        The text is the Space's own: `domain.terminal.printable` makes it safe to show.

        Raises:
            UsageError: none of that name is up.
            LaunchError: it keeps no log, since it runs in privacy.
        """
        engine = self.services.engine
        found = find_up(engine.containers(), name, self._id_of(name), own_user())
        newest = max(found, key=lambda item: item.labels.created_at)
        if newest.labels.privacy:
            raise LaunchError(f"{newest.name} runs in privacy, so nobody keeps its log", verdict="no_log")
        container = engine.attach(newest)
        yield from container.follow_logs(lines) if follow else (container.logs(lines),)

    def _id_of(self, reference: str) -> str | None:
        try:
            return self.find(reference).id
        except RegistryError:
            return None

    def plan_clean_up(
        self, older_than_s: float, *, images_older_than_s: float | None = None, cache_quota_bytes: int | None = None
    ) -> tuple[Leftover, ...]:
        """Return what `clean_up` would remove: what dead processes left, and what was not used for `older_than_s`.

        Args:
            older_than_s: how many seconds of not being used make something go.
            images_older_than_s: likewise for images; the setting where None.
            cache_quota_bytes: what all model caches may take; the setting where None.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        values = self.settings.values
        rules = CleanUpRules(
            older_than_s=older_than_s,
            images_older_than_s=values.images_older_than if images_older_than_s is None else images_older_than_s,
            cache_quota_bytes=values.cache_quota if cache_quota_bytes is None else cache_quota_bytes,
        )
        return plan_clean_up(self.leftovers(), rules, now=time.time())

    def clean_up(self, leftovers: Iterable[Leftover]) -> None:
        """Remove `leftovers`, as `plan_clean_up` returned them."""
        for leftover in leftovers:
            remove_leftover(self.services.engine, leftover, stamps=self.services.stamps)

    def status(self) -> TierStatus:
        """Return how the tiers stand: local models, Spaces and slots, who rests. It gets by without an engine."""
        problem: str | None = None
        running: tuple[RunningSpace, ...] = ()
        memory = self.settings.values.memory_budget
        try:
            running = self.running_spaces()
            memory = memory or self._read_engine().memory_bytes
        except EngineUnavailableError as error:
            problem = error.message
        return TierStatus(
            servers=self._model_answers.servers(),
            engine_problem=problem,
            running=running,
            max_running=self.settings.values.max_running,
            memory_bytes=memory,
            resting=dict(self._hops.resting(self._attempt_log.names())),
            spaces=self.registry.count(),
        )

    @classmethod
    def diagnose(cls, environment: Mapping[str, str] | None = None) -> tuple[Finding, ...]:
        """Return what is in order with this machine, its engine, its image registry and our files, and what is not.

        Neither an engine nor valid settings are needed: what is wrong with them is a finding. Nothing is changed.
        """
        from hf_spaces_runner.doctor import gather_facts  # noqa: PLC0415 - no run needs it
        from hf_spaces_runner.planning.diagnosis import diagnose  # noqa: PLC0415 - likewise

        own = dict(os.environ if environment is None else environment)
        facts = gather_facts(
            own,
            connect=connect_client,
            find_leftovers=lambda: cls(environment=own, reaps=False).leftovers(),
        )
        return diagnose(facts)

    def leftovers(self) -> Iterator[Leftover]:
        """Yield everything of ours on the engine and on this machine, also what is in use.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        services = self.services
        return find_leftovers(services.engine, scratch=services.scratch, stamps=services.stamps)
