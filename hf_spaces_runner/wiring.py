"""Wires the parts with effects to an engine: the only place that knows all of them, and that asks for a client."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import docker

from hf_spaces_runner.calling.caller import Caller
from hf_spaces_runner.cloud_answers import CloudAnswers
from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.cloud import CloudModel, cloud_space
from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.domain.model import FoundServer
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.local_models.obtain import Repository
from hf_spaces_runner.model_answers import ModelAnswers
from hf_spaces_runner.orchestrator.docker_engine import DockerEngine
from hf_spaces_runner.orchestrator.docker_errors import docker_errors
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.orchestrator.slots import Slots
from hf_spaces_runner.orchestrator.stamps import Stamps
from hf_spaces_runner.own_model import OwnModel
from hf_spaces_runner.ready_space import Services
from hf_spaces_runner.result_cache.store import ResultCache
from hf_spaces_runner.settings import LoadedSettings

if TYPE_CHECKING:
    from hf_spaces_runner.calling.remote import Remote


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
        images=Images(client, lock_directory=places.locks, scratch=places.scratch, buildkit=settings.values.buildkit),
        slots=Slots(engine, max_running=settings.values.max_running, memory_budget_bytes=settings.values.memory_budget),
        connect_caller=_connect_caller,
        load_callers=_load_callers,
        machine=cache(partial(_read_machine, client)),
        scratch=places.scratch,
        stamps=stamps,
        disk_reserve_bytes=settings.values.disk_reserve,
    )


def _read_machine(client: docker.DockerClient) -> Machine:
    from hf_spaces_runner.orchestrator.engine_facts import read_machine  # noqa: PLC0415 - few runs ask for hardware

    return read_machine(client)


def connect_results(settings: LoadedSettings, warn: Callable[[str], object]) -> ResultCache:
    """Return the answers that are kept; nothing is opened before one is looked for."""
    values = settings.values
    return ResultCache(
        settings.places.results, max_bytes=values.cache_max_bytes, max_age_s=values.cache_max_age, warn=warn
    )


def connect_model_answers(settings: LoadedSettings, *, is_offline: bool) -> ModelAnswers:
    """Wire what finds and asks local models; no engine is needed."""
    values = settings.values
    return ModelAnswers(
        name=values.model,
        timeout_s=values.timeout,
        find_servers=lambda: _find_model_servers(values.model_servers),
        connect_caller=_connect_model,
        own=OwnModel(
            name=values.local_model,
            max_new_tokens=values.max_new_tokens,
            may_fetch=values.model_download,
            is_offline=is_offline,
            repository=_connect_repository,
            free_memory=_free_memory,
        ),
        scratch=partial(scratch_directory, settings.places.scratch),
    )


def connect_cloud_answers(settings: LoadedSettings, *, is_offline: bool) -> CloudAnswers:
    """Wire what asks those whom the user set up beyond this machine; nothing is sent before one is asked."""
    values = settings.values
    name = values.cloud_model
    return CloudAnswers(
        spaces=tuple(cloud_space(text) for text in values.cloud_spaces),
        model=None if name is None else CloudModel(name=name, provider=values.cloud_provider),
        timeout_s=values.timeout,
        is_offline=is_offline,
        connect_space=partial(_connect_remote, values.ca_bundle),
        connect_model=partial(_connect_provider, values.ca_bundle),
        scratch=partial(scratch_directory, settings.places.scratch),
    )


def _connect_remote(ca_bundle: Path | None, token: Secret | None, api: Api) -> Caller:
    from hf_spaces_runner.cloud.remote_space import RemoteSpaceCaller  # noqa: PLC0415 - few runs leave this machine
    from hf_spaces_runner.cloud.trust import trusted  # noqa: PLC0415

    return RemoteSpaceCaller(_connect_caller, trust=lambda: trusted(ca_bundle), token=token, api=api)


def _connect_provider(ca_bundle: Path | None, model: CloudModel, token: Secret) -> Caller:
    from hf_spaces_runner.cloud.provider import ProviderCaller  # noqa: PLC0415 - likewise
    from hf_spaces_runner.cloud.trust import trusted  # noqa: PLC0415

    return ProviderCaller(model, token=token, trust=lambda: trusted(ca_bundle))


def _connect_repository(name: str) -> Repository:
    from hf_spaces_runner.hub.model_files import ModelRepository  # noqa: PLC0415 - few runs fetch a model

    return ModelRepository(name)


def _free_memory() -> int:
    import psutil  # noqa: PLC0415 - likewise

    return int(psutil.virtual_memory().available)


def _find_model_servers(addresses: tuple[str, ...]) -> tuple[FoundServer, ...]:
    from hf_spaces_runner.calling.connected_session import connecting  # noqa: PLC0415 - few runs need a model
    from hf_spaces_runner.local_models.line import PROBE_LIMITS  # noqa: PLC0415
    from hf_spaces_runner.local_models.servers import find_servers  # noqa: PLC0415

    return find_servers(addresses, lambda address, deadline: connecting(address, deadline, PROBE_LIMITS))


def _connect_model(name: str) -> Caller:
    from hf_spaces_runner.calling.http_api.openai import OpenAiCaller  # noqa: PLC0415

    return OpenAiCaller(model=name)


def _connect_caller(kind: ApiKind, api: Api, remote: "Remote | None" = None) -> Caller:
    # Each is loaded where a Space needs it: a run has one.
    if kind is ApiKind.HTTP:
        from hf_spaces_runner.calling.http_api.http import HttpCaller  # noqa: PLC0415

        return HttpCaller(api, remote=remote)
    if kind is ApiKind.OPENAPI:
        from hf_spaces_runner.calling.http_api.openapi import OpenApiCaller  # noqa: PLC0415

        return OpenApiCaller(remote=remote)
    if kind is ApiKind.OPENAI:
        from hf_spaces_runner.calling.http_api.openai import OpenAiCaller  # noqa: PLC0415

        return OpenAiCaller(remote=remote)
    return _load_callers(remote)


def _load_callers(remote: "Remote | None" = None) -> Caller:
    """Return the caller that most Spaces need, with all that the others need as well."""
    from hf_spaces_runner.calling.gradio.caller import GradioCaller  # noqa: PLC0415 - see Services

    return GradioCaller(remote=remote)


def _check_reachable(base_url: str) -> None:
    host = urlsplit(base_url).hostname
    if host in {None, "localhost", "localnpipe", "127.0.0.1", "::1"}:  # the SDK writes `http+docker://localhost`
        return
    raise EngineUnavailableError(
        f"the engine at {host} is on another machine, whose loopback interface this one cannot reach",
        hint="run hfsr on that machine, or name a local engine with DOCKER_HOST or docker context use",
    )
