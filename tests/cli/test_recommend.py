"""`hfsr recommend`: the order, the reasons in words, what runs before count for, and what it does without."""

import os
from pathlib import Path

import pytest

from hf_spaces_runner.domain.result import Attempt, CandidateKind, Status, Timings
from hf_spaces_runner.history.attempt_log import AttemptLog
from tests.engine.command_line import Ended, hfsr

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}
MOODS = ("vader-sentiment", "sentiment-analysis")


def recommend(*arguments: str, directory: Path, **environment: str) -> Ended:
    return hfsr("recommend", *arguments, directory=directory, environment=NO_ENGINE | environment)


def spaces(ended: Ended) -> list[str]:
    return [one["space"] for one in ended.json["recommendations"]]


def history() -> Path:
    return Path(os.environ["HFSR_HOME"], "state", "history.sqlite")


def note(space: str, status: Status, seconds: float = 1.0, times: int = 5) -> None:
    attempt = Attempt(kind=CandidateKind.SPACE, name=space, status=status, timings=Timings(call_s=seconds))
    for number in range(times):
        AttemptLog(history()).note(attempt, run_id=f"run-{number}", tier="auto", at=float(number))


def test_it_says_which_and_why_and_how(tmp_path: Path) -> None:
    ended = recommend("transcribe my interview", directory=tmp_path)
    assert (ended.exit_code, ended.stderr) == (0, "")
    lines = ended.stdout.splitlines()
    first = lines.index("   hfsr run -i @talk.wav --hf-space sphinx-transcription")
    assert lines[first - 3].startswith("1. sphinx-transcription  (0.")
    assert lines[first - 2] == "   English speech to text, by PocketSphinx"
    assert lines[first - 1].startswith("   + its name says transcription; takes audio; gives text")
    assert any(line.startswith("2. whisper-transcription") for line in lines)


def test_what_speaks_against_a_space_is_said_too(tmp_path: Path) -> None:
    ended = recommend("sentiment of a text", "--json", directory=tmp_path, HFSR_MEMORY_BUDGET="600m")
    best = ended.json["recommendations"][0]
    assert best["misfits"]
    assert "memory" in " ".join(best["misfits"])
    plain = recommend("sentiment of a text", directory=tmp_path, HFSR_MEMORY_BUDGET="600m")
    assert f"   - {'; '.join(best['misfits'])}" in plain.stdout


@pytest.mark.parametrize(
    ("task", "file", "best"),
    [
        ("find the faces", "photo.jpg", "face-detection"),
        ("transcribe it", "talk.wav", "sphinx-transcription"),
        ("describe it", "photo.PNG", "image-captioning"),
    ],
)
def test_files_count_by_their_kind(tmp_path: Path, task: str, file: str, best: str) -> None:
    (tmp_path / file).touch()
    for given in (f"@{file}", f"input=@{file}"):
        assert spaces(recommend(task, "-i", given, "--json", directory=tmp_path))[0] == best


def test_a_space_that_cannot_take_the_file_is_not_recommended(tmp_path: Path) -> None:
    assert "face-detection" in spaces(recommend("find the faces", "--json", directory=tmp_path))
    (tmp_path / "a.wav").touch()
    assert "face-detection" not in spaces(recommend("find the faces", "-i", "@a.wav", "--json", directory=tmp_path))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    ended = recommend("find the faces", "-i", "@none.jpg", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "none.jpg does not exist" in ended.stderr


@pytest.mark.parametrize("favourite", MOODS)
def test_how_it_went_before_changes_the_order(tmp_path: Path, favourite: str) -> None:
    (other,) = set(MOODS) - {favourite}
    note(favourite, Status.OK, 1.5)
    note(other, Status.FAILED)
    ended = recommend("sentiment of a text", "--json", directory=tmp_path)
    assert spaces(ended)[:2] == [favourite, other]
    reasons, misfits = (
        " ".join(ended.json["recommendations"][place][kind]) for place, kind in ((0, "reasons"), (1, "misfits"))
    )
    assert "5 of 5 runs succeeded, 1.5 s each" in reasons
    assert "5" in misfits


@pytest.mark.parametrize("content", [b"no database" * 1000, b"", None])
def test_a_history_that_cannot_be_read_is_no_reason_to_fail(tmp_path: Path, content: bytes | None) -> None:
    history().parent.mkdir(exist_ok=True)
    if content is None:
        history().mkdir()
    else:
        history().write_bytes(content)
    ended = recommend("sentiment of a text", "--json", directory=tmp_path)
    assert ended.exit_code == 0
    assert spaces(ended)[0] in MOODS


@pytest.mark.parametrize("host", ["unix:///nowhere.sock", "tcp://127.0.0.1:9"])
def test_without_an_engine_what_only_that_knows_is_left_out(tmp_path: Path, host: str) -> None:
    ended = recommend("sentiment of a text", directory=tmp_path, DOCKER_HOST=host)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert "vader-sentiment" in ended.stdout
    assert "image is here" not in ended.stdout
    assert "must be" not in ended.stdout


def test_what_is_disabled_comes_last(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("spaces:\n")
    environment = {"HFSR_REGISTRY": str(own)}
    before = spaces(recommend("sentiment of a text", "--json", directory=tmp_path))
    hfsr("registry", "edit-status", before[0], "disabled", directory=tmp_path, environment=environment)
    assert spaces(recommend("sentiment of a text", "--json", directory=tmp_path, **environment))[0] == before[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Missing argument 'TASK'"),
        ([""], "the task is empty"),
        ([" \n"], "the task is empty"),
        (["faces", "-i", "photo.jpg"], "write -i @FILE"),
        (["faces", "-i", "size=3"], "write -i @FILE"),
        (["faces", "--limit", "0"], "1<=x<=100"),
    ],
)
def test_a_slip_is_named(tmp_path: Path, arguments: list[str], said: str) -> None:
    ended = recommend(*arguments, directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr


@pytest.mark.parametrize("task", ["qwertzuiop", "x" * 100_000, "\x1b[2J\n'", "🦖"])
def test_where_nothing_fits_it_says_what_else_to_try(tmp_path: Path, task: str) -> None:
    ended = recommend(task, directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr.startswith("Nothing that is known fits. On the Hub: hfsr discover --search ")
    assert len(ended.stderr) < 400
    assert "\x1b" not in ended.stderr
    assert recommend(task, "--json", directory=tmp_path).json == {"recommendations": []}


def test_forms_of_output(tmp_path: Path) -> None:
    ended = recommend("sentiment of a text", "--limit", "2", "--json", directory=tmp_path)
    assert sorted(spaces(ended)) == sorted(MOODS)
    first = ended.json["recommendations"][0]
    assert 0 < first["score"] <= 1
    assert first["command"] == f'hfsr run "your text" --hf-space {first["space"]}'
    assert (first["origin"], first["category"]) == ("bundled", "text_processing")
    quiet = recommend("sentiment of a text", "--limit", "2", "--format", "quiet", directory=tmp_path)
    assert quiet.stdout.split() == spaces(ended)


def test_forgotten_quotes_and_at_signs(tmp_path: Path) -> None:
    (tmp_path / "my scan.png").write_bytes(b"")
    with_quotes = recommend("what is written here", "--json", directory=tmp_path)
    assert spaces(recommend("what", "is", "written", "here", "--json", directory=tmp_path)) == spaces(with_quotes)
    ended = recommend("what is written here", "-i", "my scan.png", directory=tmp_path)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "Hint: write -i @'my scan.png'" in ended.stderr
