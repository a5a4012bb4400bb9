from dataclasses import replace

import pytest

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.launch import LaunchProfile, Network
from hf_spaces_runner.domain.request import Limits, Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.sharing import find_shared, sharing_of

SPACE = Space(id="clip", docker_image="registry.hf.space/openai-clip:latest")
IMAGE = Image(id="sha256:1", reference="clip")
REQUEST = Request(space="clip")
LABELS = RunLabels(run_id="run", space_id="clip", user="me", memory_bytes=100, network=Network.OPEN)
UP = ListedContainer(
    id="1", name="hfsr-clip-run-up", labels=LABELS, status=ContainerStatus.RUNNING, image_id=IMAGE.id, port=1
)
ISOLATED = replace(UP, id="2", labels=replace(LABELS, network=Network.ISOLATED))
PRIVATE = replace(UP, id="3", labels=replace(LABELS, network=Network.ISOLATED, privacy=True))
WARMED = replace(UP, id="4", labels=replace(LABELS, network=Network.WARM_ONLINE))


def found(
    request: Request, *listed: ListedContainer, default: Network = Network.OPEN, user: str = "me"
) -> ListedContainer | None:
    sharing = sharing_of(request, user, default)
    return None if sharing is None else find_shared(listed, SPACE, IMAGE, sharing)


def test_one_that_is_up_answers_whoever_asks_for_nothing_special() -> None:
    for up in (UP, ISOLATED, PRIVATE, WARMED):
        assert found(REQUEST, up) is up


@pytest.mark.parametrize("said", ["", "hub"])
def test_of_several_one_of_the_profile_that_is_wanted_answers(said: str) -> None:
    hub = replace(UP, labels=replace(LABELS, profile=said, created_at=2))
    direct = replace(UP, id="5", labels=replace(LABELS, profile="direct", created_at=1))
    for wanted, expected in ((LaunchProfile.DIRECT, direct), (LaunchProfile.HUB, hub)):
        sharing = sharing_of(REQUEST, "me", Network.OPEN, wanted)
        assert sharing is not None
        assert find_shared([hub, direct], SPACE, IMAGE, sharing) is expected
        assert find_shared([hub], SPACE, IMAGE, sharing) is hub
        assert find_shared([direct], SPACE, IMAGE, sharing) is direct


@pytest.mark.parametrize("up", [UP, ISOLATED, WARMED])
def test_in_privacy_only_one_in_privacy_will_do(up: ListedContainer) -> None:
    private = replace(REQUEST, privacy=True)
    assert found(private, up) is None
    assert found(private, up, PRIVATE) is PRIVATE
    assert found(private, replace(PRIVATE, labels=replace(PRIVATE.labels, network=Network.OPEN))) is None


@pytest.mark.parametrize("network", Network)
def test_a_network_that_was_asked_for_is_the_only_one(network: Network) -> None:
    asked = replace(REQUEST, network=network)
    ups = (UP, ISOLATED, WARMED)
    assert [up for up in ups if found(asked, up)] == [up for up in ups if up.labels.network == network]


@pytest.mark.parametrize("network", [Network.ISOLATED, Network.WARM_ONLINE])
def test_a_setting_for_less_than_open_holds_for_one_that_is_up_as_well(network: Network) -> None:
    ups = (UP, ISOLATED, WARMED)
    assert [up for up in ups if found(REQUEST, up, default=network)] == [
        up for up in ups if up.labels.network == network
    ]


def test_what_a_container_gets_when_it_is_made_needs_one_of_its_own() -> None:
    for request in (
        replace(REQUEST, fresh=True),
        replace(REQUEST, read_only=True),
        replace(REQUEST, keep=True),
        replace(REQUEST, environment={"A": "b"}),
        replace(REQUEST, secrets={"A": Secret("b")}),
        replace(REQUEST, limits=Limits(cpus=1)),
        replace(REQUEST, limits=Limits(gpus="all")),
    ):
        assert found(request, UP) is None


def test_another_users_another_image_and_less_memory_will_not_do() -> None:
    assert found(REQUEST, UP, user="you") is None
    assert found(REQUEST, replace(UP, image_id="sha256:2")) is None
    assert found(replace(REQUEST, limits=Limits(memory_bytes=101)), UP) is None
    assert found(REQUEST, replace(UP, name="hfsr-clip-run")) is None
    assert found(REQUEST, replace(UP, status=ContainerStatus.EXITED)) is None


def test_of_several_the_newest_answers() -> None:
    newer = replace(UP, id="5", labels=replace(LABELS, created_at=2.0))
    assert found(REQUEST, newer, UP) is newer
