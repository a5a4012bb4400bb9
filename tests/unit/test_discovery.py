"""What is found on the Hub is merged with what is known, ranked, and remembered; the Hub is a real server."""

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest

from hf_spaces_runner.discovery import Discovery, Refreshed, Wish
from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import HubError, UnknownSpaceError
from hf_spaces_runner.hub.client import Hub
from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.registry.layer import MemoryLayer
from hf_spaces_runner.registry.registry import Registry
from tests.fakes.hub_server import Fault, HubServer, hub_server

__all__ = ["hub_server"]  # a fixture

pytestmark = pytest.mark.network

OWN = Space(
    id="mine",
    docker_image="registry.hf.space/ada-mine:latest",
    description="Writes down speech",
    category="audio_processing",
    input_type="audio",
    output_type="text",
    space_id="Ada/Mine",
    origin="given",
)
DAY_S = 24 * 3600.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def discovered(tmp_path: Path) -> Discovered:
    return Discovered(tmp_path / "discovered.sqlite")


@pytest.fixture
def hub(hub_server: HubServer) -> Iterator[Hub]:
    with Hub(hub_server.url, timeout_s=0.5, sleep=lambda _: None) as hub:
        yield hub
    huggingface_hub.close_session()


@pytest.fixture
def registry(discovered: Discovered) -> Registry:
    return Registry([MemoryLayer([OWN]), discovered], complete=discovered.complete)


@pytest.fixture
def discovery(registry: Registry, discovered: Discovered, hub: Hub, clock: Clock) -> Discovery:
    return Discovery(registry, discovered, hub=lambda: hub, now=clock)


def names(spaces: list[Space]) -> list[str]:
    return [space.space_id or space.id for space in spaces]


def no_hub() -> Hub:
    pytest.fail("the Hub is asked")


def test_what_is_known_is_found_without_the_hub(registry: Registry, discovered: Discovered, clock: Clock) -> None:
    discovery = Discovery(registry, discovered, hub=no_hub, now=clock)
    assert discovery.known(Wish(text="speech")) == [OWN]
    assert discovery.known(Wish(text="speeches")) == [OWN]  # of one stem
    assert discovery.known(Wish(category="audio_processing")) == [OWN]
    for wish in (Wish(text="pictures"), Wish(category="specialized"), Wish(text="speech", sdk="docker")):
        assert discovery.known(wish) == []


def test_the_hubs_order_counts_where_words_do_not(discovery: Discovery, hub_server: HubServer) -> None:
    for name in ("ada/one", "ada/two"):
        hub_server.add(name, title="Zebra")
    assert names(discovery.ask_hub(Wish(text="zebra")))[:2] == ["ada/one", "ada/two"]


def test_an_entry_stands_for_what_is_found_and_keeps_its_category(discovery: Discovery, hub_server: HubServer) -> None:
    hub_server.add("ada/mine", tags=["text-to-image"], likes=9)
    hub_server.add("ada/painter", tags=["text-to-image"])
    assert names(discovery.ask_hub(Wish(category="image_processing"))) == ["ada/painter"]
    assert names(discovery.ask_hub(Wish(category="audio_processing"))) == ["Ada/Mine"]


def test_more_is_asked_for_where_much_is_left_out(discovery: Discovery, hub_server: HubServer) -> None:
    for number in range(3):
        hub_server.add(f"ada/picture-{number}", title="speech speech", tags=["text-to-image"])
    hub_server.add("ada/voice", title="speech", tags=["audio"])
    found = discovery.ask_hub(Wish(text="speech", category="audio_processing", limit=2))
    assert set(names(found)) == {"Ada/Mine", "ada/voice"}


def test_a_category_of_the_users_own_asks_nobody(registry: Registry, discovered: Discovered, clock: Clock) -> None:
    assert Discovery(registry, discovered, hub=no_hub, now=clock).ask_hub(Wish(category="toys")) == []


def test_a_search_adds_to_what_a_look_up_told_and_the_other_way_round(
    discovery: Discovery, discovered: Discovered, hub_server: HubServer
) -> None:
    hub_server.add(
        "ada/thing", subdomain="ada-thing-x", models=["ada/model"], ai_category="Speech Recognition", app_port=99
    )
    hub_server.models["ada/model"] = "text-to-image"
    looked_up = discovery.look_up("ada/thing")
    assert looked_up.categorised.category is Category.IMAGE_PROCESSING  # by its model's task
    hub_server.spaces["ada/thing"].update(likes=8, title="A new title")
    discovery.ask_hub(Wish(text="title"))
    found = discovered.found("ada/thing")
    assert found is not None
    assert (found.hub.subdomain, found.hub.app_port, found.hub.sha) == ("ada-thing-x", 99, looked_up.hub.sha)
    assert (found.hub.likes, found.hub.title) == (8, "A new title")
    assert found.hub.tasks == ("text-to-image",)
    assert found.hub.ai_category == "Speech Recognition"
    again = discovery.look_up("ada/thing")
    assert again.hub.ai_category == "Speech Recognition"
    assert again.read_at > found.read_at > looked_up.read_at


