"""Wires the parts with effects to an engine: the only place that knows all of them, and that asks for a client."""

from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

import docker

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.model import FoundServer
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.model_answers import ModelAnswers
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.orchestrator.slots import Slots
from hf_spaces_runner.orchestrator.stamps import Stamps
from hf_spaces_runner.ready_space import Services
from hf_spaces_runner.settings import LoadedSettings


def connect_client(environment: Mapping[str, str]) -> docker.DockerClient:
    """Return a client of the engine that `DOCKER_HOST` or the docker context names.

    Raises:
        EngineUnavailableError: no engine answers, or it is on another machine.
    """
    address = f" at {environment['DOCKER_HOST']}" if environment.get("DOCKER_HOST") else ""
    with docker_errors(f"asking the engine{address}", otherwise=EngineUnavailableError):
        # Which also asks the engine for its version: one that does not answer is found out here.
        client = docker.from_env(environment=dict(environment))
    _check_reachable(client.api.base_url)
    return client


def connect(settings: LoadedSettings, environment: Mapping[str, str]) -> Services:
    """Wire the parts with effects to the engine of `environment`.

    Raises:
        EngineUnavailableError: no engine answers, or it is on another machine.
    """
    client = connect_client(environment)
    places = settings.places
    stamps = Stamps(places.state)
    engine = DockerEngine(client, stamps.volumes)
    return Services(
        engine=engine,
        images=Images(client, lock_directory=places.locks, scratch=places.scratch),
        slots=Slots(engine, max_running=settings.values.max_running, memory_budget_bytes=settings.values.memory_budget),
        connect_caller=_connect_caller,
        load_callers=_load_callers,
        scratch=places.scratch,
        stamps=stamps,
        disk_reserve_bytes=settings.values.disk_reserve,
    )


def connect_model_answers(settings: LoadedSettings) -> ModelAnswers:
    """Wire what finds and asks local models; no engine is needed."""
    values = settings.values
    return ModelAnswers(
        name=values.model,
        timeout_s=values.timeout,
        find_servers=lambda: _find_model_servers(values.model_servers),
        connect_caller=_connect_model,
        scratch=partial(scratch_directory, settings.places.scratch),
    )


def _find_model_servers(addresses: tuple[str, ...]) -> tuple[FoundServer, ...]:
    from hf_spaces_runner.calling.connected_session import connecting  # noqa: PLC0415 - few runs need a model
    from hf_spaces_runner.local_models.line import PROBE_LIMITS  # noqa: PLC0415
    from hf_spaces_runner.local_models.servers import find_servers  # noqa: PLC0415

    return find_servers(addresses, lambda address, deadline: connecting(address, deadline, PROBE_LIMITS))


def _connect_model(name: str) -> Caller:
    from hf_spaces_runner.calling.http_api.openai import OpenAiCaller  # noqa: PLC0415

    return OpenAiCaller(model=name)


def _connect_caller(kind: ApiKind, api: Api) -> Caller:
    # Each is loaded where a Space needs it: a run has one.
    if kind is ApiKind.HTTP:
        from hf_spaces_runner.calling.http_api.http import HttpCaller  # noqa: PLC0415

        return HttpCaller(api)
    if kind is ApiKind.OPENAPI:
        from hf_spaces_runner.calling.http_api.openapi import OpenApiCaller  # noqa: PLC0415

        return OpenApiCaller()
    if kind is ApiKind.OPENAI:
        from hf_spaces_runner.calling.http_api.openai import OpenAiCaller  # noqa: PLC0415

        return OpenAiCaller()
    return _load_callers()


def _load_callers() -> Caller:
    """Return the caller that most Spaces need, with all that the others need as well."""
    from hf_spaces_runner.calling.gradio.caller import GradioCaller  # noqa: PLC0415 - see Services

    return GradioCaller()


def _check_reachable(base_url: str) -> None:
    host = urlsplit(base_url).hostname
    if base_url.startswith("http+docker") or host in {None, "localhost", "127.0.0.1", "::1"}:
        return
    raise EngineUnavailableError(
        f"the engine at {host} is on another machine, whose loopback interface this one cannot reach",
        hint="run hfsr on that machine, or name a local engine with DOCKER_HOST or docker context use",
    )
