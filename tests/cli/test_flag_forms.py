"""The command line as people type it: commands, short forms, typos, help."""

import subprocess
from pathlib import Path

import pytest

from tests.engine.command_line import HFSR, hfsr


def test_without_arguments_it_shows_its_help(tmp_path: Path) -> None:
    ended = hfsr(directory=tmp_path)
    assert ended.exit_code in {0, 2}
    assert "Examples:" in ended.stdout + ended.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["run", "-h"], ["list", "--help"], ["cleanup", "-h"]])
def test_help_goes_to_stdout(tmp_path: Path, arguments: list[str]) -> None:
    ended = hfsr(*arguments, directory=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "Examples:" in ended.stdout


@pytest.mark.parametrize("short", [["--list-spaces"], ["--list-spaces", "-v"], ["-v", "list"]])
def test_list_spaces_is_list(tmp_path: Path, short: list[str]) -> None:
    assert hfsr(*short, directory=tmp_path).stdout == hfsr("list", directory=tmp_path).stdout != ""


def test_a_prompt_without_run_is_a_run(tmp_path: Path) -> None:
    short = hfsr("a prompt", "--hf-space", "no-such-space", directory=tmp_path)
    long = hfsr("run", "a prompt", "--hf-space", "no-such-space", directory=tmp_path)
    assert (short.exit_code, short.stderr) == (long.exit_code, long.stderr)
    assert long.exit_code == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["lst"], "Did you mean 'list'?"),
        (["clenup"], "Did you mean 'cleanup'?"),
        (["run", "x", "--hf-spac", "y"], "Did you mean '--hf-space'?"),
        (["run", "x", "--tiemout", "5"], "Did you mean"),
        (["list", "--jsn"], "Did you mean"),
        (["run", "x"], "--hf-space is missing"),
        (["x"], "--hf-space is missing"),
        (["list", "more"], "unexpected extra argument"),
        (["info"], "Missing argument 'SPACE'"),
        (["run", "x", "--hf-space"], "requires an argument"),
        (["run", "x", "y", "--hf-space", "z"], "unexpected extra argument"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(tmp_path: Path, arguments: list[str], said: str) -> None:
    ended = hfsr(*arguments, directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr


def test_a_reader_that_goes_away_is_no_bug(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*HFSR, "list", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        said = process.stderr.read()
    assert said == ""
    assert process.returncode not in {0, 70}


@pytest.mark.parametrize("redirection", [">&-", ">/dev/full"])
def test_an_output_that_cannot_be_written_is_no_bug(tmp_path: Path, redirection: str) -> None:
    line = f'"$0" -m hf_spaces_runner list --json {redirection}'
    ended = subprocess.run(["bash", "-c", line, HFSR[0]], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode not in {0, 70}, ended.stderr
    assert "bug" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_version_is_one_line(tmp_path: Path) -> None:
    ended = hfsr("--version", directory=tmp_path)
    assert ended.stdout.startswith("hfsr ")
    assert ended.stdout.count("\n") == 1
