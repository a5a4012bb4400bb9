"""Evils of the hostile Space: what it does to the machine besides answering."""

import json
import os
import sys
import time
from pathlib import Path

from tests.engine.hostile.space import ESCAPES, MIB, Space, completed, evil, failed, many


@evil("stream")
def leave(space: Space) -> None:
    space.stream(['data: {"msg": "process_starts"}\n\n'])
    _log("leaving")
    os._exit(7)


@evil("stream")
def fork_bomb(space: Space) -> None:
    children = 0
    for _ in range(2000):  # enough to show that something stops it, and no more, for the machine's sake
        try:
            child = os.fork()
        except OSError:
            continue
        if child == 0:
            time.sleep(60)
            os._exit(0)
        children += 1
    space.stream([completed(f'["{children}"]')])


@evil("stream")
def memory_hog(space: Space) -> None:
    heap = [b"x" * MIB for _ in range(4000)]
    space.stream([completed(f'["{len(heap)}"]')])


@evil("stream")
def fill_the_disk(space: Space) -> None:
    try:
        with Path("/tmp/evil").open("wb", buffering=0) as file:  # noqa: S108 - in the container
            file.writelines(many("x" * MIB, 4000 * MIB))
    except OSError as error:
        space.stream([failed(json.dumps(str(error)))])
    else:
        space.stream([completed('["filled"]')])


@evil("stream")
def log_flood(space: Space) -> None:
    for block in many(f"{ESCAPES}evil line {'x' * 8000}\n", 1000 * MIB):
        sys.stdout.buffer.write(block)
    _log("flooded")
    space.stream([completed()])


@evil("stream")
def log_of_escapes(space: Space) -> None:
    for _ in range(200):
        _log(f"{ESCAPES}evil line {'x' * 100_000}")
    _log(f"{ESCAPES}evil last words\x00")
    space.stream([failed("null")])


def _log(text: str) -> None:
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.flush()
