import os
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import docker
import pytest

from hf_spaces_runner import __version__
from hf_spaces_runner.doctor import LEFT_BEHIND_AFTER_S, gather_facts
from hf_spaces_runner.domain.machine import EngineFacts, LeftBehind, Problem, RegistryFacts
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.errors import EngineUnavailableError, UsageError
from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind
from hf_spaces_runner.planning.diagnosis import diagnose
from hf_spaces_runner.planning.facts import Facts
from tests.unit.orchestrator.described_engine import described_engine

pytestmark = pytest.mark.network

CLOSED = {"HFSR_IMAGE_REGISTRY": "127.0.0.1:1"}


def no_engine(_: Mapping[str, str]) -> docker.DockerClient:
    raise EngineUnavailableError("asking the engine failed: no such file")


def never() -> Iterable[Leftover]:
    raise AssertionError("nobody can be asked")


def gather_without_an_engine(**environment: str) -> Facts:
    return gather_facts({**CLOSED, **environment}, connect=no_engine, find_leftovers=never)


def gather_from_an_engine(leftovers: Iterable[Leftover], info: dict[str, object] | None = None) -> Facts:
    with described_engine(info=info) as client:
        return gather_facts(CLOSED, connect=lambda _: client, find_leftovers=lambda: leftovers)


def test_without_an_engine_all_else_is_found_out(private_home: Path) -> None:
    facts = gather_without_an_engine(HFSR_HOME=str(private_home / "elsewhere"), HFSR_MEMORY="3g")
    assert facts.version == __version__
    assert facts.settings.memory == 3 * 1024**3
    assert facts.settings_problem is None
    assert isinstance(facts.registry, RegistryFacts)
    assert facts.engine == Problem(
        message="asking the engine failed: no such file", fix=EngineUnavailableError.hint or ""
    )
    assert (facts.disk_free_bytes, facts.left_behind) == (None, None)
    assert isinstance(facts.image_registry.answer, Problem)
    assert [folder.path for folder in facts.machine.folders] == [
        private_home / "elsewhere" / "state",
        private_home / "elsewhere" / "cache",
    ]


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"HFSR_MEMORY": "much"}, "HFSR_MEMORY"),
        ({"HFSR_MEMROY": "2g"}, "did you mean memory?"),
        ({"HFSR_HOME": "~nobody-of-this-name/x"}, "is no user"),
    ],
)
def test_wrong_settings_are_told_and_the_defaults_stand_in(environment: dict[str, str], told: str) -> None:
    facts = gather_facts(environment, connect=no_engine, find_leftovers=never)
    assert facts.settings_problem is not None
    assert told in facts.settings_problem.message
    assert facts.settings == Settings()
    assert isinstance(facts.registry, RegistryFacts)


def test_what_is_wrong_in_a_registry_is_told_and_the_rest_stays(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("spaces: [\n")
    facts = gather_without_an_engine(HFSR_REGISTRY=str(tmp_path / "own.yaml"))
    assert isinstance(facts.registry, RegistryFacts)
    (fault,) = facts.registry.faults
    assert fault.startswith(f"{tmp_path}/own.yaml:2:1: spaces: ")
    assert "vader-sentiment" in {space.id for space in facts.registry.spaces}
    assert facts.registry.known >= len(facts.registry.spaces)
    assert {finding.name: finding.status for finding in diagnose(facts)}["registry"] == "warn"


def test_a_registry_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    facts = gather_without_an_engine(HFSR_REGISTRY=str(tmp_path))
    assert isinstance(facts.registry, Problem)
    assert "is not a file but a directory" in facts.registry.message
    assert diagnose(facts)


def test_certificates_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    facts = gather_without_an_engine(HFSR_CA_BUNDLE=str(tmp_path / "none.pem"))
    assert isinstance(facts.certificates, Problem)
    assert "none.pem" in facts.certificates.message


def test_the_disk_of_an_engine_elsewhere_is_not_looked_at(tmp_path: Path) -> None:
    facts = gather_from_an_engine([])
    assert isinstance(facts.engine, EngineFacts)
    assert facts.disk_free_bytes is None
    facts = gather_from_an_engine([], {"KernelVersion": os.uname().release, "DockerRootDir": str(tmp_path)})
    assert facts.disk_free_bytes


def leftover(
    kind: LeftoverKind, age_s: float, size_bytes: int = 1, *, in_use: bool = False, orphaned: bool = False
) -> Leftover:
    return Leftover(
        kind=kind,
        name="x",
        last_used_at=time.time() - age_s,
        size_bytes=size_bytes,
        in_use=in_use,
        orphaned=orphaned,
    )


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (leftover(LeftoverKind.CONTAINER, LEFT_BEHIND_AFTER_S + 60), (1, 1, 0, 0)),
        (leftover(LeftoverKind.CONTAINER, LEFT_BEHIND_AFTER_S / 2), (0, 0, 0, 0)),
        (leftover(LeftoverKind.CONTAINER, 0, orphaned=True), (1, 1, 0, 0)),
        (leftover(LeftoverKind.CONTAINER, LEFT_BEHIND_AFTER_S + 60, in_use=True), (0, 0, 0, 0)),
        (leftover(LeftoverKind.SCRATCH, LEFT_BEHIND_AFTER_S + 60, 5), (1, 5, 0, 0)),
        (leftover(LeftoverKind.IMAGE, LEFT_BEHIND_AFTER_S + 60), (0, 0, 0, 0)),
        (leftover(LeftoverKind.MODEL_CACHE, LEFT_BEHIND_AFTER_S + 60, 7), (0, 0, 1, 7)),
        (leftover(LeftoverKind.MODEL_CACHE, 0, 7, in_use=True), (0, 0, 1, 7)),
    ],
)
def test_what_is_left_behind_is_counted(item: Leftover, expected: tuple[int, int, int, int]) -> None:
    found = gather_from_an_engine([item]).left_behind
    assert isinstance(found, LeftBehind)
    assert (found.leftovers, found.leftover_bytes, found.caches, found.cache_bytes) == expected


def test_leftovers_that_cannot_be_listed_are_told() -> None:
    def refused() -> Iterable[Leftover]:
        raise UsageError("the folder cannot be read", hint="make it readable")

    with described_engine() as client:
        facts = gather_facts(CLOSED, connect=lambda _: client, find_leftovers=refused)
    assert facts.left_behind == Problem(message="the folder cannot be read", fix="make it readable")
