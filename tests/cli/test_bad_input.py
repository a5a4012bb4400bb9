"""Bad input gets a clear message, the exit code of the design's table, no traceback, and leaves nothing behind."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.engine.command_line import HFSR, hfsr

SPACE = ("--hf-space", "vader-sentiment")
NO_ENGINE = {"DOCKER_HOST": "unix:///nonexistent.sock"}
"""These commands must end before they ask for an engine; with this one a later ending would be a 4."""


INDEXES = {"snapshots", "registry"}


def written_but_indexes(private_home: Path) -> list[Path]:
    """Return the files of ours that a command left, other than what it need not read again."""
    return [path for path in (private_home / "hfsr").rglob("*") if path.is_file() and path.parent.name not in INDEXES]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "talk.wav").write_bytes(b"RIFF")
    (tmp_path / "file").touch()
    (tmp_path / "env").write_text("A=1\nnonsense\n", encoding="utf-8")
    (tmp_path / "latin").write_bytes(b"A=\xe9\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "exit_code", "said"),
    [
        (["--hf-space", "vader-sentimnt"], 3, "nearest: vader-sentiment, "),
        ([*SPACE, "--fallback", "local,vader-sentimnt"], 3, "nearest: vader-sentiment, "),
        (["--hf-space", "https://huggingface.co/user/model"], 3, "is not the address of a Space"),
        (["--hf-space", "https://[::1/x"], 3, "is not an address"),
        (["--hf-space", "registry.hf.space/Upper"], 3, "upper case"),
        ([*SPACE, "-i", "@none.wav"], 2, "input file none.wav does not exist"),
        ([*SPACE, "-i", "audio=@none.wav"], 2, "input file none.wav does not exist"),
        ([*SPACE, "-i", "@."], 2, "is not a file"),
        ([*SPACE, "-i", "@/dev/zero"], 2, "is not a file"),
        ([*SPACE, "-i", "@talk.wav/x"], 2, "input file talk.wav/x"),
        ([*SPACE, "-i", "@~nobody-of-this-name/x"], 2, "nobody-of-this-name"),
        ([*SPACE, "-i", "@"], 2, "no file behind @"),
        ([*SPACE, "-i", ""], 2, "-i is empty"),
        ([*SPACE, "-i", "x=\udcff"], 2, "input x is not UTF-8"),
        ([*SPACE, "-i", "@\udcff.wav"], 2, "does not exist"),
        (["--hf-space", "face-detection", "-i", "@talk.wav"], 13, "talk.wav is audio, and face-detection takes image"),
        (["\udcff", *SPACE], 2, "the prompt is not UTF-8"),
        ([*SPACE, "--timeout", "soon"], 2, "'soon' is not a duration: write 90, 90s, 5m or 1h"),
        ([*SPACE, "--startup-timeout", "0"], 2, "it must be more than zero"),
        ([*SPACE, "--startup-timeout", "-5"], 2, "is not a duration"),
        ([*SPACE, "--slot-timeout", "99999d"], 2, "a year is the most"),
        ([*SPACE, "--memory", "lots"], 2, "'lots' is not a size: write 512m or 2g"),
        ([*SPACE, "--memory", "1m"], 2, "the engine takes no less than 6 MiB"),
        ([*SPACE, "--cpus", "0"], 2, "--cpus"),
        ([*SPACE, "--cpus", "nan"], 2, "nan CPUs"),
        ([*SPACE, "--cpus", "inf"], 2, "inf CPUs"),
        ([*SPACE, "--gpus", "some"], 2, "'some' is no number of GPUs"),
        ([*SPACE, "--pull", "sometimes"], 2, "'sometimes' is not one of"),
        ([*SPACE, "--format", "xml"], 2, "'xml' is not one of"),
        ([*SPACE, "-e", "1A=x"], 2, "'1A' is not the name of a variable"),
        ([*SPACE, "-e", "NOT_SET_ANYWHERE"], 2, "no such variable in the environment"),
        ([*SPACE, "-e", "A=\udcff"], 2, "the value of the variable A is not text"),
        ([*SPACE, "--env-file", "none"], 2, "--env-file none: "),
        ([*SPACE, "--env-file", "."], 2, "--env-file .: "),
        ([*SPACE, "--env-file", "env"], 2, "env:2: no = in this line"),
        ([*SPACE, "--env-file", "latin"], 2, "not UTF-8"),
        ([*SPACE, "--secret", "NOT_SET_ANYWHERE"], 2, "no such variable in the environment"),
        ([*SPACE, "--network", "host"], 2, "'host' is not one of"),
        ([*SPACE, "--privacy-mode", "--network", "open"], 2, "privacy mode means an isolated network"),
        ([*SPACE, "--privacy-mode", "--warm-online"], 2, "privacy mode means an isolated network"),
        ([*SPACE, "--warm-online", "--network", "isolated"], 2, "--warm-online and --network isolated: one of them"),
        ([*SPACE, "-o", "file"], 2, "file is not a folder"),
        ([*SPACE, "-o", "file/below"], 2, "cannot write"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(
    files: Path, private_home: Path, arguments: list[str], exit_code: int, said: str
) -> None:
    before = sorted(path.name for path in files.iterdir())
    ended = hfsr("run", *arguments, directory=files, environment=NO_ENGINE)
    assert (ended.exit_code, ended.stdout) == (exit_code, ""), ended.stderr
    assert said in ended.stderr
    assert "Error: " in ended.stderr
    assert sorted(path.name for path in files.iterdir()) == before
    assert written_but_indexes(private_home) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x", "--hf-space", "nope"],
        ["run", "x", *SPACE, "-i", "@none"],
        ["run", "x"],
        ["run", "x", *SPACE, "--memory", "1m", "--dry-run"],
        ["info", "nope"],
        ["list", "--category", "nope"],
        ["pull", "nope"],
        ["run", "x", *SPACE, "--timeout", "soon"],
        ["run", "x", *SPACE, "--no-such-option"],
        ["list", "more"],
    ],
)
def test_a_failure_in_json_is_one_object_on_stdout(files: Path, arguments: list[str]) -> None:
    ended = hfsr(*arguments, "--json", directory=files, environment=NO_ENGINE)
    shown = json.loads(ended.stdout)
    assert shown["status"] == "failed"
    assert shown["exit_code"] == ended.exit_code != 0
    assert shown["error"]
    assert shown["verdict"]
    assert "hint" in shown


@pytest.mark.parametrize("arguments", [["run", "x", *SPACE], ["pull", "vader-sentiment"], ["cleanup"]])
@pytest.mark.parametrize("host", ["unix:///nonexistent.sock", "tcp://127.0.0.1:1", "nonsense", "ssh://127.0.0.1:1"])
def test_without_an_engine_it_says_so_and_what_to_do(files: Path, arguments: list[str], host: str) -> None:
    ended = hfsr(*arguments, "--json", directory=files, environment={"DOCKER_HOST": host})
    assert ended.exit_code == ended.json["exit_code"] == 4, ended.stderr
    assert ended.json["verdict"].startswith("engine_")
    assert "Hint: " in ended.stderr
    assert sorted(path.name for path in files.iterdir()) == ["env", "file", "latin", "talk.wav"]


@pytest.mark.parametrize("home", ["file", "file/below"])
def test_a_home_where_nothing_can_be_written_is_told(files: Path, home: str) -> None:
    environment = {**NO_ENGINE, "HFSR_HOME": str(files / home)}
    assert hfsr("list", directory=files, environment=environment).exit_code == 0
    ended = hfsr("run", "x", *SPACE, directory=files, environment=environment)
    assert ended.exit_code in {2, 4}


@pytest.mark.engine
def test_a_secret_stands_nowhere(files: Path) -> None:
    environment = {"MY_TOKEN": "hunter2-of-the-host", "OTHER": "also-hidden-value"}
    secrets = ["--secret", "MY_TOKEN", "--secret", "OTHER"]
    for more in (
        ["--dry-run"],
        ["--dry-run", "--json"],
        ["--dry-run", "-v"],
        ["-i", "@none"],
        ["--memory", "1m", "--json"],
    ):
        ended = hfsr("run", "x", *SPACE, *secrets, *more, directory=files, environment=environment)
        said = ended.stdout + ended.stderr
        assert "hunter2-of-the-host" not in said
        assert "also-hidden-value" not in said
        if more[0] == "--dry-run":
            assert ended.exit_code == 0, ended.stderr
            assert "MY_TOKEN" in ended.stdout
    ended = hfsr("run", "x", *SPACE, "--secret", "MY_TOKEN=hunter2-of-the-host", directory=files)
    assert ended.exit_code == 2
    assert "hunter2" not in ended.stdout + ended.stderr


@pytest.mark.engine
def test_a_dry_run_touches_nothing(files: Path, private_home: Path) -> None:
    ended = hfsr("run", "x", *SPACE, "-o", "new/folder", "--dry-run", "--json", directory=files)
    assert ended.exit_code == 0, ended.stderr
    (candidate,) = ended.json["candidates"]
    assert candidate["name"] == "vader-sentiment"
    assert candidate["docker_run"][:2] == ["docker", "run"]
    assert sorted(path.name for path in files.iterdir()) == ["env", "file", "latin", "talk.wav"]
    assert written_but_indexes(private_home) == []


def test_the_prompt_may_be_any_text(files: Path) -> None:
    for prompt in ("--help me", "-x", "=", "@file", "größer ✓", "a\nb"):
        ended = hfsr("run", "--hf-space", "nope", "--", prompt, directory=files, environment=NO_ENGINE)
        assert ended.exit_code == 3, ended.stderr


def test_input_on_stdin_that_is_not_utf_8_is_refused(files: Path) -> None:
    ended = subprocess.run(
        [*HFSR, "run", "-", *SPACE],
        cwd=files,
        env={**os.environ, **NO_ENGINE},
        input=b"a\xff",
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"what came on stdin is not UTF-8 (byte 1)" in ended.stderr
