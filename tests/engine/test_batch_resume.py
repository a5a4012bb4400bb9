"""A batch that ended in whatever way goes on where it was: each item exactly once, as if nothing had happened."""

import json
import os
import random
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from tests.engine.batches import (
    OUT,
    PLACE,
    arguments,
    batch,
    batch_containers,
    batch_image,
    begin,
    nothing_is_left,
    prompts,
    results,
    texts,
    timeless,
    wait_for_lines,
)
from tests.engine.command_line import HFSR, NO_MODEL_CACHE

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return batch_image(docker_client, base_image)


@pytest.fixture(autouse=True)
def leaves_nothing(docker_client: docker.DockerClient) -> Iterator[None]:
    yield
    nothing_is_left(docker_client)


def test_after_an_interrupt_nothing_is_left_and_the_rest_is_done(
    image: str, tmp_path: Path, docker_client: docker.DockerClient
) -> None:
    name = prompts(tmp_path, [f"sleep 0.3 {number}" for number in range(12)])
    process = begin(image, tmp_path, "--prompts", name, "--containers", "1")
    wait_for_lines(tmp_path / OUT / "results.jsonl", 3, process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said
    nothing_is_left(docker_client)
    done = len(results(tmp_path))
    assert 3 <= done < 12
    ended = batch(image, tmp_path, "--prompts", name, "--json")
    assert (ended.exit_code, ended.json["items"]) == (0, 12), ended.stderr
    assert ended.json["known"] >= done
    assert texts(tmp_path) == [f"0.3 {number}" for number in range(12)]


def test_interrupted_while_it_hangs_in_a_call_it_ends_at_once(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["quick", "sleep 600 a"])
    process = begin(image, tmp_path, "--prompts", name)
    wait_for_lines(tmp_path / OUT / "results.jsonl", 1, process)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=60)  # of 600
    assert process.returncode == 130, said


def test_a_second_interrupt_does_no_harm(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["quick", *(f"sleep 600 {number}" for number in range(4))])
    process = begin(image, tmp_path, "--prompts", name, "--concurrency", "4")
    wait_for_lines(tmp_path / OUT / "results.jsonl", 1, process)
    for _ in range(4):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
        if process.poll() is not None:
            break
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "Traceback" not in said


def test_interrupted_while_the_first_container_starts(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["quick"])
    process = begin(image, tmp_path, "--prompts", name, "-e", "START_S=600")
    client = docker.from_env()
    while not batch_containers(client) and process.poll() is None:
        time.sleep(0.05)
    client.close()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said


@pytest.mark.parametrize("order", [(), ("--unordered",)], ids=["ordered", "unordered"])
def test_killed_again_and_again_each_item_is_there_once(image: str, tmp_path: Path, order: tuple[str, ...]) -> None:
    asked = [f"fail {number}" if number % 7 == 0 else f"sleep 0.02 {number % 40}" for number in range(120)]
    calm, wild = tmp_path / "calm", tmp_path / "wild"
    for folder in (calm, wild):
        folder.mkdir()
        prompts(folder, asked)
    options = ("--prompts", "prompts.txt", "--concurrency", "3", *order)
    assert batch(image, calm, *options).exit_code == 21
    seed = random.randrange(2**32)  # noqa: S311 - no secret
    chance = random.Random(seed)  # noqa: S311 - no secret
    for _ in range(6):
        process = begin(image, wild, *options)
        time.sleep(chance.uniform(0.4, 2.5))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        indices = [line["index"] for line in results(wild)]
        assert len(set(indices)) == len(indices), seed
    ended = batch(image, wild, *options)
    assert ended.exit_code == 21, ended.stderr
    assert sorted(timeless(wild)) == sorted(timeless(calm)), seed
    if not order:
        assert timeless(wild) == timeless(calm), seed


