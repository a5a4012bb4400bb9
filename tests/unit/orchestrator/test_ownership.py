import os
import socket
import subprocess
import sys

import pytest

from hf_spaces_runner.orchestrator.ownership import is_alive, own_name

HOST = socket.gethostname()


def test_this_process_lives_and_one_that_ended_does_not() -> None:
    assert own_name() == f"{HOST}:{os.getpid()}"
    assert is_alive(own_name())
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert not is_alive(f"{HOST}:{process.pid}")


def test_nobody_can_tell_of_another_host() -> None:
    assert is_alive("other-host:1")


@pytest.mark.parametrize("pid", ["", "x", "-1", "0", "²", "1.5", "9" * 400, " 1"])
def test_what_is_no_process_is_not_alive(pid: str) -> None:
    assert not is_alive(f"{HOST}:{pid}")
