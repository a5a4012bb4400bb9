"""Wires the parts together and drives a plan to a result; nothing else knows more than one of them."""

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from secrets import token_hex
from typing import TypeVar
from urllib.parse import urlsplit

import docker

from hf_spaces_runner.attempt import Measured, Services, try_candidate
from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.image import Image, ImageSource
from hf_spaces_runner.domain.launch import LABEL, LaunchSpec
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.result import Attempt, RunResult, Status
from hf_spaces_runner.domain.secret import redact
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import (
    AllCandidatesFailedError,
    EngineUnavailableError,
    RunnerError,
    TryNext,
    UsageError,
)
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.base_name import base_image_name
from hf_spaces_runner.images.source import find_image_source
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.leftovers import find_leftovers, remove_leftover
from hf_spaces_runner.orchestrator.ownership import is_alive, own_name
from hf_spaces_runner.orchestrator.slots import Slots
from hf_spaces_runner.planning.check_request import check_request
from hf_spaces_runner.planning.clean_up import Leftover, plan_clean_up
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, for_image
from hf_spaces_runner.planning.make_request import make_request
from hf_spaces_runner.planning.plan import PlanDefaults, make_plan
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.results.output_directory import check_output_directory
from hf_spaces_runner.settings import LoadedSettings, load_settings

AttemptCallback = Callable[[Attempt], None]
Number = TypeVar("Number", int, float)


class Runner:
    """Runs Spaces on this machine.

    Args:
        settings: values for settings by name, as flags give them; they win over config.toml and the environment.
        environment: what stands in for `os.environ`: `HFSR_*`, `DOCKER_HOST`, the CA bundle's variables.
        on_progress: called with each step of a pull, a build, a start and a call, in the calling thread.
        on_attempt: called when a candidate has brought an answer or has failed.

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
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self.settings: LoadedSettings = load_settings(self._environment, settings)
        self._snapshots = Snapshots(self.settings.places.snapshots)
        self._on_progress = on_progress
        self._on_attempt = on_attempt

    @cached_property
    def registry(self) -> Registry:
        """The Spaces that are known: the bundled ones with the user's laid over them."""
        return load_registry(self.settings.values.registry, self._snapshots)

    @cached_property
    def services(self) -> Services:
        """The parts with effects; the engine is asked for at the first use of this."""
        return _connect(self.settings, self._environment)

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
        read_only: bool = False,
        keep: bool = False,
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
            read_only: whether the container's root is read-only.
            keep: whether the container stays afterwards.

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
            read_only=read_only,
            keep=keep,
        )
        return self.execute(request)

    def find(self, reference: str) -> Space:
        """Return the Space that `reference` names; see `run` for its forms.

        Raises:
            RegistryError: there is none, or the registry cannot be read.
        """
        return find_space(reference, self.registry, self.settings.values.image_registry)

    def plan(self, request: Request) -> Plan:
        """Return what `execute` would try for `request`, without doing any of it.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        return self._plan(request, self._base_image_to_be)

    def _plan(self, request: Request, base_image: Callable[[str], str]) -> Plan:
        _check_files(request)
        if request.output_directory is not None:
            check_output_directory(request.output_directory)
        values = self.settings.values
        space = self.find(request.space)
        check_request(request, space)  # before the engine is asked for anything
        defaults = PlanDefaults(
            launch=LaunchDefaults(
                memory_bytes=values.memory,
                cpus=values.cpus,
                pids_limit=values.pids_limit,
                hf_cache=values.hf_cache,
            ),
            image_registry=values.image_registry,
            pull=values.pull,
            startup_timeout_s=values.startup_timeout,
            slot_timeout_s=values.slot_timeout,
            timeout_s=values.timeout,
        )
        identity = RunIdentity(run_id=_new_run_id(), owner=own_name(), created_at=int(time.time()))
        return make_plan(request, space, self._image_source(space, base_image), defaults, identity)

    def preview(self, candidate: Candidate) -> tuple[LaunchSpec, bool]:
        """Return the launch spec of `candidate` as its image completes it, and whether that image is here.

        Of an image that is not here it is assumed that it has no useful command, as those of Gradio Spaces have none.
        """
        image = self.services.images.find(candidate.image)
        assumed = image or Image(id="", reference=candidate.image.reference)
        spec = for_image(candidate.launch_spec, assumed, candidate.default_command)
        # Whoever pastes the line owns the container: no clean-up may take it for one of a run that has ended.
        return replace(spec, labels={**spec.labels, f"{LABEL}.keep": "yes"}), image is not None

    def execute(self, request: Request) -> RunResult:
        """Try the candidates of the request's plan in order, and return the first answer.

        Raises:
            RunnerError: what the only candidate failed with, or `AllCandidatesFailedError` for several.
        """
        started = time.monotonic()
        plan = self._plan(request, self._base_image_here)
        attempts: list[Attempt] = []
        failures: list[RunnerError] = []
        for candidate in plan.candidates:
            measured = Measured()
            try:
                answered = try_candidate(
                    self.services, candidate, plan.run_id, request.output_directory, measured, self._on_progress
                )
            except RunnerError as error:
                _redact(error, request)
                attempts.append(_attempt(candidate, measured, error))
                self._on_attempt(attempts[-1])
                failures.append(error)
                if error.try_next is not TryNext.YES:
                    raise
                continue
            attempts.append(_attempt(candidate, measured, None))
            self._on_attempt(attempts[-1])
            return RunResult(
                run_id=plan.run_id,
                status=Status.OK,
                space=candidate.space.id,
                tier=plan.tier,
                text=answered.processed.text,
                outputs=answered.processed.outputs,
                files=answered.processed.files,
                attempts=tuple(attempts),
                image_digest=answered.image.digest,
                total_s=time.monotonic() - started,
                container=answered.container if request.keep else None,
                url=answered.url if request.keep else None,
            )
        if len(failures) == 1:
            raise failures[0]
        raise AllCandidatesFailedError(
            "no candidate brought an answer:\n" + "\n".join(f"{item.name}: {item.error}" for item in attempts)
        )

    def pull(self, reference: str, policy: PullPolicy = PullPolicy.ALWAYS) -> Image:
        """Pull, or build, the image of a Space, without running it.

        Raises:
            RegistryError: there is no such Space.
            ImageError: the image cannot be had.
        """
        return self.acquire_image(self.find(reference), policy)

    def acquire_image(self, space: Space, policy: PullPolicy = PullPolicy.MISSING) -> Image:
        """Pull, or build, the image of `space`. See `pull`."""
        source = self._image_source(space, self._base_image_here)
        return self.services.images.acquire(source, policy, self._on_progress)

    def plan_clean_up(self, older_than_s: float) -> tuple[Leftover, ...]:
        """Return what `clean_up` would remove: whatever of ours was not used for `older_than_s` seconds.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        services = self.services
        found = find_leftovers(services.engine, scratch=services.scratch, stamps=services.stamps)
        return plan_clean_up(found, now=time.time(), older_than_s=older_than_s, is_alive=is_alive)

    def clean_up(self, leftovers: Iterable[Leftover]) -> None:
        """Remove `leftovers`, as `plan_clean_up` returned them."""
        for leftover in leftovers:
            remove_leftover(self.services.engine, leftover, stamps=self.services.stamps)

    def _image_source(self, space: Space, base_image: Callable[[str], str]) -> ImageSource:
        return find_image_source(
            space,
            image_registry=self.settings.values.image_registry,
            ca_bundle=self.settings.values.ca_bundle,
            snapshots=self._snapshots,
            base_image=base_image,
        )

    def _base_image_to_be(self, python_version: str) -> str:
        """Return the base image that a build would use, without getting it."""
        setting = self.settings.values.base_image
        return self.services.images.local_base(setting, python_version) or base_image_name(setting, python_version)

    def _base_image_here(self, python_version: str) -> str:
        """Return the base image that a build uses, got or made now unless it is here."""
        return self.services.images.acquire_base(self.settings.values.base_image, python_version, self._on_progress)


