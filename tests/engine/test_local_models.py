"""A model server on this machine answers where no Space can, or where it is asked for first."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.command_line import Ended, hfsr
from tests.fakes.model_server import ModelServer, ollama, plain

pytestmark = pytest.mark.network

NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere.sock"}


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer.running(plain("tiny", "other")) as running:
        yield running


def run(directory: Path, address: str, *options: str, **environment: str) -> Ended:
    return hfsr(
        *("run", "I love it", "--hf-space", "vader-sentiment", "--json", *options),
        directory=directory,
        environment={**NO_ENGINE, "HFSR_MODEL_SERVERS": address, **environment},
    )


def test_without_an_engine_a_local_model_answers(server: ModelServer, tmp_path: Path) -> None:
    ended = run(tmp_path, server.url)
    assert ended.exit_code == 0, ended.stderr
    first, *_, last = ended.json["attempts"]
    assert (first["name"], first["verdict"]) == ("vader-sentiment", "engine_unavailable")
    assert (last["kind"], last["name"], last["status"]) == ("local_model", "tiny", "ok")
    assert (ended.json["space"], ended.json["tier"], ended.json["image_digest"]) == ("tiny", "fast", None)
    assert ended.json["text"]


def test_the_fast_tier_and_performance_first_begin_with_it(server: ModelServer, tmp_path: Path) -> None:
    for option in (("--tier", "fast"), ("--performance-first",)):
        attempts = run(tmp_path, server.url, *option).json["attempts"]
        assert [one["name"] for one in attempts] == ["tiny"]


def test_the_setting_names_the_model(server: ModelServer, tmp_path: Path) -> None:
    assert run(tmp_path, server.url, "--tier", "fast", HFSR_MODEL="other").json["space"] == "other"


def test_where_nobody_listens_the_reason_is_told(tmp_path: Path) -> None:
    ended = run(tmp_path, "127.0.0.1:1")
    assert (ended.exit_code, ended.json["verdict"]) == (4, "engine_unavailable")
    servers, own = ended.json["attempts"][-2:]
    assert (servers["name"], servers["status"]) == ("local models", "skipped")
    assert "127.0.0.1:1" in servers["error"]
    assert (own["status"], own["error"]) == ("skipped", 'torch is not installed: pip install "hf-spaces-runner[local]"')


def test_without_a_fallback_nobody_else_is_asked(server: ModelServer, tmp_path: Path) -> None:
    for options in (("--no-fallback",), ("--no-fallback", "--performance-first")):
        ended = run(tmp_path, server.url, *options)
        assert ended.exit_code == 4
        assert [one["kind"] for one in ended.json["attempts"]] == ["space"]
        assert server.paths == []


def test_a_named_chain_may_hold_it(server: ModelServer, tmp_path: Path) -> None:
    assert run(tmp_path, server.url, "--fallback", "local").json["space"] == "tiny"
    named = run(tmp_path, server.url, "--fallback", "prompt-optimizer")
    assert named.exit_code == 4


def test_a_model_gives_no_pictures(server: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    ended = hfsr(
        *("run", "--hf-space", "face-detection", "-i", "@a.png", "--json"),
        directory=tmp_path,
        environment={**NO_ENGINE, "HFSR_MODEL_SERVERS": server.url},
    )
    assert ended.exit_code == 4
    assert "give no image" in ended.json["attempts"][-1]["error"]


@pytest.mark.parametrize("fault", ["break", "nonsense", "refuse", "fail", "half"])
def test_a_server_that_fails_is_told_beside_the_others(fault: str, server: ModelServer, tmp_path: Path) -> None:
    server.fail(fault, at="/v1/chat/completions")  # type: ignore[arg-type]
    ended = run(tmp_path, server.url, "--timeout", "5s")
    assert (ended.exit_code, ended.json["verdict"]) == (20, "all_failed")
    assert [one["status"] for one in ended.json["attempts"]][-2:] == ["failed", "skipped"]


def test_one_that_hangs_ends_with_the_deadline(server: ModelServer, tmp_path: Path) -> None:
    server.fail("hang", at="/v1/chat/completions")
    ended = run(tmp_path, server.url, "--tier", "fast", "--no-fallback", "--deadline", "2s")
    assert (ended.exit_code, ended.json["verdict"]) == (13, "call_timeout")


def test_other_machines_are_not_asked(tmp_path: Path) -> None:
    ended = run(tmp_path, "192.0.2.1:80")
    assert (ended.exit_code, ended.json["verdict"]) == (2, "configuration")
    assert "not on this machine" in ended.json["error"]


def test_nothing_of_the_users_goes_along(tmp_path: Path) -> None:
    with ModelServer.running(ollama("llama3.2:latest")) as server:
        home = Path(os.environ["HOME"])
        (home / ".netrc").write_text("machine 127.0.0.1 login ada password hunter22\n")
        secrets = {"HF_TOKEN": "hf_secret", "OPENAI_API_KEY": "sk-secret"}
        assert run(tmp_path, server.url, **secrets).exit_code == 0
        assert not any(word in str(server.requests) for word in ("hunter22", "hf_secret", "sk-secret", "uthorization"))
