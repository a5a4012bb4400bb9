"""`transformers serve` for real, with a tiny model on loopback, called as every server like OpenAI's is."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import connecting
from hf_spaces_runner.calling.http_api.openai import OpenAiCaller
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import CallError, CallTimeoutError
from hf_spaces_runner.local_models.line import PROBE_LIMITS
from hf_spaces_runner.local_models.servers import find_servers
from tests.local.conftest import CHECKOUT, PYTHON

pytestmark = [pytest.mark.local, pytest.mark.network]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(
    fetched_model: str, local_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Yield the address of a `transformers serve` that has the tiny model in its cache: it lists no others."""
    assert fetched_model
    log = tmp_path_factory.mktemp("serve") / "log"
    port = _free_port()
    command = [str(PYTHON.with_name("transformers")), "serve"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu"]
    with (
        log.open("wb") as output,
        subprocess.Popen(command, cwd=CHECKOUT, env=local_environment, stdout=output, stderr=output) as process,
    ):
        try:
            deadline = Deadline.after(120, time.monotonic)
            while True:
                with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
                assert process.poll() is None, log.read_text("utf-8", "replace")[-4000:]
                assert not deadline.passed, log.read_text("utf-8", "replace")[-4000:]
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(30)


def call(
    server: str,
    model: str,
    prompt: str = "Hello",
    *,
    limit_s: float = 60,
    on_progress: ProgressCallback = ignore_progress,
    **inputs: str,
) -> Answer:
    deadline = Deadline.after(limit_s, time.monotonic)
    given = tuple(InputValue(name=name, value=value) for name, value in inputs.items())
    with OpenAiCaller(AnswerLimits(), model=model).open(server, deadline) as session:
        return session.call(Call(prompt=prompt, inputs=given), Path(os.devnull), deadline, on_progress)


def test_it_is_found_and_known_for_what_it_is(server: str, fetched_model: str) -> None:
    (found,) = find_servers(
        [server], lambda address, deadline: connecting(address, deadline, PROBE_LIMITS), timeout_s=30
    )
    assert found.is_reachable, found.why_not
    assert found.kind == "transformers"
    assert [model.name for model in found.models] == [fetched_model]


def test_it_answers_and_streams(server: str, fetched_model: str) -> None:
    heard: list[Progress] = []
    answer = call(server, fetched_model, max_tokens="24", temperature="2", on_progress=heard.append)
    assert answer.endpoint == "/v1/chat/completions"
    (output,) = answer.outputs
    assert isinstance(output.value, str)
    partial = [progress.partial for progress in heard if progress.partial is not None]
    assert len(partial) > 1
    assert heard[-1].done


def test_a_call_ends_at_its_deadline(server: str, fetched_model: str) -> None:
    with pytest.raises(CallTimeoutError):
        call(server, fetched_model, limit_s=0.001, max_tokens="400")


def test_a_model_that_is_not_there_is_an_error_that_names_it(server: str) -> None:
    with pytest.raises(CallError, match="no-such/model"):
        call(server, "no-such/model", max_tokens="4")