def test_what_was_changed_is_done_again_and_all_else_is_not(image: str, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("text\na\nb\nc\n", encoding="utf-8")
    assert batch(image, tmp_path, "rows.csv", "--json").json["known"] == 0
    assert batch(image, tmp_path, "rows.csv", "--json").json["known"] == 3
    rows.write_text("text\na\nB\nc\nd\n", encoding="utf-8")
    assert batch(image, tmp_path, "rows.csv", "--json").json["known"] == 2
    assert texts(tmp_path) == ["a", "B", "c", "d"]
    assert batch(image, tmp_path, "rows.csv", "-e", "MOOD=good", "--json").json["known"] == 0
    rows.write_text("text\nc\na\n", encoding="utf-8")
    ended = batch(image, tmp_path, "rows.csv", "--json")
    assert (ended.json["known"], ended.json["items"]) == (2, 2)
    assert texts(tmp_path) == ["c", "a"]


def test_a_finished_batch_starts_no_container(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a", "b"])
    before = (batch(image, tmp_path, "--prompts", name), (tmp_path / OUT / "results.jsonl").read_bytes())[1]
    ended = batch(image, tmp_path, "--prompts", name, "--json")
    assert (ended.json["containers"]["started"], ended.json["known"]) == (0, 2)
    assert (tmp_path / OUT / "results.jsonl").read_bytes() == before


def test_what_failed_is_run_again_on_demand(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a", "fail b"])
    assert batch(image, tmp_path, "--prompts", name).exit_code == 21
    ended = batch(image, tmp_path, "--prompts", name, "--json")
    assert (ended.exit_code, ended.json["known"], ended.json["containers"]["started"]) == (21, 2, 0)
    ended = batch(image, tmp_path, "--prompts", name, "--rerun-failed", "--json")
    assert (ended.exit_code, ended.json["known"], ended.json["containers"]["started"]) == (21, 1, 1)


def test_beginning_anew_puts_aside_what_was_done(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a", "b"])
    assert batch(image, tmp_path, "--prompts", name).exit_code == 0
    ended = batch(image, tmp_path, "--prompts", name, "--no-resume", "--json")
    assert (ended.exit_code, ended.json["known"]) == (0, 0), ended.stderr
    assert (tmp_path / OUT / "previous-1" / "results.jsonl").exists()
    assert texts(tmp_path) == ["a", "b"]


def test_the_second_on_the_same_folder_is_told_who_holds_it(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["quick", *(f"sleep 1 {number}" for number in range(60))])
    process = begin(image, tmp_path, "--prompts", name)
    try:
        wait_for_lines(tmp_path / OUT / "results.jsonl", 1, process)
        ended = batch(image, tmp_path, "--prompts", name, "--json")
        assert (ended.exit_code, ended.json["verdict"]) == (2, "folder_busy")
        assert str(process.pid) in ended.json["error"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert len(results(tmp_path)) >= 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount a small disk")
def test_after_a_full_disk_it_goes_on_where_it_was(image: str, tmp_path: Path) -> None:
    asked = [f"{number} {'long ' * 400}".strip() for number in range(200)]
    (tmp_path / OUT).mkdir()
    words = [*HFSR, *arguments(image, "--prompts", prompts(tmp_path, asked), "--json")]
    script = [
        f"mount -t tmpfs -o size=1m none {OUT}",
        f"{shlex.join(words)} > full.json",
        "echo $? > code",
        f"mount -o remount,size=100m {OUT}",
        f"{shlex.join(words)} > done.json",
        f"cp -r {OUT} copy && umount {OUT} && mv copy/* {OUT}",
    ]
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", "\n".join(script)],
        cwd=tmp_path,
        env={**os.environ, **NO_MODEL_CACHE, **PLACE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in ended.stderr
    full, done = (json.loads((tmp_path / name).read_text("utf-8")) for name in ("full.json", "done.json"))
    assert (full["verdict"], int((tmp_path / "code").read_text())) == ("disk_full", full["exit_code"])
    assert "make room" in full["hint"]
    assert 0 < done["known"] < 200
    assert (done["items"], done["failed"]) == (200, 0)
    assert texts(tmp_path) == asked
