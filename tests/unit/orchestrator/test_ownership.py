import multiprocessing
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hf_spaces_runner.orchestrator import ownership
from hf_spaces_runner.orchestrator.ownership import is_alive, own_name, own_user


def own(**changes: str) -> str:
    names = ("host", "boot", "namespace", "pid", "start")
    parts = dict(zip(names, own_name().rsplit(":", 4), strict=True))
    return ":".join({**parts, **changes}.values())


def test_this_process_is_alive_and_is_named_the_same_each_time() -> None:
    assert own_name() == own_name() == own()
    assert is_alive(own_name())


def test_one_that_ended_is_not() -> None:
    code = "from hf_spaces_runner.orchestrator.ownership import own_name; print(own_name())"
    name = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert name.split(":")[0] == own_name().split(":")[0]
    assert not is_alive(name)


def test_one_that_ended_and_was_not_waited_for_is_not() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    while True:
        if Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.01)
    assert not is_alive(own(pid=str(process.pid)))
    process.wait()


def test_another_process_of_the_same_number_is_not_the_one() -> None:
    assert not is_alive(own(start="1"))


def test_nothing_outlives_a_boot() -> None:
    assert not is_alive(own(boot="another"))


@pytest.mark.parametrize("other", [{"host": "elsewhere"}, {"namespace": "1"}])
def test_of_another_machine_or_container_nobody_can_tell(other: dict[str, str]) -> None:
    assert is_alive(own(**other, pid="999999"))


@pytest.mark.parametrize("name", ["", "x", "host:1", ":::::", "a:b:c:d:e", f"{'x' * 100_000}"])
def test_what_is_no_name_counts_as_alive(name: str) -> None:
    assert is_alive(name)


def test_a_number_that_no_process_can_have_is_dead() -> None:
    assert not is_alive(own(pid="99999999999999999999"))


def tell(connection: "multiprocessing.connection.Connection") -> None:
    connection.send(own_name())


def test_a_child_that_was_forked_has_its_own_name() -> None:
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe()
    child = fork.Process(target=tell, args=(there,))
    child.start()
    name = here.recv()
    child.join()
    assert name != own_name()
    assert not is_alive(name)


def test_where_the_kernel_says_nothing_psutil_does() -> None:
    assert ownership._started_elsewhere(os.getpid()) is not None
    assert ownership._started_elsewhere(2**30) is None


def test_the_user_has_a_name() -> None:
    assert own_user()
