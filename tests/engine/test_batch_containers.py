"""The containers of a batch: how many, what becomes of those that die, and who answers where none starts."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.batch.batch import Batch, BatchOptions
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.errors import NotReadyError
from hf_spaces_runner.runner import Runner
from tests.engine.batches import (
    OUT,
    batch,
    batch_containers,
    batch_image,
    begin,
    nothing_is_left,
    prompts,
    results,
    texts,
    wait_for_lines,
)
from tests.engine.command_line import hfsr
from tests.engine.images import script_image

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return batch_image(docker_client, base_image)


@pytest.fixture(scope="module")
def broken(docker_client: docker.DockerClient, base_image: str) -> str:
    return script_image(docker_client, "batch-broken", "raise SystemExit('no licence')\n", base=base_image)


@pytest.fixture(autouse=True)
def leaves_nothing(docker_client: docker.DockerClient) -> Iterator[None]:
    yield
    nothing_is_left(docker_client)


def test_an_item_that_ends_its_container_twice_is_left_out(image: str, tmp_path: Path) -> None:
    asked = [*map(str, range(5)), "end 3", *map(str, range(6, 12)), "end 0", "last"]
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--concurrency", "2", "--json")
    assert (ended.exit_code, ended.json["failures"]) == (21, {"poison": 2}), ended.stderr
    lines = results(tmp_path)
    assert [line["index"] for line in lines] == list(range(14))
    assert [line["text"] for line in lines] == [None if text.startswith("end") else text for text in asked]
    assert ended.json["containers"]["died"] == 4


def test_one_that_eats_all_memory_is_left_out_and_why_is_said(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["first", "eat", "last"])
    ended = batch(image, tmp_path, "--prompts", name, "--memory", "128m", "--json")
    assert ended.exit_code == 21, ended.stderr
    assert texts(tmp_path) == ["first", None, "last"]
    assert "memory" in results(tmp_path)[1]["error"]


def test_one_that_grows_is_replaced_before_it_dies(image: str, tmp_path: Path) -> None:
    asked = ["grow 66", "sleep 1.2 a", "sleep 1.2 b", "grow 66"]
    name = prompts(tmp_path, asked)
    ended = batch(image, tmp_path, "--prompts", name, "--memory", "80m", "--containers", "1", "--json")
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["containers"]["recycled"] >= 1
    assert ended.json["containers"]["died"] == 0
    assert texts(tmp_path)[-1] == "66"  # all of what was kept is that of the last


def test_after_so_many_items_a_container_is_replaced(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["host"] * 9)
    ended = batch(image, tmp_path, "--prompts", name, "--recycle-after", "3", "--containers", "1", "--json")
    assert (ended.exit_code, ended.json["containers"]["recycled"]) == (0, 3), ended.stderr
    hosts = texts(tmp_path)
    assert [hosts.count(host) for host in dict.fromkeys(hosts)] == [3, 3, 3]


@pytest.mark.parametrize("how", ["kill", "remove"])
def test_a_container_that_is_ended_from_outside_is_replaced(
    image: str, tmp_path: Path, docker_client: docker.DockerClient, how: str
) -> None:
    asked = [f"sleep 0.3 {number}" for number in range(12)]
    process = begin(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--containers", "1")
    wait_for_lines(tmp_path / OUT / "results.jsonl", 2, process)
    (name,) = batch_containers(docker_client)
    container = docker_client.containers.get(name)
    if how == "kill":
        container.kill()
    else:
        container.remove(force=True)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert texts(tmp_path) == [f"0.3 {number}" for number in range(12)]
    assert json.loads((tmp_path / OUT / "summary.json").read_text("utf-8"))["containers"]["died"] == 1
    assert "replaced" in said


def test_slow_items_get_a_second_container_and_no_third(image: str, tmp_path: Path) -> None:
    asked = ["sleep 1 " + str(number) for number in range(20)]
    name = prompts(tmp_path, [*asked, "most"])
    ended = batch(image, tmp_path, "--prompts", name, "--containers", "2", "--json")
    assert (ended.exit_code, ended.json["containers"]["started"]) == (0, 2), ended.stderr
    assert texts(tmp_path)[-1] == "1"  # never two at once in one container
    assert ended.json["elapsed_s"] < sum(1.0 for _ in asked)  # what one container needs at least


def test_few_quick_items_get_one(image: str, tmp_path: Path) -> None:
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, ["a", "b", "c"]), "--json")
    assert (ended.exit_code, ended.json["containers"]["started"]) == (0, 1), ended.stderr


def test_where_there_is_one_slot_it_gets_by_with_one_container(image: str, tmp_path: Path) -> None:
    slot = {"HFSR_MAX_RUNNING": "1"}
    name = prompts(tmp_path, [f"sleep 1 {number}" for number in range(12)])
    process = begin(image, tmp_path, "--prompts", name, "--json", **slot)
    wait_for_lines(tmp_path / OUT / "results.jsonl", 1, process)
    other = tmp_path / "other"
    other.mkdir()
    refused = batch(image, other, "--prompts", prompts(other, ["a"]), "--slot-timeout", "1s", "--json", **slot)
    assert (refused.exit_code, refused.json["verdict"]) == (5, "no_slot"), refused.stderr
    said, warned = process.communicate(timeout=120)
    assert process.returncode == 0, warned
    assert json.loads(said)["containers"]["started"] == 1
    assert texts(tmp_path) == [f"1 {number}" for number in range(12)]


def test_where_the_space_does_not_start_the_next_one_answers_all(image: str, broken: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a", "b", "c"])
    command = ("batch", "--hf-space", broken, "--pull", "never", "--prompts", name, "-o", OUT, "--json")
    ended = hfsr(*command, "--fallback", image, directory=tmp_path)
    assert (ended.exit_code, ended.json["answered_by"]) == (0, {"hfsr-test-batch": 3}), ended.stderr
    assert ended.stderr.count("trying hfsr-test-batch") == 1
    assert {line["answered_by"] for line in results(tmp_path)} == {"hfsr-test-batch"}
    again = hfsr(*command, "--fallback", image, directory=tmp_path)
    assert (again.exit_code, again.json["known"]) == (0, 3), again.stderr
    alone = hfsr(*command, "--no-fallback", "--no-resume", directory=tmp_path)
    assert (alone.exit_code, alone.json["verdict"]) == (12, "exited_at_start")
    # With a history of its own: after three failures in a row it would rest.
    elsewhere = {"HFSR_HOME": str(tmp_path / "home")}
    one = hfsr(*command, "--fallback", image, "--max-attempts", "1", directory=tmp_path, environment=elsewhere)
    assert (one.exit_code, one.json["verdict"]) == (12, "exited_at_start")


def test_items_that_fail_may_be_asked_of_others(
    image: str, broken: str, tmp_path: Path, docker_client: docker.DockerClient, base_image: str
) -> None:
    echo = Path(__file__).with_name("echo_space.py").read_text("utf-8")
    other = script_image(docker_client, "batch-other", echo, base=base_image)
    name = prompts(tmp_path, ["good", "fail b", "fine"])
    command = ("batch", "--hf-space", image, "--pull", "never", "--prompts", name, "-o", OUT, "--json")
    ended = hfsr(*command, "--fallback", other, "--fallback-items", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["good", "fail b", "fine"]
    lines = results(tmp_path)
    assert [line["answered_by"] for line in lines] == ["hfsr-test-batch", "hfsr-test-batch-other", "hfsr-test-batch"]
    assert [one["status"] for one in lines[1]["attempts"]] == ["failed", "ok"]
    # Who could not be started for the batch is not asked about its items either.
    command = ("batch", "--hf-space", broken, "--pull", "never", "--prompts", name, "-o", OUT, "--json")
    ended = hfsr(*command, "--no-resume", "--fallback", f"{image},{other}", "--fallback-items", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    asked = [one["name"] for one in results(tmp_path)[1]["attempts"]]
    assert asked == ["hfsr-test-batch", "hfsr-test-batch-other"]


def test_a_space_that_wants_the_hub_around_it_gets_it(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["variable SPACE_ID", "b"])
    ended = batch(image, tmp_path, "--prompts", name, "-e", "WANTS_HUB=1")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path)[0] not in {None, "-"}
    assert "starting again" in ended.stderr


def test_one_that_wants_it_in_the_middle_of_a_call_does_so_too(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a", "must SPACE_ID", "c"])
    ended = batch(image, tmp_path, "--prompts", name)
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path)[1] not in {None, "-"}


@pytest.mark.parametrize("fails", [False, True], ids=["ends well", "fails"])
def test_as_a_library_it_leaves_no_threads(image: str, broken: str, tmp_path: Path, *, fails: bool) -> None:
    before = set(threading.enumerate())
    runner = Runner(settings={"max_running": 12})
    made = Batch(
        runner,
        Request(space=broken if fails else image, fallback=(), pull=PullPolicy.NEVER),
        SourceSpec(prompts=tmp_path / prompts(tmp_path, ["a", "b"])),
        BatchOptions(output=tmp_path / OUT, concurrency=2),
    )
    if fails:
        with pytest.raises(NotReadyError):
            made.run()
    else:
        assert (made.run().ok, texts(tmp_path)) == (2, ["a", "b"])
    for thread in set(threading.enumerate()) - before:
        if thread.name != "hfsr-watch":
            thread.join(10.0)
            assert not thread.is_alive(), thread.name


def test_the_deadline_holds_while_the_first_container_starts(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["a"])
    ended = batch(image, tmp_path, "--prompts", name, "--deadline", "2s", "-e", "START_S=600", "--json")
    assert (ended.exit_code, ended.json["complete"], ended.json["items"]) == (21, False, 0), ended.stderr
    assert "deadline" in ended.json["stopped"]
