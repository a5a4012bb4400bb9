"""Starts the process that ends a Space which is up, when its time is over or nobody uses it."""

import os
import sys
from collections.abc import Mapping

# -P: a file in the user's folder that is called like a module is not taken for it.
_COMMAND = ("-P", "-m", "hf_spaces_runner", "keep")


def start_keeper(container_id: str, environment: Mapping[str, str]) -> None:
    """Start `hfsr keep` for the container: in a session of its own, so that it outlives this process and its terminal.

    It ends with the container. Should it be killed, the next command of ours removes what is past its deadline.
    """
    null = ((os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3))
    os.posix_spawn(
        sys.executable, [sys.executable, *_COMMAND, container_id], dict(environment), file_actions=[*null], setsid=True
    )
