"""What every engine must do: one suite for the fake, on which other tests build, and for Docker's."""

import os
import signal
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from hf_spaces_runner.domain.container import ContainerStatus
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.labels import DOOR, RunLabels
from hf_spaces_runner.domain.launch import VolumeMount
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import ImageNotFoundError, LaunchError, PortTakenError
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.readiness import wait_until_ready
from tests.contract.conftest import World


def wait_for_log(container: Container, words: str) -> None:
    end = time.monotonic() + 60
    while words not in container.logs(100):
        assert time.monotonic() < end, "it did not say so"
        time.sleep(0.05)


def wait_for_exit(container: Container) -> None:
    end = time.monotonic() + 60
    while container.state().status is not ContainerStatus.EXITED:
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.05)


def test_a_container_runs_inside_the_block_and_is_gone_after_it(world: World) -> None:
    with world.launch(world.spec) as container:
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
    with pytest.raises(type(error)), world.launch(world.spec):
        raise error
    assert world.names() == []


@pytest.mark.engine
@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.4])
def test_an_interrupt_at_any_moment_of_the_start_leaves_nothing(docker_world: World, delay_s: float) -> None:
    timer = threading.Timer(delay_s, os.kill, [os.getpid(), signal.SIGINT])

    def work() -> None:
        timer.start()
        with docker_world.launch(docker_world.spec):
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        work()
    timer.join()
    assert docker_world.names() == []


def test_it_may_be_gone_before_the_block_ends(world: World) -> None:
    with world.launch(world.spec):
        world.engine.remove(world.spec.name)
        assert world.names() == []


def test_one_that_shall_stay_up_outlives_the_block_and_can_be_found_again(world: World) -> None:
    with world.launch(world.spec) as container:
        (before,) = [listed for listed in world.engine.containers() if listed.id == container.id]
        assert (before.up, before.running, before.port) == (False, True, container.port)
        container.stay_up()
    assert container.name == f"{world.spec.name}-up"
    (listed,) = [listed for listed in world.engine.containers() if listed.id == container.id]
    assert (listed.name, listed.up, listed.running) == (container.name, True, True)
    assert listed.labels == RunLabels.read(world.spec.labels)
    again = world.engine.attach(listed)
    assert (again.id, again.name, again.port) == (container.id, container.name, container.port)
    assert again.container_port == world.spec.container_port
    assert again.state().status is ContainerStatus.RUNNING
    world.engine.remove(container.name)
    assert world.names() == []
    with pytest.raises(LaunchError) as caught:
        world.engine.attach(listed).state()
    assert caught.value.verdict == "container_removed"


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), SystemExit(2)])
def test_one_that_shall_stay_up_goes_with_whoever_is_interrupted(world: World, error: BaseException) -> None:
    def keep_and_fail() -> None:
        with world.launch(world.spec) as container:
            container.stay_up()
            raise error

    with pytest.raises(type(error)):
        keep_and_fail()
    assert world.names() == []


def test_one_that_shall_stay_up_outlives_a_run_that_fails(world: World) -> None:
    def keep_and_fail() -> None:
        with world.launch(world.spec) as container:
            container.stay_up()
            raise LaunchError("no")

    with pytest.raises(LaunchError):
        keep_and_fail()
    (name,) = world.names()
    assert name == f"{world.spec.name}-up"
    world.engine.remove(name)
    assert world.names() == []


def test_one_that_was_made_waits_until_it_is_started(world: World) -> None:
    with world.engine.create(world.spec) as container:
        (listed,) = [listed for listed in world.engine.containers() if listed.id == container.id]
        assert (listed.status, listed.running, listed.port) == (ContainerStatus.CREATED, False, 0)
        assert container.state().status is ContainerStatus.CREATED
        container.start()
        assert container.state().status is ContainerStatus.RUNNING
        assert container.port
    assert world.names() == []


@contextmanager
def in_door(world: World, container: Container) -> Iterator[None]:
    """Stand in the door; who else uses this engine at the moment goes through it soon."""
    end = time.monotonic() + 60
    while True:
        with world.engine.door(container) as entered:
            if entered:
                yield
                return
        assert time.monotonic() < end, "somebody else stands in the door"
        time.sleep(0.02)


def test_one_at_a_time_stands_in_the_door(world: World) -> None:
    first_spec, second_spec = world.spec, world.spec_with(name=f"{world.spec.name}-2")
    with world.engine.create(first_spec) as first, world.engine.create(second_spec) as second:
        with in_door(world, first):
            assert [listed.in_door for listed in world.engine.containers() if listed.id == first.id] == [True]
            with world.engine.door(second) as also:
                assert not also
            assert sorted(world.names()) == sorted([DOOR, second_spec.name])
            first.start()
        assert sorted(world.names()) == sorted([first_spec.name, second_spec.name])
        with in_door(world, second):
            assert DOOR in world.names()
    assert world.names() == []


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
def test_the_door_is_free_again_whatever_happens_in_it(world: World, error: BaseException) -> None:
    with world.engine.create(world.spec) as container:
        with pytest.raises(type(error)), in_door(world, container):
            raise error
        with in_door(world, container):
            assert DOOR in world.names()


