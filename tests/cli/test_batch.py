"""`hfsr batch` reads its words, shows what it would do, and refuses what cannot be before anything is started."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hf_spaces_runner.cli.batch_options import batch_options
from hf_spaces_runner.cli.main import cli
from tests.engine.command_line import hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}
SPACE = ("--hf-space", "vader-sentiment")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def dry(*words: str, stdin: str | None = None) -> list[dict[str, Any]]:
    """Return the items that a dry run shows."""
    ended = CliRunner().invoke(
        cli, ["batch", *SPACE, *words, "--dry-run", "--json"], input=stdin, catch_exceptions=False
    )
    assert ended.exit_code == 0, ended.output
    items: list[dict[str, Any]] = json.loads(ended.stdout)["items"]
    return items


def refused(*words: str) -> Result:
    """Return how a command is refused."""
    ended = CliRunner().invoke(cli, ["batch", *words])
    assert ended.exit_code == 2, (ended.output, ended.exception)
    return ended


def test_help_says_what_comes_of_it() -> None:
    ended = CliRunner().invoke(cli, ["batch", "--help"], terminal_width=100)
    assert ended.exit_code == 0
    for said in ("[PROMPT] [INPUTS]", "Exit 21", "goes on where it was", "--rerun-failed", "--max-failures N|P%"):
        assert said in ended.output
    assert "INTEGER RANGE" not in ended.output


def test_a_dry_run_shows_the_first_three(here: Path) -> None:
    (here / "rows.csv").write_text("review,stars\ngood,5\nbad,1\nso so,3\nwhatever,2\n")
    items = dry("Is it good? {review}", "rows.csv")
    assert [item["prompt"] for item in items] == ["Is it good? good", "Is it good? bad", "Is it good? so so"]
    assert items[0]["inputs"] == [{"name": "stars", "value": "5"}]
    assert items[1]["source"] == "rows.csv:3"
    assert not (here / "hfsr-batch-vader-sentiment").exists()


def test_columns_are_chosen_in_one_word_or_in_several(here: Path) -> None:
    (here / "rows.csv").write_text("review,stars,label\ngood,5,pos\n")
    for words in (["--columns", "review,stars"], ["--columns", "review", "--columns", " stars "]):
        (item,) = dry("rows.csv", *words)
        assert [given["name"] for given in item["inputs"]] == ["review", "stars"]
    ended = refused(*SPACE, "rows.csv", "--columns", "review,", "--dry-run")
    assert "--columns: a name is empty" in ended.output


def test_a_dry_run_shows_people_what_cannot_be_asked_and_no_tricks(here: Path) -> None:
    (here / "rows.jsonl").write_text('{"text": "\\u001b[31mred", "_id": "a\\u001b[2Jb"}\n{"text": \n[1]\n')
    ended = hfsr("batch", *SPACE, "rows.jsonl", "--dry-run", directory=here, environment=NO_ENGINE)
    assert ended.exit_code == 0, ended.stderr
    assert ended.stdout.count("cannot be asked") == 2
    assert "\x1b" not in ended.stdout


@pytest.mark.parametrize(
    ("words", "stdin", "prompts"),
    [
        (("say {a}", "-"), '{"a": 1}\n{"a": 2}\n', ["say 1", "say 2"]),
        (("--prompt", "x.txt"), None, None),
        (("--prompts", "lines.txt"), None, ["one", "two"]),
        (("--prompts", "lines.txt", "--offset", "1"), None, ["two"]),
        (("--prompts", "lines.txt", "--limit", "1"), None, ["one"]),
        (("--prompt", "hello", "lines.txt"), None, ["hello"]),
    ],
)
def test_which_word_is_the_prompt(
    here: Path, words: tuple[str, ...], stdin: str | None, prompts: list[str] | None
) -> None:
    (here / "lines.txt").write_text("one\n\ntwo\n")
    if prompts is None:
        assert "no inputs" in _said(refused(*SPACE, *words))
    else:
        assert [item["prompt"] for item in dry(*words, stdin=stdin)] == prompts


def test_files_and_folders_are_inputs(here: Path) -> None:
    (here / "a").mkdir()
    for name in ("a/2.wav", "a/10.wav", "a/.hidden"):
        (here / name).touch()
    items = dry("a", "a/*.wav")
    assert [item["id"] for item in items] == ["2.wav", "10.wav", "a/2.wav"]
    assert all("file" in item["inputs"][0] for item in items)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "which Space?"),
        (("rows.csv",), "which Space?"),
        (SPACE, "no inputs"),
        ((*SPACE, "nothing.csv"), "does not exist"),
        ((*SPACE, "some words"), "no inputs"),
        ((*SPACE, "a {b}", "rows.csv"), "b"),
        ((*SPACE, "rows.csv", "--limit", "0"), "--limit"),
        ((*SPACE, "rows.csv", "--containers", "0"), "--containers"),
        ((*SPACE, "rows.csv", "--concurrency", "0"), "--concurrency"),
        ((*SPACE, "rows.csv", "--max-failures", "many"), "neither a number nor a share"),
        ((*SPACE, "rows.csv", "--max-failures", "101%"), "neither a number nor a share"),
        ((*SPACE, "rows.csv", "--max-failures", "-1"), "neither a number nor a share"),
        ((*SPACE, "rows.csv", "--no-resume", "--rerun-failed"), "exclude each other"),
        ((*SPACE, "rows.csv", "--deadline", "soon"), "soon"),
        ((*SPACE, "rows.csv", "-i", "text={nothing}"), "nothing"),
        ((*SPACE, "empty.csv"), "no items"),
        ((*SPACE, "twice.csv"), "text"),
        ((*SPACE, "rows.csv", "--report", "rows.csv"), "would replace it"),
        ((*SPACE, "rows.csv", "--report", "missing/page.html"), "there is no folder missing"),
        ((*SPACE, "--prompts", "results.jsonl", "-o", "."), "is written by this batch itself"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(here: Path, words: tuple[str, ...], said: str) -> None:
    (here / "rows.csv").write_text("text\na\n")
    (here / "empty.csv").write_text("text\n")
    (here / "twice.csv").write_text("text,text\na,b\n")
    (here / "results.jsonl").write_text("a\n")
    ended = hfsr("batch", *words, "--json", directory=here, environment=NO_ENGINE)
    assert (ended.exit_code, ended.json["verdict"]) == (2, "usage"), ended.stderr
    assert said in ended.json["error"] + (ended.json["hint"] or "")
    assert [path.name for path in here.iterdir() if path.is_dir()] == []


def test_without_an_engine_it_says_so(here: Path) -> None:
    (here / "rows.csv").write_text("text\na\n")
    ended = hfsr("batch", *SPACE, "rows.csv", "--no-fallback", "--json", directory=here, environment=NO_ENGINE)
    assert (ended.exit_code, ended.json["verdict"]) == (4, "engine_unavailable"), ended.stderr


def test_an_unknown_space_is_named(here: Path) -> None:
    (here / "rows.csv").write_text("text\na\n")
    ended = hfsr("batch", "--hf-space", "vader-sentimen", "rows.csv", "--json", directory=here, environment=NO_ENGINE)
    assert ended.exit_code == 3
    assert "vader-sentiment" in ended.stderr


def test_the_results_of_somebody_else_are_not_written_over(here: Path) -> None:
    (here / "rows.csv").write_text("text\na\n")
    (here / "out").mkdir()
    (here / "out" / "results.jsonl").write_text("precious\n")
    ended = hfsr("batch", *SPACE, "rows.csv", "-o", "out", "--json", directory=here, environment=NO_ENGINE)
    assert ended.exit_code == 2
    assert (here / "out" / "results.jsonl").read_text() == "precious\n"


def test_its_own_results_are_no_input(here: Path) -> None:
    (here / "out").mkdir()
    (here / "out" / "failed.jsonl").write_text('{"text": "a"}\n')
    ended = hfsr("batch", *SPACE, "out/failed.jsonl", "-o", "out", "--json", directory=here, environment=NO_ENGINE)
    assert (ended.exit_code, "written by this batch itself" in ended.json["error"]) == (2, True)


def test_every_option_that_it_takes_has_a_meaning_in_its_help() -> None:
    @batch_options
    def nothing(**_: object) -> None:
        """Do nothing."""

    options = getattr(nothing, "__click_params__", [])
    assert options
    assert [option.name for option in options if not option.help] == []


def _said(ended: Result) -> str:
    return f"{ended.output} {ended.exception}"


def test_a_name_that_is_no_utf_8_is_no_bug(tmp_path: Path) -> None:
    table = os.fsencode(tmp_path) + b"/caf\xe9.jsonl"
    Path(os.fsdecode(table)).write_text('{"text": "a"}\n', "utf-8")
    ended = hfsr(
        *("batch", "--hf-space", "vader-sentiment", os.fsdecode(table), "-o", "out"),
        directory=tmp_path,
        environment={"DOCKER_HOST": "unix:///nowhere.sock", "HFSR_MODEL_SERVERS": "127.0.0.1:1"},
    )
    assert ended.exit_code == 4, ended.stderr
