"""`hfsr build` where no engine is needed: the Dockerfile of a dry run, and folders that cannot be built."""

from pathlib import Path

import pytest

from tests.engine.command_line import Ended, hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}
README = "---\nsdk: docker\n---\n"


def build(*words: str, directory: Path) -> Ended:
    return hfsr("build", *words, directory=directory, environment=NO_ENGINE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "my space"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    (folder / "Dockerfile").write_text("FROM debian:12\nCMD true\n")
    return folder


@pytest.mark.parametrize("named", ["./my space", "my space/", "../{}/my space"])
def test_a_dry_run_prints_the_dockerfile(folder: Path, tmp_path: Path, named: str) -> None:
    ended = build(named.format(tmp_path.name), "--dry-run", directory=tmp_path)
    assert ended.exit_code == 0, ended.stderr
    # Between them are lines for the CA certificates of this machine, where it has some of its own.
    lines = ended.stdout.splitlines()
    assert lines[:2] == ["FROM debian:12", 'LABEL hf-spaces-runner.built="unfinished"']
    assert lines[-2:] == ["CMD true", "USER 1000"]
    assert "hf-spaces-runner/my-space-" in ended.stderr
    assert (folder / "Dockerfile").read_text() == "FROM debian:12\nCMD true\n"


def test_a_dry_run_as_json(folder: Path, tmp_path: Path) -> None:
    told = build("./my space", "--dry-run", "--json", directory=tmp_path).json
    assert told.keys() == {
        *("image", "base_image", "python_version", "dockerfile", "files", "context", "warnings", "notes")
    }
    assert told["context"] == {name: str((folder / name).resolve()) for name in told["files"]}
    assert (told["base_image"], told["files"][0]) == ("debian:12", "README.md")
    assert "Dockerfile" not in told["files"]
    again = build(str(folder), "--dry-run", "--json", directory=tmp_path).json
    assert again == told
    (folder / "README.md").write_text(README + "# More\n")
    assert build(str(folder), "--dry-run", "--json", directory=tmp_path).json["image"] != told["image"]


@pytest.mark.parametrize(
    ("named", "exit_code", "said"),
    [
        ("./nowhere", 3, "./nowhere: there is no such folder"),
        ("./my space/README.md", 3, "is a file, and a Space is a folder"),
        (".", 3, "has no README.md"),
        ("user/name", 2, "is not built from a folder: its image is pulled"),
        ("./my space", 4, ""),
    ],
)
def test_what_cannot_be_built(folder: Path, tmp_path: Path, named: str, exit_code: int, said: str) -> None:
    ended = build(named, directory=tmp_path)
    assert ended.exit_code == exit_code, (ended.stderr, folder)
    assert ended.stdout == ""
    assert said in ended.stderr
    assert "Hint:" in ended.stderr


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "link").symlink_to("../../outside")
    ended = build("./my space", "--dry-run", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert "my space/link: is a symbolic link that leads out of the folder, to '../../outside'" in ended.stderr


def test_the_name_of_a_file_never_steers_the_terminal(folder: Path, tmp_path: Path) -> None:
    (folder / "a\x1b]0;owned\x07\nHint: b").symlink_to("/x")
    ended = build("./my space", "--dry-run", directory=tmp_path)
    assert ended.exit_code == 3
    assert "my space/a Hint: b: is an absolute symbolic link, to '/x'" in ended.stderr
    assert not {"\x1b", "\x07"} & set(ended.stderr)


def test_info_knows_a_folder(folder: Path, tmp_path: Path) -> None:
    told = hfsr("info", "./my space", "--json", directory=tmp_path, environment=NO_ENGINE).json
    assert (told["source"], told["origin"], told["sdk"]) == (str(folder), "folder", "docker")


def test_variables_are_build_arguments_and_files_of_them_are_never_read_unasked(folder: Path, tmp_path: Path) -> None:
    (folder / "Dockerfile").write_text("FROM debian:12\nARG COLOR\nCMD true\n")

    def image(*words: str) -> str:
        return str(build("./my space", "--dry-run", "--json", *words, directory=tmp_path).json["image"])

    plain = image()
    for name in (".env", ".hfsr.env"):
        (folder / name).write_text("COLOR=red\n")
        (tmp_path / name).write_text("COLOR=red\n")
    assert image() == image("-e", "SIZE=1") == plain
    (tmp_path / "mine.env").write_text("COLOR=red\n")
    assert image("--env-file", "mine.env") == image("-e", "COLOR=red") != plain
    assert image("--env-file", "mine.env", "-e", "COLOR=blue") == image("-e", "COLOR=blue") != image("-e", "COLOR=red")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--env-file", "bad.env"), "bad.env:2: no = in this line"),
        (("--env-file", "worse.env"), "worse.env:1: 'a b' is not the name of a variable"),
        (("--env-file", "none.env"), "--env-file none.env: cannot be read"),
        (("-e", "NOT_SET"), "-e NOT_SET: no such variable in the environment"),
        (("--secret", "NOT_SET"), "--secret NOT_SET: no such variable in the environment"),
        (("--secret", "A=geheim"), "--secret A=...: give the name alone"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_faults_of_variables_are_told(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    (tmp_path / "bad.env").write_text("A=1\nB\n")
    (tmp_path / "worse.env").write_text("a b=1\n")
    ended = build("./my space", "--dry-run", *words, directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert "geheim" not in ended.stderr


def test_the_builder_may_be_chosen(tmp_path: Path) -> None:
    folder = tmp_path / "gradio space"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: gradio\nsdk_version: 5.49.1\n---\n")
    (folder / "app.py").write_text("import gradio\n")
    (folder / "requirements.txt").write_text("gradio==5.0.0\n")
    words = ("./gradio space", "--dry-run", "--json")

    def told(*more: str, **variables: str) -> Ended:
        return hfsr("build", *words, *more, directory=tmp_path, environment=variables)

    classic, current = told(), told("--builder", "current")
    assert "which wins here" in classic.json["warnings"][0]
    assert "gradio[oauth,mcp]==5.49.1" in current.json["dockerfile"]
    assert "the Hub's current builder refuses that" in current.json["warnings"][0]
    assert told(HFSR_BUILDER="current").json == current.json
    assert told("--builder", "classic", HFSR_BUILDER="current").json == classic.json
    assert (told("--builder", "new").exit_code, told(HFSR_BUILDER="new").exit_code) == (2, 2)
