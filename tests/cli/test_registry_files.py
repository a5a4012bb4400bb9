"""The registry's file on the command line: where it is, what is wrong with it, and what is printed of it."""

import json
from pathlib import Path

import pytest

from tests.engine.command_line import BUNDLED, Ended, hfsr
from tests.fakes.hub_server import HubServer
from tests.unit.registry.registry_texts import entry

GOOD = "spaces:\n" + entry("mine") + entry("hers", "tags: [a, b]", "memory: 3g", "gpu: true")
NO_PORT = entry("no-port").replace("port: 7860", "port: seven").replace("status:", "statu:")
OTHER_ID = entry("other-id", own_id="another")
BROKEN = "spaces:\n" + entry("mine") + NO_PORT + OTHER_ID + entry("lost", category="nowhere") + entry("last")
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}


@pytest.fixture
def own(tmp_path: Path) -> Path:
    file = tmp_path / "own.yaml"
    file.write_text(GOOD, encoding="utf-8")
    return file


@pytest.fixture
def broken(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a registry three of whose five entries are broken."""
    (tmp_path / "broken.yaml").write_text(BROKEN, encoding="utf-8")
    return {"HFSR_REGISTRY": str(tmp_path / "broken.yaml"), **NO_ENGINE}


def listed(directory: Path, file: Path) -> dict[str, dict[str, object]]:
    spaces = hfsr("list", "--json", directory=directory, environment={"HFSR_REGISTRY": str(file)}).json["spaces"]
    return {space["id"]: {name: value for name, value in space.items() if name != "origin"} for space in spaces}


def test_path_names_the_file_whether_it_is_there_or_not(tmp_path: Path, private_home: Path, own: Path) -> None:
    usual = private_home / "hfsr" / "config" / "registry.yaml"
    ended = hfsr("registry", "path", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, f"{usual}\n")
    assert ended.stderr == "It is not there yet; hfsr registry add makes it.\n"
    ended = hfsr("registry", "path", directory=tmp_path, environment={"HFSR_REGISTRY": str(own)})
    assert (ended.stdout, ended.stderr) == (f"{own}\n", "")
    shown = hfsr("registry", "path", "--json", directory=tmp_path).json
    assert (shown["path"], shown["exists"]) == (str(usual), False)
    assert json.loads(Path(shown["schema"]).read_text(encoding="utf-8"))["title"] == "Registry of hf-spaces-runner"


def test_validate_of_what_is_in_order(tmp_path: Path, own: Path) -> None:
    one = tmp_path / "one.yaml"
    one.write_text("spaces:\n" + entry("mine"), encoding="utf-8")
    for file, said in ((own, "2 entries"), (one, "1 entry")):
        ended = hfsr("registry", "validate", str(file), directory=tmp_path)
        assert (ended.exit_code, ended.stdout) == (0, "")
        assert ended.stderr == f"{file}: {said}, all in order\n"
    named = hfsr("registry", "validate", directory=tmp_path, environment={"HFSR_REGISTRY": str(own)})
    assert named.stderr == f"{own}: 2 entries, all in order\n"
    assert hfsr("registry", "validate", str(own), "--json", directory=tmp_path).json == {
        "file": str(own),
        "entries": 2,
        "faults": [],
        "hides": [],
    }


def test_validate_without_a_file_of_ones_own_checks_the_bundled_one(tmp_path: Path) -> None:
    ended = hfsr("registry", "validate", directory=tmp_path)
    assert ended.exit_code == 0
    assert "is not there; the bundled registry is checked" in ended.stderr
    assert f"{len(BUNDLED)} entries, all in order" in ended.stderr


def test_validate_names_every_fault_with_its_place_and_fix(tmp_path: Path, broken: dict[str, str]) -> None:
    file = broken["HFSR_REGISTRY"]
    ended = hfsr("registry", "validate", directory=tmp_path, environment=broken)
    assert ended.exit_code == 3
    lines = ended.stdout.splitlines()
    assert len(lines) == 5
    assert all(line.startswith(f"{file}:") for line in lines)
    for said in (
        ":12:5: spaces > no-port > status: is missing",
        ":18:11: spaces > no-port > port: must be a whole number (it is 'seven')",
        ":19:12: spaces > no-port > statu: is no key of this place (it is 'available'); did you mean status?",
        ":21:9: spaces > other-id > id: must be the entry's key, 'other-id' (it is 'another'); write id: other-id",
        "spaces > lost > category: there is no category 'nowhere'",
    ):
        assert any(said in line for line in lines)
    assert ended.stderr == f"{file}: 2 entries in order, 3 left out, 5 faults\n"
    shown = hfsr("registry", "validate", file, "--json", directory=tmp_path)
    assert (shown.exit_code, shown.json["entries"], len(shown.json["faults"])) == (3, 2, 5)
    port = next(fault for fault in shown.json["faults"] if fault["keys"][-1] == "port")
    assert {name: port[name] for name in ("file", "line", "column", "keys", "value", "entry")} == {
        "file": file,
        "line": 18,
        "column": 11,
        "keys": ["spaces", "no-port", "port"],
        "value": "seven",
        "entry": "no-port",
    }


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("none.yaml", None, "No such file or directory"),
        (".", None, "is not a file but a directory"),
        ("latin.yaml", "spaces: {} # ü".encode("latin-1"), "is not UTF-8"),
        ("list.yaml", b"- a\n- b\n", "the file"),
    ],
)
def test_validate_of_what_cannot_be_read(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    ended = hfsr("registry", "validate", str(tmp_path / name), directory=tmp_path)
    assert ended.exit_code == 3
    assert said in ended.stdout + ended.stderr
    assert str(tmp_path) in ended.stdout + ended.stderr


def test_an_empty_file_is_in_order(tmp_path: Path) -> None:
    (tmp_path / "empty.yaml").touch()
    ended = hfsr("registry", "validate", "empty.yaml", directory=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "empty.yaml: 0 entries, all in order\n")


def test_broken_entries_are_named_and_skipped(tmp_path: Path, broken: dict[str, str]) -> None:
    for arguments in (["list", "--format", "quiet"], ["list", "--json"]):
        ended = hfsr(*arguments, directory=tmp_path, environment=broken)
        assert ended.exit_code == 0
        assert ended.stderr.startswith("Warning: ")
        assert "spaces > no-port > status: is missing" in ended.stderr
        assert "and 2 more; hfsr registry validate names all\n" in ended.stderr
        assert ended.stderr.endswith("What is wrong is left out; all else works.\n")
    spaces = hfsr("list", "--format", "quiet", directory=tmp_path, environment=broken).stdout.split()
    assert spaces == ["mine", "last", *BUNDLED]


@pytest.mark.parametrize("name", ["mine", "last", "vader-sentiment", "user/name"])
def test_all_else_works_beside_broken_entries(tmp_path: Path, broken: dict[str, str], name: str) -> None:
    ended = hfsr("info", name, directory=tmp_path, environment=broken)
    assert ended.exit_code == 0
    assert "no-port" in ended.stderr
    ended = hfsr("run", "x", "--hf-space", name, directory=tmp_path, environment=broken)
    assert ended.exit_code == 4  # that there is no engine is all that is wrong


def test_a_broken_entry_says_why_it_is_left_out(tmp_path: Path, broken: dict[str, str]) -> None:
    for name, said in (("no-port", "status: is missing"), ("lost", "there is no category"), ("other-id", "write id:")):
        for arguments in (["info", name], ["run", "x", "--hf-space", name]):
            ended = hfsr(*arguments, directory=tmp_path, environment=broken)
            assert (ended.exit_code, ended.stdout) == (3, "")
            error = ended.stderr.partition("Error: ")[2]
            assert f"spaces > {name} > " in error
            assert said in error
            assert broken["HFSR_REGISTRY"] in error
    assert hfsr("info", "lost", "--json", directory=tmp_path, environment=broken).json["verdict"] == "invalid_registry"


def test_a_broken_entry_does_not_bring_the_bundled_one_back_unseen(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("spaces:\n" + entry("vader-sentiment").replace("port: 7860", "port: seven"), encoding="utf-8")
    ended = hfsr("info", "vader-sentiment", directory=tmp_path, environment={"HFSR_REGISTRY": str(own)})
    assert "vader-sentiment > port: must be a whole number" in ended.stderr


def test_what_is_exported_is_in_order_and_means_the_same(tmp_path: Path, own: Path) -> None:
    exported = hfsr("registry", "export", directory=tmp_path, environment={"HFSR_REGISTRY": str(own)})
    assert (exported.exit_code, exported.stderr) == (0, "")
    copy = tmp_path / "elsewhere" / "copy.yaml"
    copy.parent.mkdir()
    copy.write_text(exported.stdout, encoding="utf-8")
    validated = hfsr("registry", "validate", str(copy), directory=tmp_path)
    assert (validated.exit_code, validated.stdout) == (0, "")
    assert listed(tmp_path, copy) == listed(tmp_path, own)
    again = hfsr("registry", "export", directory=tmp_path, environment={"HFSR_REGISTRY": str(copy)})
    assert again.stdout == exported.stdout


@pytest.mark.network
def test_what_was_found_on_the_hub_can_be_exported(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    evil = "\x1b[31m: - {a: *b} 'quoted' \"double\" # no comment \u202e\u2028" + "x" * 600
    hub_server.add("ada/odd", title=evil, tags=["audio", "yes", "no: yes", "1e3", evil[:50]], app_file="src/a b.py")
    hub_server.add("ada/plain", tags=["audio"])
    hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    for arguments in ([], ["ada/odd", "ada/plain"], ["--category", "audio_processing"]):
        copy = tmp_path / "copy.yaml"
        copy.write_text(hfsr("registry", "export", *arguments, directory=tmp_path).stdout, encoding="utf-8")
        ended = hfsr("registry", "validate", "copy.yaml", directory=tmp_path)
        assert (ended.exit_code, ended.stdout) == (0, "")
        assert {"ada-odd", "ada-plain"} <= set(listed(tmp_path, copy))


def test_a_category_of_ones_own_is_exported_with_its_spaces(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    text = "spaces:\n" + entry("mine", category="'toys: 1'") + "categories:\n  'toys: 1': []\n"
    own.write_text(text, encoding="utf-8")
    environment = {"HFSR_REGISTRY": str(own)}
    exported = hfsr("registry", "export", "--category", "toys: 1", directory=tmp_path, environment=environment)
    (tmp_path / "copy.yaml").write_text(exported.stdout, encoding="utf-8")
    ended = hfsr("registry", "validate", "copy.yaml", directory=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "copy.yaml: 1 entry, all in order\n")


def test_some_are_exported(tmp_path: Path, own: Path) -> None:
    def export(*arguments: str) -> Ended:
        return hfsr("registry", "export", *arguments, directory=tmp_path, environment={"HFSR_REGISTRY": str(own)})

    assert (
        export("hers", "mine").stdout.replace("3221225472", "3g").split()
        == ("spaces:\n" + entry("hers", "memory: 3g", "gpu: true", "tags:", "- a", "- b") + entry("mine")).split()
    )
    assert [space["id"] for space in export("--category", "audio_processing", "--json").json["spaces"]] == [
        space["id"] for space in listed(tmp_path, own).values() if space["category"] == "audio_processing"
    ]
    for arguments, exit_code, said in (
        (["user/name"], 3, "hfsr registry add user/name makes one"),
        (["ghcr.io/a/b:1"], 3, "has no entry that could be printed"),
        (["nothing"], 3, "no Space 'nothing'"),
        (["--category", "nothing"], 2, "no category 'nothing'"),
    ):
        ended = export(*arguments)
        assert (ended.exit_code, ended.stdout) == (exit_code, "")
        assert said in ended.stderr


def test_validate_names_the_bundled_entries_that_a_file_stands_in_place_of(tmp_path: Path) -> None:
    (tmp_path / "theirs.yaml").write_text(f"spaces:\n{entry('mine')}{entry('image-ocr')}", encoding="utf-8")
    ended = hfsr("registry", "validate", "theirs.yaml", directory=tmp_path)
    assert ended.exit_code == 0
    assert "In place of the bundled entries of these ids: image-ocr\n" in ended.stderr
    assert hfsr("registry", "validate", "theirs.yaml", "--json", directory=tmp_path).json["hides"] == ["image-ocr"]


def test_a_file_that_a_setting_names_must_be_there(tmp_path: Path) -> None:
    for command in (["list"], ["registry", "validate"]):
        ended = hfsr(*command, directory=tmp_path, environment={"HFSR_REGISTRY": "gone.yaml"})
        assert ended.exit_code == 3
        assert f"{tmp_path}/gone.yaml: cannot be read: No such file or directory" in ended.stderr


def test_no_file_can_call_itself_bundled(tmp_path: Path) -> None:
    (tmp_path / "bundled").write_text(f"spaces:\n{entry('image-ocr')}", encoding="utf-8")
    ended = hfsr("list", "--json", "--limit", "1", directory=tmp_path, environment={"HFSR_REGISTRY": "bundled"})
    assert (ended.json["spaces"][0]["id"], ended.json["spaces"][0]["origin"]) == ("image-ocr", f"{tmp_path}/bundled")