def _connect(settings: LoadedSettings, environment: Mapping[str, str]) -> Services:
    """Wire the parts with effects to the engine that `DOCKER_HOST` or the docker context names."""
    address = f" at {environment['DOCKER_HOST']}" if environment.get("DOCKER_HOST") else ""
    with docker_errors(f"asking the engine{address}", otherwise=EngineUnavailableError):
        # Which also asks the engine for its version: one that does not answer is found out here.
        client = docker.from_env(environment=dict(environment))
    _check_reachable(client.api.base_url)
    places = settings.places
    stamps = places.state / "last-used"
    engine = DockerEngine(client, stamps)
    return Services(
        engine=engine,
        images=Images(client, lock_directory=places.locks),
        slots=Slots(engine, max_running=settings.values.max_running, lock_directory=places.locks),
        connect_caller=_connect_caller,
        scratch=places.scratch,
        stamps=stamps,
    )


def _connect_caller() -> Caller:
    from hf_spaces_runner.calling.gradio import GradioCaller  # noqa: PLC0415 - see Services

    return GradioCaller()


def _check_reachable(base_url: str) -> None:
    host = urlsplit(base_url).hostname
    if base_url.startswith("http+docker") or host in {None, "localhost", "127.0.0.1", "::1"}:
        return
    raise EngineUnavailableError(
        f"the engine at {host} is on another machine, whose loopback interface this one cannot reach",
        hint="run hfsr on that machine, or name a local engine with DOCKER_HOST or docker context use",
    )


def _attempt(candidate: Candidate, measured: Measured, error: RunnerError | None) -> Attempt:
    return Attempt(
        kind=candidate.kind,
        name=candidate.space.id,
        status=Status.OK if error is None else Status.FAILED,
        error=None if error is None else error.message,
        verdict=None if error is None else error.verdict,
        hint=None if error is None else error.hint,
        timings=measured.timings(),
    )


def _redact(error: RunnerError, request: Request) -> None:
    """Take the request's secrets out of what a Space may have printed of them."""
    secrets = tuple(request.secrets.values())
    error.message = redact(error.message, secrets)
    error.evidence = None if error.evidence is None else redact(error.evidence, secrets)


def _check_files(request: Request) -> None:
    for given in request.inputs:
        if given.path is None:
            continue
        shown = ascii(str(given.path))[1:-1]
        if not given.path.exists():
            raise UsageError(f"input file {shown} does not exist")
        if not given.path.is_file():
            raise UsageError(f"input {shown} is not a file")
        if not os.access(given.path, os.R_OK):
            raise UsageError(f"input file {shown} cannot be read: permission denied")


def _new_run_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(3)}"
