"""When the Hub is asked by the way, and when not."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest

from hf_spaces_runner.errors import RegistryError, UnknownSpaceError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings
from tests.fakes.hub_server import Fault, HubServer, hub_server

__all__ = ["hub_server"]  # a fixture

pytestmark = pytest.mark.network


class Said:
    def __init__(self) -> None:
        self.warnings: list[str] = []
        self.notes: list[str] = []


@pytest.fixture
def said() -> Said:
    return Said()


@pytest.fixture
def knowing(said: Said) -> Iterator[Callable[..., KnownSpaces]]:
    """Return what makes a KnownSpaces for an environment; its connections are closed after the test."""
    made: list[KnownSpaces] = []

    def knowing(**environment: str) -> KnownSpaces:
        own = {"HFSR_HOME": os.environ["HFSR_HOME"], **environment}
        made.append(KnownSpaces(load_settings(own), own, on_warning=said.warnings.append, on_note=said.notes.append))
        return made[-1]

    yield knowing
    for known in made:
        if "hub" in vars(known):
            known.hub.close()
    huggingface_hub.close_session()


@pytest.fixture
def known(hub_server: HubServer, knowing: Callable[..., KnownSpaces]) -> KnownSpaces:
    return knowing(HF_ENDPOINT=hub_server.url)


def test_a_name_from_the_hub_wins(known: KnownSpaces, hub_server: HubServer, said: Said) -> None:
    hub_server.add("ada/thing", subdomain="ada-thing-x")
    assert known.find("ada/thing").docker_image == "registry.hf.space/ada-thing:latest"
    assert hub_server.requests == []
    for _ in range(2):
        assert known.find("ada/thing", asks_hub=True).docker_image == "registry.hf.space/ada-thing-x:latest"
    assert known.find("ada/thing").origin == "discovered"
    assert hub_server.paths == ["/api/spaces/ada/thing"]
    assert (said.warnings, said.notes) == ([], [])


@pytest.mark.parametrize("value", ["1", "true", "YES", "on"])
def test_offline_nobody_is_asked(hub_server: HubServer, knowing: Callable[..., KnownSpaces], value: str) -> None:
    known = knowing(HF_ENDPOINT=hub_server.url, HF_HUB_OFFLINE=value)
    assert known.is_offline
    assert known.find("ada/thing", asks_hub=True).origin == "reference"
    assert hub_server.requests == []


@pytest.mark.parametrize("stage", ["PAUSED", "STOPPED", "BUILD_ERROR", "RUNTIME_ERROR", "NO_APP_FILE"])
def test_a_stage_without_an_image_is_warned_of(
    known: KnownSpaces, hub_server: HubServer, said: Said, stage: str
) -> None:
    hub_server.add("ada/thing", stage=stage)
    assert known.find("ada/thing", asks_hub=True).origin == "discovered"
    assert said.warnings == [f"ada/thing is {stage} on the Hub: its image may not be there."]


@pytest.mark.parametrize("stage", ["RUNNING", "SLEEPING", "BUILDING"])
def test_a_stage_with_an_image_is_not(known: KnownSpaces, hub_server: HubServer, said: Said, stage: str) -> None:
    hub_server.add("ada/thing", stage=stage)
    known.find("ada/thing", asks_hub=True)
    assert said.warnings == []


def test_an_absent_space_fails_for_the_hubs_image_registry_only(
    known: KnownSpaces, knowing: Callable[..., KnownSpaces], said: Said
) -> None:
    with pytest.raises(UnknownSpaceError, match="no Space ada/none"):
        known.find("ada/none", asks_hub=True)
    elsewhere = knowing(HF_ENDPOINT=known.hub.endpoint, HFSR_IMAGE_REGISTRY="mirror.example")
    assert elsewhere.find("ada/none", asks_hub=True).docker_image == "mirror.example/ada-none:latest"
    assert "no Space ada/none" in said.notes[0]


@pytest.mark.parametrize(
    ("fault", "rests"),
    [
        (Fault(broken=True), True),
        (Fault(status=429, headers={"Retry-After": "900"}), True),
        (Fault(status=403), False),
        (Fault(body=b"nonsense"), False),
    ],
    ids=["broken", "429", "403", "nonsense"],
)
def test_what_the_hub_does_not_say_is_derived(
    known: KnownSpaces, hub_server: HubServer, said: Said, fault: Fault, rests: bool
) -> None:
    hub_server.faults["/api/spaces/ada/thing"] = fault
    assert known.find("ada/thing", asks_hub=True).docker_image == "registry.hf.space/ada-thing:latest"
    assert said.notes[0].endswith("The name of its image is derived from its id.")
    asked = len(hub_server.requests)
    known.find("ada/thing", asks_hub=True)
    assert (len(hub_server.requests) == asked) is rests


@pytest.mark.parametrize(("ago_s", "asks"), [(5.0, False), (590.0, False), (610.0, True)])
def test_the_rest_ends(known: KnownSpaces, hub_server: HubServer, ago_s: float, asks: bool) -> None:
    hub_server.add("ada/thing")
    known.discovered.note("unreachable_at", repr(time.time() - ago_s))
    known.find("ada/thing", asks_hub=True)
    assert bool(hub_server.requests) is asks


def test_what_cannot_be_written_down_is_no_reason_to_fail(
    known: KnownSpaces, hub_server: HubServer, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RegistryError("the disk is full")

    hub_server.add("ada/thing", subdomain="ada-thing-x")
    monkeypatch.setattr(known.discovered, "remember", full)
    assert known.find("ada/thing", asks_hub=True).docker_image == "registry.hf.space/ada-thing:latest"
    assert said.warnings == ["the disk is full"]


def test_broken_entries_are_told_once(tmp_path: Path, knowing: Callable[..., KnownSpaces], said: Said) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("spaces:\n  broken: {id: broken}\n")
    known = knowing(HFSR_REGISTRY=str(own), HF_HUB_OFFLINE="1")
    for name in ("vader-sentiment", "face-detection"):
        assert known.find(name).origin == "bundled"
    (warning,) = said.warnings
    assert "spaces > broken > " in warning
    assert warning.endswith("What is wrong is left out; all else works.")


def test_a_space_that_was_renamed_is_told(known: KnownSpaces, hub_server: HubServer, said: Said) -> None:
    hub_server.add("ada/new")
    hub_server.faults["/api/spaces/ada/old"] = Fault(status=307, headers={"Location": "/api/spaces/ada/new"})
    assert known.find("ada/old", asks_hub=True).space_id == "ada/new"
    assert said.notes == ["ada/old is called ada/new on the Hub now."]


@pytest.mark.parametrize("noted", ["9e12", "nan", "-inf", "no number"])
def test_no_time_that_is_noted_keeps_the_hub_from_being_asked(
    known: KnownSpaces, hub_server: HubServer, noted: str
) -> None:
    hub_server.add("ada/thing")
    known.discovered.note("unreachable_at", noted)
    known.find("ada/thing", asks_hub=True)
    assert hub_server.paths == ["/api/spaces/ada/thing"]
