"""A batch asks one Space about many items, and leaves a line for each."""

import json
import os
import shutil
from pathlib import Path

import docker
import pytest

from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.engine.apps import app_source
from tests.engine.batches import batch, batch_image, nothing_is_left, prompts, results, texts
from tests.engine.command_line import Ended, hfsr

pytestmark = pytest.mark.engine

PICTURE = bundled_registry_directory() / "spaces" / "face-detection" / "sample" / "input.jpg"
ENTRY = """
  {space}:
    id: {space}
    docker_image: hf-spaces-runner-test/{space}:latest
    description: for tests
    category: text_processing
    input_type: text
    output_type: text
    port: 7860
    status: available
    source: {source}
"""


@pytest.fixture(scope="module")
def image(docker_client: docker.DockerClient, base_image: str) -> str:
    return batch_image(docker_client, base_image)


@pytest.fixture(autouse=True)
def leaves_nothing(docker_client: docker.DockerClient) -> object:
    yield
    nothing_is_left(docker_client)


def test_results_stand_in_the_order_of_the_input(image: str, tmp_path: Path) -> None:
    asked = [f"sleep {0.2 if number % 3 == 0 else 0} {number}" for number in range(9)]
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--concurrency", "4", "--json")
    assert (ended.exit_code, ended.json["ok"], ended.json["failed"]) == (0, 9, 0), ended.stderr
    assert texts(tmp_path) == [line.removeprefix("sleep ") for line in asked]
    assert [(line["index"], line["source"]) for line in results(tmp_path)] == [
        (number, f"prompts.txt:{number + 1}") for number in range(9)
    ]
    assert {line["answered_by"] for line in results(tmp_path)} == {"hfsr-test-batch"}


def test_unordered_results_stand_as_they_came(image: str, tmp_path: Path) -> None:
    asked = ["sleep 2 slow", *("quick one" for _ in range(5))]
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--concurrency", "2", "--unordered")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == [*["quick one"] * 5, "2 slow"]
    assert [line["index"] for line in results(tmp_path)] == [1, 2, 3, 4, 5, 0]


