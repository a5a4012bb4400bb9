"""The options of `hfsr run` and `hfsr info` that are about the call, with a real Gradio app behind them."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.apps import app_source
from tests.engine.command_line import HFSR, NO_MODEL_CACHE, Ended, hfsr

pytestmark = pytest.mark.engine

VERSION = "5.49.1"
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
Run = Callable[..., Ended]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    entries = (
        ENTRY.format(space=name, source=app_source(name, VERSION, folder)) for name in ("components", "chat", "login")
    )
    file = folder / "registry.yaml"
    file.write_text("spaces:" + "".join(entries))
    return file


@pytest.fixture
def run(registry: Path, tmp_path: Path) -> Run:
    def run(*words: str, stdin: str = "", **environment: str) -> Ended:
        return hfsr(
            *words, directory=tmp_path, environment={"HFSR_REGISTRY": str(registry), **environment}, stdin=stdin
        )

    return run


def test_a_stream_is_printed_once_and_whole(run: Run) -> None:
    ended = run("run", "a growing text", "--hf-space", "components", "--endpoint", "stream", "--stream")
    assert (ended.exit_code, ended.stdout) == (0, "a growing text\n")


def test_a_chat_remembers_and_survives_what_the_space_refuses(run: Run) -> None:
    ended = run("run", "--hf-space", "chat", "--chat", stdin="hello\nand now?\n")
    assert ended.stdout.splitlines() == ["hello (after 0: none)", "and now? (after 1: the last was 'hello')"]
    ended = run("run", "--hf-space", "components", "--endpoint", "refuse", "--chat", "--json", stdin="a\nb\n")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["prompt"], line["status"], line["verdict"]) for line in lines] == [
        ("a", "failed", "space_error"),
        ("b", "failed", "space_error"),
    ]


def test_the_choice_is_explained(run: Run) -> None:
    ended = run("run", "--hf-space", "chat", "hello", "--explain")
    assert "endpoint /chat(message: text)" in ended.stderr
    assert "called over the app's queue" in ended.stderr
    ended = run("run", "x", "--hf-space", "components", "--endpoint", "textbox", "--explain")
    assert "endpoint /textbox: it was named" in ended.stderr
    assert ended.stdout == "x\n"


def test_several_that_fit_equally_are_listed(run: Run) -> None:
    ended = run("run", "x", "--hf-space", "components", "--json")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "no_endpoint")
    assert "endpoints of the Space take a prompt:\n  /textbox(text (Given): text) -> Answer" in ended.json["error"]
    assert "--endpoint" in ended.json["hint"]


def test_each_endpoint_is_shown_with_a_line_that_works(run: Run) -> None:
    shown = {
        endpoint["name"]: endpoint for endpoint in run("info", "components", "--endpoints", "--json").json["endpoints"]
    }
    slider = shown["/slider"]["parameters"][0]
    assert (slider["kind"], slider["minimum"], slider["maximum"]) == ("number", 0, 100)
    assert shown["/radio"]["parameters"][0]["choices"] == ["ant", "bee", "cat"]
    assert shown["/hidden"]["public"] is False
    assert shown["/optional"]["signature"].startswith('/optional(text: text = "ho", count: number = 2')
    words = shown["/twins"]["command"].split()
    assert words[:1] == ["hfsr"]
    ended = run(*(word.strip("'") for word in ["run", "text", *words[words.index("--hf-space") :]]))
    assert ended.exit_code == 0, ended.stderr
    text = run("info", "components", "--endpoints").stdout
    assert shown["/radio"]["signature"] in text
    assert shown["/radio"]["command"] in text


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (("--endpoint", "slider", "-i", "0=101"), "takes a number up to 100"),
        (("--endpoint", "slider", "-i", "given=high"), "takes a number, not 'high'"),
        (("--endpoint", "radio", "-i", "0=dog"), "takes one of ant, bee, cat, not 'dog'"),
        (("--endpoint", "image"), "/image needs picture"),
        (("--endpoint", "textbox", "-i", "colour=red"), "/textbox has no parameter 'colour'"),
        (("--endpoint", "textbox", "-i", "1=x"), "/textbox has no parameter '1'"),
        (("--endpoint", "paint"), "the Space has no endpoint /paint"),
    ],
)
def test_what_does_not_fit_is_told_with_the_signature(run: Run, inputs: tuple[str, ...], message: str) -> None:
    ended = run("run", "--hf-space", "components", *inputs, "--json")
    assert (ended.exit_code, message in ended.json["error"]) == (13, True), ended.json["error"]


def test_csv_goes_in_and_comes_out(run: Run, tmp_path: Path) -> None:
    (tmp_path / "words.csv").write_text("word;weight\nred;1.5\nblue;2\n")
    ended = run("run", "--hf-space", "components", "--endpoint", "dataframe", "-i", "@words.csv", "-o", "out")
    assert ended.stdout.splitlines()[:3] == ["word,weight", "red!,3.0", "blue!,4.0"]
    assert (tmp_path / "out" / "Answer.csv").read_text() == "word,weight\nred!,3.0\nblue!,4.0\n"


def test_a_login_of_the_apps_own(run: Run) -> None:
    words = ("run", "Bob", "--hf-space", "login", "--auth-user", "ada", "--secret", "APP_PASSWORD")
    ended = run(*words, APP_PASSWORD="a pass & word")  # noqa: S106 - a test's
    assert (ended.exit_code, ended.stdout) == (0, "Hello Bob, you are in\n"), ended.stderr
    without = run("run", "Bob", "--hf-space", "login", "--json")
    assert (without.exit_code, without.json["verdict"]) == (13, "login_needed")
    assert "--auth-user" in without.json["hint"]
    other = ("run", "Bob", "--hf-space", "login", "--auth-user", "ada", "-e", "APP_PASSWORD=another", "--json")
    wrong = run(*other, "--secret", "AUTH_PASSWORD", AUTH_PASSWORD="guess")  # noqa: S106 - likewise
    assert (wrong.exit_code, wrong.json["verdict"]) == (13, "login_refused")
    assert "guess" not in wrong.stdout + wrong.stderr


def test_a_user_without_a_password_is_refused_before_anything_starts(run: Run) -> None:
    ended = run("run", "Bob", "--hf-space", "login", "--auth-user", "ada")
    assert (ended.exit_code, "which secret is the password of ada?" in ended.stderr) == (2, True)


def test_an_interrupt_ends_the_call_on_the_server(run: Run, registry: Path, tmp_path: Path) -> None:
    """The function takes one call at a time: the next one would wait 40 s for the first to end."""
    assert run("up", "components").exit_code == 0
    try:
        words = ["run", "x" * 800, "--hf-space", "components", "--endpoint", "stream", "-v"]
        environment = {**os.environ, **NO_MODEL_CACHE, "HFSR_REGISTRY": str(registry)}
        with subprocess.Popen(
            [*HFSR, *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True
        ) as running:
            assert running.stderr is not None
            seen = next(line for line in running.stderr if "gave partial output 3" in line)
            running.send_signal(signal.SIGINT)
            rest = running.stderr.read()
        assert (running.returncode, bool(seen)) == (130, True), rest
        ended = run("run", "abc", "--hf-space", "components", "--endpoint", "stream", "--timeout", "25s")
        assert ended.stdout == "abc\n", ended.stderr
    finally:
        assert run("stop", "components").exit_code == 0
