"""A Space that runs on the Hub is called as one in a container is, over TLS that is checked, whatever it answers."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from hf_spaces_runner.calling.caller import AnswerLimits, Caller
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.calling.http_api.http import HttpCaller
from hf_spaces_runner.calling.http_api.openai import OpenAiCaller
from hf_spaces_runner.calling.http_api.openapi import OpenApiCaller
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.cloud.remote_space import RemoteSpaceCaller
from hf_spaces_runner.cloud.trust import trusted
from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import (
    AnswerError,
    CallError,
    CallTimeoutError,
    ConfigurationError,
    InvalidInputError,
    NoEndpointError,
    RunnerError,
    SpaceFailedError,
    TryNext,
)
from tests.fakes.cloud import gate, leading_to
from tests.one_call import call_once
from tests.unit.calling.fake_space import (
    Answerer,
    FakeSpace,
    answer_events,
    answer_json,
    answer_raw,
    completed,
    fake_space,
    file_data,
)
from tests.unit.calling.test_nothing_of_the_users import DESCRIPTION, UNMASKED, gradio_3

pytestmark = pytest.mark.network

HOST = "user-mood.hf.space"
URL = f"https://{HOST}"
TOKEN = "hf_TheOneThatWasGiven"  # noqa: S105 - made up
HEADER = "X-HF-Authorization"


def make_caller(kind: ApiKind, api: Api, remote: Remote, limits: AnswerLimits | None = None) -> Caller:
    if kind is ApiKind.HTTP:
        return HttpCaller(api, limits, remote=remote)
    if kind is ApiKind.OPENAPI:
        return OpenApiCaller(limits, remote=remote)
    if kind is ApiKind.OPENAI:
        return OpenAiCaller(limits, remote=remote)
    return GradioCaller(limits, remote=remote)


class Remotely:
    """A Space on loopback that is reached as a remote one."""

    def __init__(self, ca: Path, scratch: Path) -> None:
        self.ca = ca
        self.scratch = scratch

    def ask(
        self,
        *inputs: InputValue,
        prompt: str | None = "the prompt",
        url: str = URL,
        token: str | None = TOKEN,
        api: Api = Api(),  # noqa: B008 - it is frozen
        timeout_s: float = 30.0,
    ) -> Any:
        caller = RemoteSpaceCaller(
            make_caller,
            trust=lambda: trusted(self.ca),
            token=None if token is None else Secret(token),
            api=api,
        )
        deadline = Deadline.after(timeout_s, time.monotonic)
        answer = call_once(caller, url, Call(prompt=prompt, inputs=inputs), self.scratch, deadline, ignore_progress)
        return answer.outputs[0]

    def failure(self, **more: Any) -> RunnerError:
        with pytest.raises(RunnerError) as caught:
            self.ask(**more)
        assert caught.value.message.startswith(f"the remote Space {URL}")
        assert caught.value.try_next is TryNext.YES
        assert caught.value.hint is None or "hfsr run -v" not in caught.value.hint
        assert TOKEN not in caught.value.message
        return caught.value


@contextmanager
def remotely(space_port: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **more: Any) -> Iterator[Remotely]:
    with gate(tmp_path, monkeypatch, space_port, HOST, **more) as ca:
        yield Remotely(ca, tmp_path)


def port_of(space: FakeSpace) -> int:
    return int(space.base_url.rpartition(":")[2])


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def begin(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **space: Any
) -> tuple[FakeSpace, Remotely]:
    fake = stack.enter_context(fake_space(**space))
    return fake, stack.enter_context(remotely(port_of(fake), tmp_path, monkeypatch))


def test_gradio_over_its_queue(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch)
    assert remote.ask().value == "said"
    assert fake.requests[0] == "GET /config"
    assert any(asked.startswith("POST /gradio_api/queue/join") for asked in fake.requests)
    assert {headers[HEADER] for headers in fake.headers} == {f"Bearer {TOKEN}"}
    assert {headers["Host"] for headers in fake.headers} == {HOST}
    assert not any("Authorization" in headers for headers in fake.headers)


def test_a_stranger_sends_no_token(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    fake, remote = begin(stack, tmp_path, monkeypatch)
    assert remote.ask(token=None).value == "said"
    assert not any(TOKEN in str(headers) for headers in fake.headers)


@pytest.mark.parametrize("host", ["user-mood.hf.space.evil.example", "evil.example", "localhost"])
def test_the_token_goes_to_the_hub_alone(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_space() as fake, gate(tmp_path, monkeypatch, port_of(fake), host) as ca:
        assert Remotely(ca, tmp_path).ask(url=f"https://{host}").value == "said"
    assert fake.requests
    assert not any(TOKEN in str(headers) for headers in fake.headers)


def test_files_go_there_and_come_back(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = file_data(None, url=f"{URL}/gradio_api/file=/tmp/x.txt", orig_name="x.txt")
    _, remote = begin(stack, tmp_path, monkeypatch, outputs=("file",), data=answer_events(completed(own)))
    output = remote.ask()
    assert [file.path.read_bytes() for file in output.files] == [b"content"]


def test_files_elsewhere_are_not_fetched(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://user-mood.hf.space.evil.example/gradio_api/file=/tmp/x.txt"
    _, remote = begin(
        stack, tmp_path, monkeypatch, outputs=("file",), data=answer_events(completed(file_data(None, url=url)))
    )
    output = remote.ask()
    assert (output.files, output.value) == ((), url)


def test_gradio_3_over_its_websocket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    UNMASKED.clear()
    with gradio_3() as port, remotely(port, tmp_path, monkeypatch) as remote:
        assert remote.ask(InputValue(name="file", value=None)).value == "said"
    assert "the prompt" in "".join(UNMASKED)


def test_a_websocket_wants_a_certificate_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with gradio_3() as port, gate(tmp_path, monkeypatch, port, HOST, certificate_for=("other.hf.space",)) as ca:
        way = Remote(trust=trusted(ca))
        with (
            Connection(URL, Deadline.after(30, time.monotonic), AnswerLimits(), remote=way) as connection,
            pytest.raises(OSError, match="certificate verify failed"),
            connection.own_socket(),
        ):
            pytest.fail("it was trusted")


@pytest.mark.parametrize(
    ("answers", "api", "path"),
    [
        ({"GET /openapi.json": answer_json(DESCRIPTION), "POST /say": answer_json("said")}, Api(), "POST /say"),
        (
            {
                "GET /v1/models": answer_json({"data": [{"id": "m"}]}),
                "POST /v1/chat/completions": answer_json({"choices": [{"message": {"content": "said"}}]}),
            },
            Api(),
            "POST /v1/chat/completions",
        ),
        (
            {"POST /api/generate": answer_json({"generated_text": "said"})},
            Api(kind=ApiKind.HTTP),
            "POST /api/generate",
        ),
    ],
    ids=["openapi", "openai", "http"],
)
def test_what_is_not_gradio(
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: dict[str, Answerer],
    api: Api,
    path: str,
) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch, get_config=answer_json({}, 404))
    fake.answers.update(answers)
    assert remote.ask(api=api).value == "said"
    assert path in fake.requests
    assert {headers[HEADER] for headers in fake.headers} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("status", "kind", "verdict"),
    [
        (301, AnswerError, "unusable_answer"),
        (400, CallError, "refused"),
        (401, CallError, "token_refused"),
        (402, CallError, "no_credits"),
        (403, CallError, "forbidden"),
        (404, NoEndpointError, "remote_absent"),
        (408, CallTimeoutError, "call_timeout"),
        (413, CallError, "too_large"),
        (429, CallError, "rate_limited"),
        (500, SpaceFailedError, "remote_failed"),
        (502, SpaceFailedError, "remote_failed"),
        (503, CallError, "remote_asleep"),
        (504, CallTimeoutError, "call_timeout"),
    ],
)
def test_a_refusal_says_what_it_means(
    stack: ExitStack,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    kind: type[RunnerError],
    verdict: str,
) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch)
    fake.answers = {"GET": answer_json({"error": "so \x1b[31mit is"}, status)}
    error = remote.failure()
    assert type(error) is kind
    assert error.verdict == verdict
    assert str(status) in error.message
    assert status in {301, 404} or "so it is" in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("status", "verdict"),
    [(401, "login_needed"), (402, "refused"), (429, "queue_full"), (503, "queue_full"), (500, "refused")],
)
def test_a_refusal_in_the_middle(
    stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, verdict: str
) -> None:
    _, remote = begin(stack, tmp_path, monkeypatch, post_join=answer_json({"detail": "no"}, status))
    assert remote.failure().verdict == verdict


def test_the_apps_own_failure(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = {"msg": "process_completed", "success": False, "output": {"error": None}}
    _, remote = begin(stack, tmp_path, monkeypatch, data=answer_events(failed))
    error = remote.failure()
    assert isinstance(error, SpaceFailedError)
    assert error.hint == "the log of the Space says more, to its owner"


def test_bad_input_is_told_as_ever(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, remote = begin(stack, tmp_path, monkeypatch)
    with pytest.raises(InvalidInputError) as caught:
        remote.ask(InputValue(name="absent", value="x"))
    assert URL not in caught.value.message


def test_a_stream_that_is_cut(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, remote = begin(stack, tmp_path, monkeypatch, data=answer_events({"msg": "estimation", "rank": 0}))
    error = remote.failure()
    assert (error.verdict, error.hint) == (
        "connection_lost",
        "try again, or look at the Space's address in a browser",
    )


@pytest.mark.parametrize("body", [b"", b"<html>welcome</html>", b"[" * 100_000, b"[]", b'{"dependencies": 7}'])
def test_nonsense(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: bytes) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch)
    fake.answers = {"GET": answer_raw(body)}
    assert remote.failure().verdict == "no_endpoint"


def test_a_configuration_without_an_end(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch)
    fake.answers = {"GET": answer_raw(b"x", headers={"Content-Length": str(10**12)})}
    assert isinstance(remote.failure(), AnswerError)


def test_it_ends_at_the_deadline(stack: ExitStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake, remote = begin(stack, tmp_path, monkeypatch)
    fake.answers = {"GET": lambda _: time.sleep(3)}
    assert isinstance(remote.failure(timeout_s=0.3), CallTimeoutError)


def test_nobody_answers_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_space() as fake, gate(tmp_path, monkeypatch, 9, HOST) as ca:
        port = port_of(fake)
    with leading_to(port, (HOST,), monkeypatch):
        assert Remotely(ca, tmp_path).failure().verdict == "unreachable"


@pytest.mark.parametrize("name", ["other.hf.space", "hf.space", "*.evil.example", "user-mood.hf.space.evil.example"])
def test_a_certificate_of_somebody_else(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_space() as fake, remotely(port_of(fake), tmp_path, monkeypatch, certificate_for=(name,)) as remote:
        error = remote.failure()
    assert (error.verdict, "ca_bundle" in (error.hint or "")) == ("untrusted", True)
    assert fake.requests == []


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "other"
    other.mkdir()
    with (
        fake_space() as fake,
        gate(other, monkeypatch, 9, HOST) as unrelated,
        remotely(port_of(fake), tmp_path, monkeypatch) as remote,
    ):
        remote.ca = unrelated
        assert remote.failure().verdict == "untrusted"
    assert fake.requests == []


def test_no_tls_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        fake_space() as fake,
        gate(tmp_path, monkeypatch, 9, HOST) as ca,
        leading_to(port_of(fake), (HOST,), monkeypatch),
    ):
        assert Remotely(ca, tmp_path).failure().verdict == "untrusted"
    assert TOKEN not in json.dumps(fake.requests)


@pytest.mark.parametrize("content", [None, b"", b"no certificate"])
def test_a_ca_bundle_that_is_none(content: bytes | None, tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"ca\.pem cannot be used"):
        trusted(bundle)