def test_a_look_up_asks_for_models_where_nothing_else_is_certain(discovery: Discovery, hub_server: HubServer) -> None:
    hub_server.models["ada/model"] = "translation"
    hub_server.add("ada/tagged", tags=["text-to-speech"], models=["ada/model"])
    hub_server.add("ada/untagged", models=["ada/model"])
    assert discovery.look_up("ada/tagged").categorised.category is Category.AUDIO_PROCESSING
    assert hub_server.paths == ["/api/spaces/ada/tagged"]
    assert discovery.look_up("ada/untagged").categorised.category is Category.TEXT_PROCESSING
    assert hub_server.paths[1:] == ["/api/spaces/ada/untagged", "/api/models/ada/model"]


def test_models_that_do_not_answer_are_done_without(discovery: Discovery, hub_server: HubServer) -> None:
    hub_server.add("ada/untagged", models=["ada/model"])
    hub_server.faults["/api/models/ada/model"] = Fault(status=429, headers={"Retry-After": "9"})
    assert discovery.look_up("ada/untagged").hub.id == "ada/untagged"


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault(slow=True), "hub_unreachable"),
        (Fault(broken=True), "hub_unreachable"),
        (Fault(status=500), "hub_failed"),
        (Fault(status=403), "hub_refused"),
        (Fault(body=b"[]"), "hub_nonsense"),
    ],
    ids=["slow", "broken", "500", "403", "nonsense"],
)
def test_where_the_hub_does_not_say_nothing_is_changed(
    discovery: Discovery, discovered: Discovered, hub_server: HubServer, fault: Fault, verdict: str
) -> None:
    hub_server.add("ada/thing")
    before = discovery.look_up("ada/thing")
    hub_server.faults["/api/spaces/ada/thing"] = fault
    with pytest.raises(HubError) as caught:
        discovery.look_up("ada/thing")
    assert caught.value.verdict == verdict
    assert discovered.found("ada/thing") == before


def test_an_answer_ends_the_rest_that_the_hub_was_given(
    discovery: Discovery, discovered: Discovered, hub_server: HubServer
) -> None:
    hub_server.add("ada/thing")
    for ask in (lambda: discovery.look_up("ada/thing"), lambda: discovery.ask_hub(Wish(text="thing"))):
        discovered.note("unreachable_at", "999.0")
        ask()
        assert not discovered.noted("unreachable_at")


def test_a_refresh_reads_the_oldest_first_and_what_was_never_read(discovery: Discovery, hub_server: HubServer) -> None:
    for name in ("ada/b", "ada/a", "Ada/Mine"):
        hub_server.add(name)
    discovery.look_up("ada/b")
    discovery.look_up("ada/a")
    assert discovery.to_refresh() == ["ada/b", "ada/a", "Ada/Mine"]
    assert [one.problem for one in discovery.refresh(discovery.to_refresh(), is_all=True)] == [None] * 3
    assert sorted(discovery.to_refresh()) == ["Ada/Mine", "ada/a", "ada/b"]


def test_a_refresh_that_was_broken_off_leaves_out_what_was_read_and_what_failed(
    discovery: Discovery, discovered: Discovered, hub_server: HubServer
) -> None:
    hub_server.add("Ada/Mine")
    for number in range(5):
        hub_server.add(f"ada/{number}")
        discovery.look_up(f"ada/{number}")
    del hub_server.spaces["ada/0"]
    hub_server.faults["/api/spaces/ada/1"] = Fault(status=403)
    hub_server.faults["/api/spaces/ada/3"] = Fault(status=429, headers={"Retry-After": "9999"})
    done: list[Refreshed] = []
    with pytest.raises(HubError, match="no more requests"):
        done.extend(discovery.refresh(discovery.to_refresh(), is_all=True))
    assert discovery.to_refresh() == ["ada/3", "ada/4", "Ada/Mine"]
    assert discovered.found("ada/0") is None
    assert discovered.found("ada/1") is not None  # it may be there, for others


def test_a_refresh_that_was_broken_off_long_ago_begins_anew(
    discovery: Discovery, hub_server: HubServer, clock: Clock
) -> None:
    hub_server.add("ada/thing")
    discovery.look_up("ada/thing")
    discovery.to_refresh()
    discovery.look_up("ada/thing")
    assert "ada/thing" not in discovery.to_refresh()
    clock.now += DAY_S
    assert "ada/thing" in discovery.to_refresh()


def test_a_space_that_is_not_there_is_unknown(discovery: Discovery) -> None:
    with pytest.raises(UnknownSpaceError):
        discovery.look_up("ada/none")


def test_an_sdk_counts_for_entries_too(discovery: Discovery, hub_server: HubServer) -> None:
    hub_server.add("Ada/Mine", title="speech", sdk="docker")  # the entry says gradio
    hub_server.add("ada/other", title="speech", sdk="docker")
    found = discovery.ask_hub(Wish(text="speech", sdk="docker"))
    assert [(space.space_id, space.sdk) for space in found] == [("ada/other", Sdk.DOCKER)]
