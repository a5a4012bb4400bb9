"""A model that was found is chatted with: through the caller that Spaces have, told which model, and its failures."""

import time
from pathlib import Path

import pytest

from hf_spaces_runner.calling.http_api.openai import OpenAiCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, InvalidInputError, RunnerError, TryNext
from tests.fakes.model_server import CHAT, Fault, ModelServer, ollama, vllm
from tests.one_call import call_once

pytestmark = pytest.mark.network


def ask(
    server: ModelServer,
    scratch: Path,
    call: Call | None = None,
    *,
    model: str = "small",
    max_tokens: int | None = None,
    limit_s: float = 20,
    on_progress: ProgressCallback = ignore_progress,
) -> Answer:
    deadline = Deadline.after(limit_s, time.monotonic)
    caller = OpenAiCaller(model=model, max_tokens=max_tokens)
    return call_once(caller, server.url, call or Call(prompt="one two three four"), scratch, deadline, on_progress)


def test_the_chosen_model_answers_piece_by_piece(tmp_path: Path) -> None:
    told: list[Progress] = []
    with ModelServer.running(vllm("first", "small")) as server:
        answer = ask(server, tmp_path, max_tokens=50, on_progress=told.append)
    assert [output.value for output in answer.outputs] == ["one two three four"]
    assert [one.partial for one in told if one.partial] == ["one", "one two", "one two three", "one two three four"]
    assert server.paths == [CHAT]
    assert (server.asked["model"], server.asked["max_tokens"]) == ("small", 50)


def test_what_the_user_says_goes_before_the_setting(tmp_path: Path) -> None:
    with ModelServer.running(vllm("small")) as server:
        ask(server, tmp_path, Call(prompt="x", inputs=(InputValue(name="max_tokens", value="7"),)), max_tokens=50)
        assert server.asked["max_tokens"] == 7
        ask(server, tmp_path)
        assert "max_tokens" not in server.asked


def test_images_go_along(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    with ModelServer.running(ollama("small")) as server:
        answer = ask(server, tmp_path, Call(prompt="what is that", inputs=(InputValue(path=path),)))
    assert answer.outputs[0].value == "what is that with 1 images"
    assert server.asked["messages"][0]["content"][1]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")


@pytest.mark.parametrize(
    ("fault", "error", "verdict", "says"),
    [
        ("hang", CallTimeoutError, "call_timeout", "was not answered within 0.5 s: it had written nothing"),
        ("drip", CallTimeoutError, "call_timeout", "was not answered within 0.5 s: it had written nothing"),
        ("break", CallError, "connection_lost", "Server disconnected"),
        ("half", CallError, "connection_lost", "the server ended its stream before /v1/chat/completions was done"),
        ("refuse", CallError, "login_needed", "the server wants a login of its own"),
        ("fail", CallError, "model_error", "CUDA out of memory"),
        ("nonsense", AnswerError, "unusable_answer", "not JSON"),
        ("redirect", AnswerError, "unusable_answer", "redirect"),
        ("endless", AnswerError, "unusable_answer", "more than"),
    ],
)
def test_each_failure_has_a_name_and_lets_the_next_one_try(
    tmp_path: Path, fault: Fault, error: type[RunnerError], verdict: str, says: str
) -> None:
    with ModelServer.running(vllm("small")) as server:
        server.fail(fault, at=CHAT)
        with pytest.raises(error, match=says) as raised:
            ask(server, tmp_path, limit_s=0.5 if fault in {"hang", "drip"} else 20)
        if fault == "hang":
            assert server.hung_up.wait(20)  # so that it can stop writing
    assert type(raised.value).try_next is TryNext.YES
    assert raised.value.verdict == verdict
    assert raised.value.message.startswith(f"the model small at {server.url}: ")
    assert "Space" not in f"{raised.value.message} {raised.value.hint}"


def test_nobody_listens_any_more(tmp_path: Path) -> None:
    with ModelServer.running() as server:
        pass
    with pytest.raises(CallError, match="ConnectError") as raised:
        ask(server, tmp_path)
    assert raised.value.verdict == "connection_lost"


def test_a_model_that_is_gone(tmp_path: Path) -> None:
    with ModelServer.running(ollama("other")) as server, pytest.raises(CallError, match="model 'small' not found"):
        ask(server, tmp_path)


def test_what_does_not_fit_is_still_the_users_input(tmp_path: Path) -> None:
    with ModelServer.running() as server, pytest.raises(InvalidInputError) as raised:
        ask(server, tmp_path, Call(prompt="x", inputs=(InputValue(name="max_tokens", value="-1"),)))
    assert not raised.value.message.startswith("the model")
    assert server.paths == []
