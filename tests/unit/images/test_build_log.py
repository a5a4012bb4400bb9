"""What a build says is read into steps and lines, however the engine cuts its stream."""

from datetime import UTC, datetime

import pytest

from hf_spaces_runner.images.build import ClassicLog
from hf_spaces_runner.images.build_log import EVIDENCE_LINES, BuildLog, shortened
from hf_spaces_runner.planning.pip_command import Pip

STREAM = """Step 1/4 : FROM debian AS one
 ---> aaaaaaaaaaaa
Step 2/4 : RUN make
 ---> Running in 111111111111
hello
no end"""
AFTER = """Removing intermediate container 111111111111
 ---> bbbbbbbbbbbb
Step 3/4 : FROM debian
 ---> aaaaaaaaaaaa
Step 4/4 : COPY x /x
 ---> Using cache
 ---> cccccccccccc
"""
OURS = (
    "RUN PIP_CERT=/usr/local/share/hf-spaces-runner/ca-bundle.crt python -m pip install --no-cache-dir"
    " --disable-pip-version-check --no-input --progress-bar off --requirement"
    " /usr/local/share/hf-spaces-runner/requirements.txt gradio==5.49.1"
)


def shown(log: ClassicLog, *pieces: str) -> list[str]:
    return [line for piece in pieces for line in log.take({"stream": piece})]


def test_steps_lines_and_layers_are_read() -> None:
    log = ClassicLog()
    assert shown(log, STREAM) == ["Step 1/4: FROM debian AS one", "Step 2/4: RUN make", "Step 2/4: hello"]
    assert (log.step, log.containers) == ("step 2/4 (RUN make)", ["111111111111"])
    log.end()
    assert log.evidence == "hello\nno end"
    assert shown(log, AFTER) == ["Step 3/4: FROM debian", "Step 4/4: COPY x /x"]
    assert log.last_layers == {1: "bbbbbbbbbbbb", 2: "cccccccccccc"}
    assert log.evidence == ""  # of the step that runs, not of those before


@pytest.mark.parametrize(
    "said", ["Step 1/1 : RUN lie", "Step 2/4 : RUN lie", "Step 4/4 : RUN lie", "Step 3/9 : RUN lie"]
)
def test_a_step_that_prints_another_does_not_begin_it(said: str) -> None:
    log = ClassicLog()
    shown(log, STREAM, "\n", f"{said}\n")
    assert (log.step, log.lines[-1]) == ("step 2/4 (RUN make)", said)


def test_the_engines_words_begin_a_line_after_one_without_an_end() -> None:
    log = ClassicLog()
    pieces = shown(log, STREAM, "Removing intermediate container 111111111111\n", " ---> bbbbbbbbbbbb\n")
    assert pieces[-1] == "Step 2/4: no end"
    assert log.last_layers == {1: "bbbbbbbbbbbb"}


@pytest.mark.parametrize("size", [1, 2, 7])
def test_a_stream_in_pieces_is_cut_into_the_same_lines(size: int) -> None:
    pieces = [AFTER[start : start + size] for start in range(0, len(AFTER), size)]
    log = BuildLog()
    assert [line for piece in pieces for line in log.cut(piece)] == AFTER.splitlines()


def test_of_an_image_that_is_pulled_its_layers_are_not_told() -> None:
    log = ClassicLog()
    assert list(log.take({"status": "Pulling from library/debian", "id": "12"})) == []
    assert list(log.take({"status": "Downloading", "id": "ab", "progressDetail": {}})) == []
    assert list(log.take({"status": "Status: Downloaded newer image"})) == ["Status: Downloaded newer image"]


def test_what_a_step_prints_is_bounded_and_safe() -> None:
    log = BuildLog()
    log.begin(2, 3, "RUN x")
    for number in range(EVIDENCE_LINES + 5):
        log.note(f"line {number}")
    assert len(log.lines) == EVIDENCE_LINES
    assert [len(line) for line in log.cut("x" * 100_000)] == [500]
    assert list(log.cut("\x1b[31mred\x1b[0m\r\nnext")) == ["red"]
    assert log.note("Requirement already satisfied: pip") is None


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (OURS, "RUN python -m pip install --requirement requirements.txt gradio==5.49.1"),
        ("RUN PIP_INDEX_URL=http://x pip install y", "RUN PIP_INDEX_URL=http://x pip install y"),
        ("RUN a\t \x1b[31m b", "RUN a b"),
        ("RUN " + "x" * 200, "RUN " + "x" * 96 + "..."),
    ],
)
def test_a_command_is_named_without_what_all_have(command: str, said: str) -> None:
    assert shortened(command) == said


def test_what_is_installed_as_of_a_day_is_shown() -> None:
    step = Pip(with_ca_bundle=True, before=datetime(2024, 5, 2, tzinfo=UTC)).install(
        "--requirement", "/r.txt", "six==1"
    )
    (line,) = BuildLog().cut(f"Step 1/2 : {step}\n")
    command = line.partition(" : ")[2]
    shown = "RUN python -m uv pip install --exclude-newer 2024-05-02T00:00:00Z --requirement /r.txt six==1"
    assert shortened(command) == shown


def test_what_a_step_prints_stays_short() -> None:
    (line,) = BuildLog().cut("x" * 5000 + "\n")
    assert len(line) == 500