def test_whoever_is_removed_in_the_door_frees_it(world: World) -> None:
    with world.engine.create(world.spec) as first, in_door(world, first):
        world.engine.remove(first.id)
        with world.engine.create(world.spec) as second, in_door(world, second):
            assert DOOR in world.names()


def test_a_door_that_nobody_leaves_can_be_freed(world: World) -> None:
    with (
        world.engine.create(world.spec) as first,
        world.engine.create(world.spec_with(name=f"{world.spec.name}-2")) as second,
        in_door(world, first),
    ):
        world.engine.free_door(f"hfsr-{world.run_id}")
        with in_door(world, second):
            assert DOOR in world.names()


def test_who_waits_is_woken_by_the_end_of_another(world: World) -> None:
    with world.engine.changes() as changes, world.launch(world.spec):
        started = time.monotonic()
        world.engine.remove(world.spec.name)
        changes.wait(30)
        assert time.monotonic() - started < 20


def test_its_memory_is_measured_while_it_runs(world: World) -> None:
    with world.engine.create(world.spec) as container:
        assert container.memory() is None
        container.start()
        memory = container.memory()
        assert memory is not None
        assert 0 < memory.now_bytes <= memory.peak_bytes <= world.spec.memory_bytes


def test_it_tells_whether_a_process_ran_out_of_memory(world: World) -> None:
    with world.launch(world.spec) as container:
        assert not container.oom_seen()


@pytest.mark.engine
def test_a_child_that_ran_out_of_memory_is_seen_while_the_main_process_lives(docker_world: World) -> None:
    child = "x = bytearray(500 * 1024 ** 2); print(len(x))"
    main = f"import subprocess, time; print(subprocess.call(['python3', '-c', {child!r}]), flush=True); time.sleep(60)"
    spec = docker_world.spec_with(command=("python3", "-c", main), memory_bytes=64 * 1024**2)
    with docker_world.launch(spec) as container:
        wait_for_log(container, "-9")
        assert container.oom_seen()
        assert container.state().status is ContainerStatus.RUNNING


def test_the_engine_has_memory(world: World) -> None:
    assert world.engine.memory_bytes() > 2**28


def test_one_that_is_killed_leaves_its_log(world: World) -> None:
    with world.launch(world.spec) as container:
        wait_for_log(container, "serving")
        container.kill()
        wait_for_exit(container)
        container.kill()
        assert container.state().exit_code == 137
        assert "serving" in container.logs(10)


def test_removing_is_idempotent_and_may_be_done_by_several_at_once(world: World) -> None:
    world.engine.remove("hfsr-that-never-was")
    failures: list[BaseException] = []

    def remove() -> None:
        try:
            world.engine.remove(world.spec.name)
        except LaunchError as error:
            failures.append(error)

    with world.launch(world.spec):
        threads = [threading.Thread(target=remove) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert world.names() == []


def test_one_that_ended_shows_how_and_its_last_lines(world: World) -> None:
    with world.launch(world.spec_with(command=world.ends)) as container:
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
    with docker_world.launch(spec) as container:
        wait_for_exit(container)
        assert container.logs(10) == "first\n***\n"


def test_only_containers_with_our_label_are_listed(world: World) -> None:
    name = f"{world.spec.name}-other"
    with world.launch(world.spec_with(name=name, labels={"hf-spaces-runner.test": "yes"})):
        assert name not in [listed.name for listed in world.engine.containers()]
        with world.launch(world.spec):
            assert world.spec.name in [listed.name for listed in world.engine.containers()]
    assert world.names() == []


def test_an_unknown_image_is_an_error_and_leaves_nothing(world: World) -> None:
    spec = world.spec_with(image="hf-spaces-runner-test/none:never")
    with pytest.raises(ImageNotFoundError, match="no such image"), world.launch(spec):
        pytest.fail("there was no such image")
    assert world.names() == []


def test_a_taken_port_is_an_error_and_leaves_nothing(world: World) -> None:
    with world.launch(world.spec) as first:
        second = world.spec_with(name=f"{world.spec.name}-2", host_port=first.port)
        with pytest.raises(PortTakenError), world.launch(second):
            pytest.fail("the port was taken")
        assert world.names() == [world.spec.name]


def test_a_port_that_is_asked_for_is_given(world: World) -> None:
    with world.launch(world.spec) as first:
        port = first.port
    with world.launch(world.spec_with(host_port=port)) as second:
        assert second.port == port


def test_a_taken_name_is_an_error_and_the_other_container_lives(world: World) -> None:
    with world.launch(world.spec) as first:
        with pytest.raises(LaunchError) as caught, world.launch(world.spec):
            pytest.fail("the name was taken")
        assert caught.value.verdict == "name_taken"
        assert first.state().status is ContainerStatus.RUNNING


def test_a_command_that_is_not_there_is_named_and_leaves_nothing(world: World) -> None:
    spec = world.spec_with(command=("/no/such/command",))
    with pytest.raises(LaunchError) as caught, world.launch(spec) as container:
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

    with world.launch(world.spec_with(volumes=(volume,))):
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
            stack.enter_context(world.launch(world.spec_with(name=f"{world.spec.name}-{number}")))
            for number in range(3)
        ]
        assert len({container.port for container in containers}) == 3
        assert len(world.names()) == 3
    assert world.names() == []
