"""What every engine must do: one suite for the fake, on which other tests build, and for Docker's."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import LABEL, ContainerStatus, VolumeMount
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import ImageNotFoundError, LaunchError, PortTakenError
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from tests.contract.conftest import World


def wait_for_exit(container: Container) -> None:
    end = time.monotonic() + 60
    while container.state().status is not ContainerStatus.EXITED:
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.05)


def test_a_container_runs_inside_the_block_and_is_gone_after_it(world: World) -> None:
    with world.engine.launch(world.spec) as container:
        assert container.name == world.spec.name
        assert container.id
        assert 1024 < container.port < 65536
        state = container.state()
        assert (state.status, state.exit_code, state.oom_killed) == (ContainerStatus.RUNNING, None, False)
        assert world.names() == [world.spec.name]
    assert world.names() == []
    with pytest.raises(LaunchError) as caught:
        container.state()
    assert caught.value.verdict == "container_removed"
    assert container.logs(10) == ""


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), SystemExit(2), LaunchError("no")])
def test_it_is_gone_whatever_ends_the_block(world: World, error: BaseException) -> None:
    with pytest.raises(type(error)), world.engine.launch(world.spec):
        raise error
    assert world.names() == []


@pytest.mark.engine
@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_an_interrupt_at_any_moment_of_the_start_leaves_nothing(docker_world: World, delay_s: float) -> None:
    timer = threading.Timer(delay_s, os.kill, [os.getpid(), signal.SIGINT])

    def work() -> None:
        timer.start()
        with docker_world.engine.launch(docker_world.spec):
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        work()
    timer.join()
    assert docker_world.names() == []


def test_it_may_be_gone_before_the_block_ends(world: World) -> None:
    with world.engine.launch(world.spec):
        world.engine.remove(world.spec.name)
        assert world.names() == []


def test_it_stays_where_its_label_says_keep(world: World) -> None:
    spec = world.spec_with(labels={**world.spec.labels, f"{LABEL}.keep": "yes"})
    with world.engine.launch(spec) as container:
        pass
    assert container.state().status is ContainerStatus.RUNNING
    (listed,) = [listed for listed in world.engine.containers() if listed.name == spec.name]
    assert listed.running
    assert listed.labels[f"{LABEL}.keep"] == "yes"
    world.engine.remove(spec.name)
    assert world.names() == []


def test_removing_is_idempotent_and_may_be_done_by_several_at_once(world: World) -> None:
    world.engine.remove("hfsr-that-never-was")
    failures: list[BaseException] = []

    def remove() -> None:
        try:
            world.engine.remove(world.spec.name)
        except LaunchError as error:
            failures.append(error)

    with world.engine.launch(world.spec):
        threads = [threading.Thread(target=remove) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert world.names() == []


def test_one_that_ended_shows_how_and_its_last_lines(world: World) -> None:
    with world.engine.launch(world.spec_with(command=world.ends)) as container:
        wait_for_exit(container)
        state = container.state()
        assert (state.exit_code, state.oom_killed) == (3, False)
        assert container.logs(10) == "first\nlast\n"
        assert container.logs(1) == "last\n"
        (listed,) = [listed for listed in world.engine.containers() if listed.name == world.spec.name]
        assert not listed.running
    assert world.names() == []


@pytest.mark.engine
def test_a_secret_that_the_space_prints_is_not_in_its_log(docker_world: World) -> None:
    spec = docker_world.spec_with(command=docker_world.ends, environment={"TOKEN": Secret("hunter2")})
    with docker_world.engine.launch(spec) as container:
        wait_for_exit(container)
        assert container.logs(10) == "first\n***\n"


def test_only_containers_with_our_label_are_listed(world: World) -> None:
    name = f"{world.spec.name}-other"
    with world.engine.launch(world.spec_with(name=name, labels={"hf-spaces-runner.test": "yes"})):
        assert name not in [listed.name for listed in world.engine.containers()]
        with world.engine.launch(world.spec):
            assert world.spec.name in [listed.name for listed in world.engine.containers()]
    assert world.names() == []


def test_an_unknown_image_is_an_error_and_leaves_nothing(world: World) -> None:
    spec = world.spec_with(image="hf-spaces-runner-test/none:never")
    with pytest.raises(ImageNotFoundError, match="no such image"), world.engine.launch(spec):
        pytest.fail("there was no such image")
    assert world.names() == []


@pytest.mark.parametrize("keep", ["no", "yes"])
def test_a_taken_port_is_an_error_and_leaves_nothing(world: World, keep: str) -> None:
    with world.engine.launch(world.spec) as first:
        labels = {**world.spec.labels, f"{LABEL}.keep": keep}
        second = world.spec_with(name=f"{world.spec.name}-2", host_port=first.port, labels=labels)
        with pytest.raises(PortTakenError), world.engine.launch(second):
            pytest.fail("the port was taken")
        assert world.names() == [world.spec.name]


def test_a_port_that_is_asked_for_is_given(world: World) -> None:
    with world.engine.launch(world.spec) as first:
        port = first.port
    with world.engine.launch(world.spec_with(host_port=port)) as second:
        assert second.port == port


def test_a_taken_name_is_an_error_and_the_other_container_lives(world: World) -> None:
    with world.engine.launch(world.spec) as first:
        with pytest.raises(LaunchError) as caught, world.engine.launch(world.spec):
            pytest.fail("the name was taken")
        assert caught.value.verdict == "name_taken"
        assert first.state().status is ContainerStatus.RUNNING


def test_a_command_that_is_not_there_is_named_and_leaves_nothing(world: World) -> None:
    spec = world.spec_with(command=("/no/such/command",))
    with pytest.raises(LaunchError) as caught, world.engine.launch(spec) as container:
        wait_until_ready(container, Deadline.after(60, time.monotonic), ignore_progress)
    assert caught.value.verdict == "command_not_found"
    assert world.names() == []


@pytest.fixture
def volume(world: World) -> Iterator[VolumeMount]:
    mount = VolumeMount(name=f"hfsr-contract-{uuid.uuid4().hex[:8]}", target="/cache", open_directory="open")
    yield mount
    world.engine.remove_volume(mount.name)


def test_a_volume_outlives_its_container_and_cannot_be_removed_under_it(world: World, volume: VolumeMount) -> None:
    def listed() -> list[bool]:
        return [item.in_use for item in world.engine.volumes() if item.name == volume.name]

    with world.engine.launch(world.spec_with(volumes=(volume,))):
        assert listed() == [True]
        world.engine.remove_volume(volume.name)
        assert listed() == [True]
    assert listed() == [False]
    (found,) = [item for item in world.engine.volumes() if item.name == volume.name]
    assert abs(found.created_at - time.time()) < 3600
    assert found.size_bytes is None or found.size_bytes >= 0
    world.engine.remove_volume(volume.name)
    world.engine.remove_volume(volume.name)
    assert listed() == []


def test_several_run_side_by_side(world: World) -> None:
    with ExitStack() as stack:
        containers = [
            stack.enter_context(world.engine.launch(world.spec_with(name=f"{world.spec.name}-{number}")))
            for number in range(3)
        ]
        assert len({container.port for container in containers}) == 3
        assert len(world.names()) == 3
    assert world.names() == []
