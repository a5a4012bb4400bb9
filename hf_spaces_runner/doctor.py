"""Gathers what a diagnosis is made of; what cannot be found out is a fact as well, and keeps nothing else back."""

import platform
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TypeVar

import docker

from hf_spaces_runner import __version__
from hf_spaces_runner.domain.machine import EngineFacts, LeftBehind, Problem, RegistryFacts
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.errors import ConfigurationError, RunnerError
from hf_spaces_runner.images.image_registry_facts import read_image_registry_facts
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.orchestrator.engine_facts import read_engine_facts
from hf_spaces_runner.orchestrator.machine_facts import count_certificates, free_disk_bytes, read_machine_facts
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind
from hf_spaces_runner.planning.facts import Facts
from hf_spaces_runner.settings import LoadedSettings, Places, load_settings

LEFT_BEHIND_AFTER_S = 86400.0
"""What was used within a day, and was not left by a dead process, is no leftover: `hfsr cleanup` keeps it as well."""

_MOST_SPACES = 1000
Fact = TypeVar("Fact")
Connect = Callable[[Mapping[str, str]], docker.DockerClient]
FindLeftovers = Callable[[], Iterable[Leftover]]


def gather_facts(environment: Mapping[str, str], *, connect: Connect, find_leftovers: FindLeftovers) -> Facts:
    """Return what can be found out about this machine, its engine, its image registry and our files.

    Args:
        environment: what stands in for `os.environ`.
        connect: makes a client of the engine that `environment` names.
        find_leftovers: gives everything of ours on the engine and on this machine.
    """
    loaded, settings_problem = _load_settings(environment)
    values, places = loaded.values, loaded.places
    engine = _tried(lambda: _read_engine(connect, environment))
    here = engine if isinstance(engine, EngineFacts) else None
    return Facts(
        version=__version__,
        python_version=platform.python_version(),
        settings=values,
        settings_problem=settings_problem,
        origins=loaded.origins,
        registry=_tried(lambda: _read_registry(loaded, environment)),
        certificates=_tried(lambda: count_certificates(values.ca_bundle)),
        machine=read_machine_facts({"state": places.state, "cache": places.cache}, environment),
        engine=engine,
        disk_free_bytes=free_disk_bytes(Path(here.data_folder)) if here and here.local else None,
        image_registry=read_image_registry_facts(
            values.image_registry,
            environment,
            ca_bundle=values.ca_bundle,
            plain_hosts=here.plain_hosts if here else (),
        ),
        left_behind=_tried(lambda: _left_behind(find_leftovers())) if here and settings_problem is None else None,
    )


def _load_settings(environment: Mapping[str, str]) -> tuple[LoadedSettings, Problem | None]:
    """Return the settings in force; the defaults, and why, where those of the user's are wrong."""
    try:
        return load_settings(environment), None
    except ConfigurationError as error:
        problem = _problem(error)
    try:
        places = Places.of(environment)
    except ConfigurationError:
        places = Places.of({})
    return LoadedSettings(values=Settings(), origins={}, places=places), problem


def _read_registry(loaded: LoadedSettings, environment: Mapping[str, str]) -> RegistryFacts:
    registry = KnownSpaces(loaded, environment).registry
    # What nobody has seen run is no reason to ask for its memory and its disk.
    first = islice((space for space in registry.spaces() if space.current_status == "available"), _MOST_SPACES)
    return RegistryFacts(
        known=registry.count(), spaces=tuple(first), faults=tuple(str(fault) for fault in registry.faults)
    )


def _read_engine(connect: Connect, environment: Mapping[str, str]) -> EngineFacts:
    with closing(connect(environment)) as client:
        return read_engine_facts(client, environment)


def _left_behind(found: Iterable[Leftover]) -> LeftBehind:
    found = tuple(found)
    before = time.time() - LEFT_BEHIND_AFTER_S
    caches = [item for item in found if item.kind is LeftoverKind.MODEL_CACHE]
    old = [
        item
        for item in found
        if item.kind in {LeftoverKind.CONTAINER, LeftoverKind.SCRATCH}
        and not item.in_use
        and (item.orphaned or item.last_used_at <= before)
    ]
    return LeftBehind(
        leftovers=len(old),
        leftover_bytes=sum(item.size_bytes or 0 for item in old),
        caches=len(caches),
        cache_bytes=sum(item.size_bytes or 0 for item in caches),
    )


def _tried(find_out: Callable[[], Fact]) -> Fact | Problem:
    try:
        return find_out()
    except RunnerError as error:
        return _problem(error)


def _problem(error: RunnerError) -> Problem:
    return Problem(message=error.message, fix=error.hint or "look at the message")