def test_columns_fill_the_prompt_and_the_inputs(image: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text('name,what\nAnn,tea\nBob,"a, b"\n', encoding="utf-8")
    assert batch(image, tmp_path, "{name} likes {what}", "rows.csv").exit_code == 0
    assert texts(tmp_path) == ["Ann likes tea", "Bob likes a, b"]
    ended = batch(image, tmp_path, "rows.csv", "-i", "text={what} for {name}")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["tea for Ann", "a, b for Bob"]


def test_a_column_that_no_input_takes_is_left_out_by_name(image: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text,label\none,pos\ntwo,neg\n", encoding="utf-8")
    assert batch(image, tmp_path, "rows.csv").exit_code == 21
    assert all("no parameter 'label'" in line["error"] for line in results(tmp_path))
    assert all("--columns" in line["hint"] for line in results(tmp_path))
    ended = batch(image, tmp_path, "rows.csv", "--columns", "text", "--rerun-failed")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["one", "two"]


def test_rows_name_the_inputs(image: str, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": "one"}\n{"text": "two", "_id": "b"}\n', encoding="utf-8")
    assert batch(image, tmp_path, "rows.jsonl").exit_code == 0
    assert [(line["id"], line["text"]) for line in results(tmp_path)] == [("0", "one"), ("b", "two")]


def test_what_failed_is_named_and_can_be_given_again(image: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("text\ngood\nfail on purpose\nragged,row\nfine\n", encoding="utf-8")
    ended = batch(image, tmp_path, "rows.csv", "--json")
    assert (ended.exit_code, ended.json["ok"], ended.json["failed"]) == (21, 2, 2), ended.stderr
    lines = results(tmp_path)
    assert [line["status"] for line in lines] == ["ok", "failed", "failed", "ok"]
    assert "on purpose" in lines[1]["error"]
    assert lines[2]["source"] == "rows.csv:4"
    first, second = results(tmp_path, "failed.jsonl")
    assert (first["text"], first["_verdict"]) == ("fail on purpose", "space_error")
    assert second["_error"] == lines[2]["error"]
    # The rows go in again as they are; what begins with an underscore is for people.
    again = hfsr(
        *("batch", "--hf-space", image, "--pull", "never", "--no-fallback", f"{ended.json['failed_file']}"),
        *("-o", "again", "--json"),
        directory=tmp_path,
    )
    assert (again.exit_code, again.json["items"], again.json["failed"]) == (21, 2, 2), again.stderr


def test_a_list_on_stdin(image: str, tmp_path: Path) -> None:
    ended = batch(image, tmp_path, "-", stdin='{"text": "one"}\n{"text": "two"}\n')
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["one", "two"]


def test_in_a_pipe_the_summary_is_one_object_and_progress_one_a_line(image: str, tmp_path: Path) -> None:
    asked = [f"sleep 0.5 {number}" for number in range(4)]
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--json", "--progress", "json")
    assert ended.exit_code == 0, ended.stderr
    said = [one for one in map(json.loads, ended.stderr.splitlines()) if "done" in one]
    assert (said[-1]["done"], said[-1]["total"], said[-1]["failed"]) == (4, 4, 0)
    assert [one["done"] for one in said] == sorted(one["done"] for one in said)
    written = json.loads((tmp_path / "out" / "summary.json").read_text("utf-8"))
    assert set(written) - {"run_id"} <= set(ended.json)
    assert ended.json["results_file"] == "out/results.jsonl"


def test_each_item_is_a_visitor_of_its_own(image: str, tmp_path: Path) -> None:
    # Were the items one visitor, the app would keep what it was told before, and answers would hang on the order.
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, ["before you"] * 4))
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["0"] * 4


def test_a_folder_an_item(image: str, tmp_path: Path) -> None:
    asked = ["print one", "fail two", "print three"]
    ended = batch(image, tmp_path, "--prompts", prompts(tmp_path, asked), "--item-dirs")
    assert ended.exit_code == 21, ended.stderr
    folders = sorted((tmp_path / "out" / "items").iterdir())
    assert [folder.name for folder in folders] == ["000000-0", "000001-1", "000002-2"]
    for number, (folder, line) in enumerate(zip(folders, results(tmp_path), strict=True)):
        assert json.loads((folder / "request.json").read_text("utf-8"))["prompt"] == asked[number]
        assert json.loads((folder / "result.json").read_text("utf-8")) == line
        assert json.loads((folder / "state.json").read_text("utf-8"))["status"] == "running"
    assert [(folder / "container.log").read_text("utf-8") for folder in folders] == ["one\n", "", "three\n"]


def test_the_deadline_ends_it_and_the_same_command_goes_on(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, [f"sleep 1 {number}" for number in range(30)])
    ended = batch(image, tmp_path, "--prompts", name, "--deadline", "4s", "--containers", "1", "--json")
    assert (ended.exit_code, ended.json["complete"]) == (21, False), ended.stderr
    assert "deadline" in ended.json["stopped"]
    done = ended.json["items"]
    assert 0 < done < 30
    assert len(results(tmp_path)) == done
    more = batch(image, tmp_path, "--prompts", name, "--deadline", "4s", "--containers", "1", "--json")
    assert (more.json["known"], more.json["failed"]) == (done, 0)
    assert more.json["items"] > done


@pytest.mark.parametrize("options", [("--fail-fast",), ("--max-failures", "0")])
def test_a_failure_may_end_it(image: str, tmp_path: Path, options: tuple[str, ...]) -> None:
    name = prompts(tmp_path, ["good", "fail", *(f"sleep 1 {number}" for number in range(20))])
    ended = batch(image, tmp_path, "--prompts", name, "--containers", "1", *options, "--json")
    assert (ended.exit_code, ended.json["failed"], ended.json["complete"]) == (21, 1, False), ended.stderr
    assert ended.json["items"] < 10
    assert ended.json["stopped"]


def test_more_failures_than_a_share_end_it(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, [*["fail"] * 3, *["good"] * 37])
    assert batch(image, tmp_path, "--prompts", name, "--max-failures", "5%").exit_code == 21
    assert len(results(tmp_path)) < 40
    ended = batch(image, tmp_path, "--prompts", name, "--max-failures", "10%", "--no-resume", "--json")
    assert (ended.exit_code, ended.json["complete"], ended.json["items"]) == (21, True, 40), ended.stderr


def test_pictures_in_and_out(tmp_path: Path) -> None:
    photos = tmp_path / "photos" / "below"
    photos.mkdir(parents=True)
    names = ["a.jpg", "b and c.jpg"]
    for name in names:
        shutil.copy(PICTURE, photos / name)
    (photos / "broken.jpg").write_bytes(b"no picture")
    command = ("batch", "--hf-space", "face-detection", "photos", "-o", "out", "--json", "--no-fallback")
    ended = hfsr(*command, directory=tmp_path)
    assert (ended.exit_code, ended.json["ok"], ended.json["failed"]) == (21, len(names), 1), ended.stderr
    for line in results(tmp_path):
        if line["status"] == "ok":
            assert line["id"].startswith("below/")
            (file,) = line["files"]
            assert file["path"].startswith("files/")
            assert (tmp_path / "out" / file["path"]).stat().st_size == file["bytes"] > 0
    assert hfsr(*command, directory=tmp_path).json["known"] == len(names) + 1
    # A file that is gone is made again, and all else is not.
    for line in results(tmp_path):
        if line["files"]:
            (tmp_path / "out" / line["files"][0]["path"]).unlink()
            break
    again = hfsr(*command, directory=tmp_path).json
    assert (again["known"], again["items"]) == (len(names), len(names) + 1)


def test_nothing_of_it_is_kept_elsewhere(image: str, tmp_path: Path) -> None:
    word = "Zaphod-Beeblebrox"
    name = prompts(tmp_path, [f"print {word}", f"fail {word}"])
    assert batch(image, tmp_path, "--prompts", name, "--log-file", "hfsr.log", "-v").exit_code == 21
    files = [file for file in Path(os.environ["HOME"]).rglob("*") if file.is_file()]
    assert [file for file in files if word.encode() in file.read_bytes()] == []
    assert word not in (tmp_path / "hfsr.log").read_text("utf-8")


def test_an_item_that_must_stay_private_is_not_sent(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["hello", "my passport number", "good bye"])
    rules = {"HFSR_PRIVACY_WORDS": "passport"}
    ended = batch(image, tmp_path, "--prompts", name, **rules)
    assert ended.exit_code == 21, ended.stderr
    assert [line["verdict"] for line in results(tmp_path)] == [None, "needs_privacy", None]
    private = batch(image, tmp_path, "--prompts", name, "--privacy-mode", **rules)
    assert private.exit_code == 0, private.stderr


def test_secrets_are_not_told(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["fail hunter22", "end 4", "hello"])
    ended = batch(image, tmp_path, "--prompts", name, "--secret", "KEY", "--item-dirs", KEY="hunter22")
    assert ended.exit_code == 21, ended.stderr
    assert "hunter22" not in ended.stdout + ended.stderr
    assert "hunter22" not in json.dumps(results(tmp_path))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a registry file of real Gradio apps."""
    folder = tmp_path_factory.mktemp("apps")
    entries = (
        ENTRY.format(space=name, source=app_source(name, "5.49.1", folder)) for name in ("components", "chat", "login")
    )
    file = folder / "registry.yaml"
    file.write_text("spaces:" + "".join(entries))
    return file


def real(registry: Path, directory: Path, space: str, *options: str, **environment: str) -> Ended:
    return hfsr(
        *("batch", "--hf-space", space, "--no-fallback", "-o", "out", *options),
        directory=directory,
        environment={"HFSR_REGISTRY": str(registry), **environment},
    )


def test_a_generator_gives_its_last_word(registry: Path, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["one", "another"])
    ended = real(registry, tmp_path, "components", "--prompts", name, "--endpoint", "stream")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["one", "another"]


def test_an_app_with_a_login_of_its_own(registry: Path, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["Ann", "Bob"])
    words = ("--prompts", name, "--auth-user", "ada", "--secret", "APP_PASSWORD")
    ended = real(registry, tmp_path, "login", *words, APP_PASSWORD="a pass & word")  # noqa: S106 - a test's
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == ["Hello Ann, you are in", "Hello Bob, you are in"]


def test_each_item_is_a_chat_of_its_own(registry: Path, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["Ann", "Bob", "Cy"])
    ended = real(registry, tmp_path, "chat", "--prompts", name, "--containers", "1")
    assert ended.exit_code == 0, ended.stderr
    assert texts(tmp_path) == [f"{name} (after 0: none)" for name in ("Ann", "Bob", "Cy")]


def test_a_first_item_that_must_stay_private_makes_all_of_them_private(image: str, tmp_path: Path) -> None:
    name = prompts(tmp_path, ["my passport number", "hello", "her passport"])
    ended = batch(image, tmp_path, "--prompts", name, HFSR_PRIVACY_WORDS="passport")
    assert ended.exit_code == 0, ended.stderr
    assert "Privacy mode is on" in ended.stderr
    assert texts(tmp_path) == ["my passport number", "hello", "her passport"]
