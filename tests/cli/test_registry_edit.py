"""`hfsr registry add`, `remove` and `edit-status` as processes: what they write, say and leave behind."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.engine.command_line import HFSR, Ended, hfsr
from tests.unit.registry.registry_texts import entry

KEPT = f"# mine\nspaces:\n{entry('kept', 'space_id: user/Kept')}# end\n"
WRITERS = 20


@pytest.fixture
def file(private_home: Path) -> Path:
    path = private_home / "hfsr" / "config" / "registry.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(KEPT, encoding="utf-8")
    return path


def registry(tmp_path: Path, *arguments: str, **environment: str) -> Ended:
    return hfsr("registry", *arguments, directory=tmp_path, environment=environment)


def entries(file: Path) -> dict[str, dict[str, object]]:
    spaces: dict[str, dict[str, object]] = yaml.safe_load(file.read_text(encoding="utf-8"))["spaces"]
    return spaces


def test_the_first_entry_makes_the_file(tmp_path: Path) -> None:
    file = Path(registry(tmp_path, "path").stdout.strip())
    assert not file.exists()
    ended = registry(tmp_path, "add", "user/Name")
    assert (ended.exit_code, ended.stdout) == (0, "user-name added, category specialized\n")
    assert "Guessed (nothing that tells a category): category specialized, input_type text" in ended.stderr
    assert "--category, --input-type, --output-type say it" in ended.stderr
    assert entries(file) == {
        "user-name": {
            "id": "user-name",
            "docker_image": "registry.hf.space/user-name:latest",
            "description": "Space user/Name",
            "category": "specialized",
            "input_type": "text",
            "output_type": "text",
            "port": 7860,
            "status": "unverified",
            "space_id": "user/Name",
        }
    }
    assert registry(tmp_path, "validate").exit_code == 0


def test_what_is_said_stands_in_the_entry_and_all_else_stays(tmp_path: Path, file: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "README.md").write_text("---\nsdk: gradio\n---\n", encoding="utf-8")
    said = ["--id", "ocr", "--description", "Reads: #1 'text' 🎉", "--category", "image_processing"]
    said += ["--input-type", "image", "--output-type", "text", "--port", "8000", "--status", "my own: word"]
    said += ["--sdk", "docker", "--image", "ghcr.io/me/ocr:2", "--source", "source", "--endpoint", "/read"]
    said += ["--memory", "4g", "--gpu", "--tag", "a, b", "--tag", "null"]
    ended = registry(tmp_path, "add", "user/name", *said)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert file.read_text(encoding="utf-8").startswith(KEPT.removesuffix("# end\n"))
    assert file.read_text(encoding="utf-8").endswith("# end\n")
    assert entries(file)["ocr"] == {
        "id": "ocr",
        "docker_image": "ghcr.io/me/ocr:2",
        "description": "Reads: #1 'text' 🎉",
        "category": "image_processing",
        "input_type": "image",
        "output_type": "text",
        "port": 8000,
        "status": "my own: word",
        "space_id": "user/name",
        "sdk": "docker",
        "source": str(tmp_path / "source"),
        "endpoint": "/read",
        "memory": "4g",
        "gpu": True,
        "tags": ["a, b", "null"],
    }
    shown = hfsr("info", "ocr", "--json", directory=tmp_path).json
    assert (shown["id"], shown["origin"]) == ("ocr", str(file))


def test_a_space_of_the_hub_may_be_built_from_a_folder(tmp_path: Path, file: Path) -> None:
    (tmp_path / "README.md").write_text("---\nsdk: gradio\n---\n", encoding="utf-8")
    assert registry(tmp_path, "add", "user/Name", "--source", ".").exit_code == 0
    assert registry(tmp_path, "add", "mine", "--source", ".").exit_code == 0
    first, second = entries(file)["user-name"], entries(file)["mine"]
    assert first["docker_image"] == "hf-spaces-runner/user-name:latest"
    assert second["docker_image"] == "hf-spaces-runner/mine:latest"
    assert first["space_id"] == "user/Name"
    assert first["source"] == second["source"] == str(tmp_path)


def test_an_entry_is_replaced_only_when_that_is_said(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "add", "user/other", "--id", "kept")
    assert ended.exit_code == 2
    assert f"{file}: there is an entry 'kept' already" in ended.stderr
    assert "--replace puts the new one in its place" in ended.stderr
    assert file.read_text(encoding="utf-8") == KEPT
    assert registry(tmp_path, "add", "user/other", "--id", "kept", "--replace").exit_code == 0
    assert entries(file)["kept"]["space_id"] == "user/other"


def test_an_entry_is_removed_by_its_id_or_its_name_on_the_hub(tmp_path: Path, file: Path) -> None:
    for name in ("kept", "user/kept"):
        file.write_text(KEPT, encoding="utf-8")
        ended = registry(tmp_path, "remove", name)
        assert (ended.exit_code, ended.stdout) == (0, "kept removed\n")
        assert file.read_text(encoding="utf-8") == "# mine\nspaces:\n# end\n"
    ended = registry(tmp_path, "remove", "kept")
    assert ended.exit_code == 3
    assert "no Space 'kept' in the registry" in ended.stderr


def test_what_is_not_of_the_user_is_not_removed(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "remove", "vader-sentiment")
    assert ended.exit_code == 3
    assert f"{file} has no entry 'vader-sentiment'" in ended.stderr
    assert "hfsr registry edit-status vader-sentiment disabled has it left alone" in ended.stderr
    assert file.read_text(encoding="utf-8") == KEPT


def test_a_status_changes_by_id_or_by_name_on_the_hub(tmp_path: Path, file: Path) -> None:
    for name in ("kept", "user/kept"):
        file.write_text(KEPT, encoding="utf-8")
        ended = registry(tmp_path, "edit-status", name, "disabled")
        assert (ended.exit_code, ended.stdout) == (0, "kept changed, status disabled\n")
        assert file.read_text(encoding="utf-8") == KEPT.replace("status: available", "status: disabled")


def test_a_bundled_entry_gets_another_status_in_a_copy(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "edit-status", "vader-sentiment", "disabled")
    assert ended.exit_code == 0
    assert f"The bundled entry was copied into {file}." in ended.stderr
    shown = hfsr("info", "vader-sentiment", "--json", directory=tmp_path).json
    assert (shown["status"], shown["origin"]) == ("disabled", str(file))
    assert registry(tmp_path, "remove", "vader-sentiment").exit_code == 0
    assert file.read_text(encoding="utf-8") == KEPT


def test_a_space_without_an_entry_has_no_status(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "edit-status", "other/name", "disabled")
    assert ended.exit_code == 3
    assert "hfsr registry add other/name adds one" in ended.stderr
    assert file.read_text(encoding="utf-8") == KEPT


def test_programs_read_what_was_done(tmp_path: Path, file: Path) -> None:
    common = {"status": "ok", "id": "x", "file": str(file)}
    done = registry(tmp_path, "add", "user/x", "--id", "x", "--category", "specialized", "--json").json
    assert done == {**common, "done": "added", "entry": {"category": "specialized"}}
    done = registry(tmp_path, "edit-status", "x", "disabled", "--json").json
    assert done == {**common, "done": "changed", "entry": {"status": "disabled"}}
    assert registry(tmp_path, "edit-status", "x", "available", "--format", "quiet").stdout == "x\n"
    assert registry(tmp_path, "remove", "x", "--json").json == {**common, "done": "removed", "entry": {}}


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (
            ["add", "user/x", "--id", "a b", "--port", "99999", "--memory", "lots", "--description", "a\nb"],
            2,
            [
                "id: letters, digits",
                "port: must be at most 65535",
                "memory: 'lots' is not a size",
                "description: holds",
            ],
        ),
        (["add", "user/x", "--category", "nope"], 2, ["there is no category 'nope'", "there are: image_processing"]),
        (["add", "user/x", "--description", "\udcff"], 2, ["description: "]),
        (["add", "user/x", "--status", "\x1b[2J"], 2, ["status: holds characters"]),
        (["add", "user/x", "--image", "UPPER"], 2, ["docker_image: "]),
        (["add", "user/x", "--tag", "a\nb: c"], 2, ["tags > 0: holds characters"]),
        (["add", "user/x", "--port", "many"], 2, ["--port"]),
        (["add", "my-space", "--source", "nowhere"], 2, ["'nowhere' does not exist"]),
        (["add", "nonsense"], 3, ["no Space 'nonsense' in the registry; nearest: "]),
        (["edit-status", "kept", ""], 2, ["status: must be a word, such as available", "registry edit-status --help"]),
        (["edit-status", "kept", "a\nb"], 2, ["status: holds characters"]),
        (["edit-status", "nothing", "x"], 3, ["no Space 'nothing'"]),
        (["edit-status", "kept"], 2, ["STATUS"]),
        (["remove", "a\nb"], 3, ["no Space 'a\\nb'"]),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    tmp_path: Path, file: Path, arguments: list[str], exit_code: int, said: list[str]
) -> None:
    ended = registry(tmp_path, *arguments)
    assert ended.exit_code == exit_code
    assert all(one in ended.stderr for one in said), ended.stderr
    assert file.read_text(encoding="utf-8") == KEPT
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_cannot_be_edited_is_told_and_stays(tmp_path: Path, file: Path) -> None:
    text = '{"spaces": {}}\n'
    file.write_text(text, encoding="utf-8")
    ended = registry(tmp_path, "add", "user/x")
    assert ended.exit_code == 3
    assert f"{file}: cannot be edited: line 1: the entries do not stand each on lines of its own" in ended.stderr
    assert file.read_text(encoding="utf-8") == text


def test_an_entry_that_is_broken_keeps_no_other_away(tmp_path: Path, file: Path) -> None:
    text = f"spaces:\n  broken: [\n{entry('kept')}"
    file.write_text(text, encoding="utf-8")
    ended = registry(tmp_path, "add", "user/x")
    assert ended.exit_code == 0
    assert "What is wrong is left out; all else works." in ended.stderr
    assert file.read_text(encoding="utf-8").startswith(text + "  user-x:\n")
    assert registry(tmp_path, "remove", "broken").exit_code == 0
    assert list(entries(file)) == ["kept", "user-x"]


def test_a_file_that_a_variable_names_is_made(tmp_path: Path) -> None:
    file = tmp_path / "folder" / "own.yaml"
    ended = registry(tmp_path, "edit-status", "nothing", "x", HFSR_REGISTRY=str(file))
    assert (ended.exit_code, file.parent.exists()) == (3, False)
    assert registry(tmp_path, "add", "user/x", HFSR_REGISTRY=str(file)).exit_code == 0
    assert list(entries(file)) == ["user-x"]


def test_many_commands_at_once_lose_nothing(tmp_path: Path, file: Path) -> None:
    processes = [
        subprocess.Popen(
            [*HFSR, "registry", "add", f"user/s{number}", "--format", "quiet"],
            cwd=tmp_path,
            env=dict(os.environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(WRITERS)
    ]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * WRITERS, said
    assert set(entries(file)) == {"kept", *(f"user-s{number}" for number in range(WRITERS))}
    assert list(file.parent.iterdir()) == [file]


def test_a_new_id_needs_a_folder_or_an_image(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "add", "app")
    assert ended.exit_code == 3
    assert "Hint: hfsr registry add app --source FOLDER, or --image IMAGE, adds a new one" in ended.stderr
    assert registry(tmp_path, "add", "app", "--image", "ghcr.io/me/app:2").exit_code == 0
    assert entries(file)["app"]["docker_image"] == "ghcr.io/me/app:2"


def test_a_folder_that_is_no_source_is_not_added(tmp_path: Path, file: Path) -> None:
    (tmp_path / "empty").mkdir()
    ended = registry(tmp_path, "add", "app", "--source", "empty")
    assert ended.exit_code == 2
    assert "empty: has no README.md, so it is not the source of a Space" in ended.stderr
    assert file.read_text(encoding="utf-8") == KEPT


def test_who_hides_a_bundled_entry_is_told(tmp_path: Path, file: Path) -> None:
    ended = registry(tmp_path, "add", "user/name", "--id", "image-ocr")
    assert "It stands in place of the bundled entry image-ocr" in ended.stderr
    assert "image-ocr" in entries(file)
