"""The short form of `make stress`: kills, a crowd, a slot handed over, an engine that restarts."""

import os
import shutil
from pathlib import Path

import docker
import pytest

from tests.benchmarks import stress
from tests.engine.command_line import NO_MODEL_CACHE

pytestmark = pytest.mark.engine


@pytest.fixture
def place(docker_client: docker.DockerClient, tmp_path: Path) -> stress.Place:
    image = stress.small_space(docker_client, tmp_path / "locks")
    return stress.Place(image=image, home=tmp_path, environment=dict(NO_MODEL_CACHE))


def test_runs_that_are_killed_leave_nothing_after_the_next_command(
    docker_client: docker.DockerClient, place: stress.Place
) -> None:
    outcome = stress.killed_runs(docker_client, place, 12)
    assert outcome.met, outcome
    assert outcome.figures["killed_with_a_container"]


def test_of_a_crowd_never_more_run_than_may_and_all_succeed(
    docker_client: docker.DockerClient, place: stress.Place
) -> None:
    outcome = stress.crowd(docker_client, place, processes=5, runs=3)
    assert outcome.met, outcome


def test_a_slot_that_falls_free_is_taken_by_who_waits(docker_client: docker.DockerClient, place: stress.Place) -> None:
    outcome = stress.hand_over(docker_client, place, 2)
    assert outcome.figures["times"] == 2, outcome


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("dockerd") is None, reason="needs root and dockerd to start a second engine"
)
def test_an_engine_that_restarts_in_the_middle_of_runs_hangs_nobody_and_keeps_nothing() -> None:
    outcome = stress.engine_restarts(4)
    assert outcome.met, outcome
