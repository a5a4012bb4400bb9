"""`hfsr run` and `hfsr status` with the cloud set up: who answers, what is told, and what never leaves."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hf_spaces_runner.cli.main import cli
from tests.fakes.cloud import Sky, answer, answer_events, gate, sky
from tests.unit.calling.fake_space import FakeSpace, fake_space

pytestmark = pytest.mark.network

HOST = "user-mood.hf.space"
URL = f"https://{HOST}"
TOKEN = "hf_TheOneThatWasGiven"  # noqa: S105 - made up
SAID = b'{"choices": [{"index": 0, "delta": {"content": "by a model"}, "finish_reason": "stop"}]}'
ASK = ("run", "the prompt", "--hf-space", "vader-sentiment")
SPACE = {"HFSR_CLOUD_SPACES": f"vader-sentiment={URL}"}
MODEL = {"HFSR_CLOUD_MODEL": "org/model", "HFSR_CLOUD_PROVIDER": "groq"}


@pytest.fixture
def space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSpace]:
    folder = tmp_path / "space"
    folder.mkdir()
    with fake_space() as fake, gate(folder, monkeypatch, int(fake.base_url.rpartition(":")[2]), HOST) as ca:
        monkeypatch.setenv("HFSR_CA_BUNDLE", str(ca))
        yield fake


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    folder = tmp_path / "router"
    folder.mkdir()
    with sky(folder, monkeypatch, "router.huggingface.co") as found:
        monkeypatch.setenv("HFSR_CA_BUNDLE", str(found.ca))
        found.answers["POST /v1/chat/completions"] = answer_events(SAID)
        yield found


def hfsr(*arguments: str, **environment: str) -> Result:
    own = {
        "DOCKER_HOST": "unix:///nowhere.sock",
        "HFSR_MODEL_SERVERS": "127.0.0.1:1",
        "HF_HUB_OFFLINE": "0",
        **environment,
    }
    return CliRunner().invoke(cli, arguments, env=own)


def test_a_remote_space_answers_if_it_was_set_up(space: FakeSpace) -> None:
    ended = hfsr(*ASK, "--json", "--tier", "cloud", **SPACE)
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["text"], found["space"], found["tier"]) == ("said", URL, "cloud")
    assert [(one["kind"], one["status"]) for one in found["attempts"]] == [("remote_space", "ok")]
    assert f"sends the prompt to {URL}" in ended.stderr
    assert space.requests


def test_it_follows_where_no_container_can_run(space: FakeSpace) -> None:
    ended = hfsr(*ASK, "--json", **SPACE)
    assert ended.exit_code == 0, ended.stderr
    attempts = json.loads(ended.stdout)["attempts"]
    assert (attempts[0]["name"], attempts[0]["verdict"]) == ("vader-sentiment", "engine_unavailable")
    assert (attempts[-1]["kind"], attempts[-1]["name"]) == ("remote_space", URL)
    assert space.requests


@pytest.mark.parametrize("options", [("--privacy-mode",), ("--no-fallback",), ("--fallback", "local")])
def test_nobody_there_is_asked_by(space: FakeSpace, options: tuple[str, ...]) -> None:
    ended = hfsr(*ASK, *options, **SPACE)
    assert ended.exit_code != 0
    assert "sends" not in ended.stderr
    assert space.requests == []


def test_a_sensitive_word_keeps_it_here(space: FakeSpace) -> None:
    ended = hfsr(*ASK, "--tier", "cloud", **SPACE, HFSR_PRIVACY_WORDS="the prompt")
    assert (ended.exit_code, "privacy" in ended.stderr) == (6, True)
    assert hfsr(*ASK, **SPACE, HFSR_PRIVACY_WORDS="the prompt").exit_code != 0
    assert space.requests == []


def test_without_a_setting_nobody_there_is_asked(space: FakeSpace) -> None:
    ended = hfsr(*ASK)
    assert ended.exit_code == 4
    asked = hfsr(*ASK, "--tier", "cloud")
    assert (asked.exit_code, "cloud_spaces" in asked.stderr) == (2, True)
    assert space.requests == []


def test_offline_nobody_there_is_asked(space: FakeSpace) -> None:
    ended = hfsr(*ASK, "--tier", "cloud", **{**SPACE, "HF_HUB_OFFLINE": "1"})
    assert (ended.exit_code, "HF_HUB_OFFLINE" in ended.stderr) == (6, True)
    assert space.requests == []


def test_a_model_answers_with_the_token_that_was_named(router: Sky) -> None:
    options = ("--json", "--tier", "cloud", "--secret", "HF_TOKEN")
    ended = hfsr(*ASK, *options, **MODEL, HF_TOKEN=TOKEN)
    assert ended.exit_code == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert (found["text"], found["space"], found["tier"]) == ("by a model", "org/model:groq", "cloud")
    assert "may cost credits" in ended.stderr
    assert TOKEN not in ended.stderr + ended.stdout
    (asked,) = router.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"


def test_a_token_that_was_not_named_stays_here(router: Sky) -> None:
    ended = hfsr(*ASK, "--json", "--tier", "cloud", "--no-fallback", **MODEL, HF_TOKEN=TOKEN)
    assert ended.exit_code != 0
    assert "--secret HF_TOKEN" in ended.stdout + ended.stderr
    assert router.asked == []


def test_a_refusal_of_the_router_is_told_and_the_next_is_asked(router: Sky) -> None:
    router.answers["POST /v1/chat/completions"] = answer(402, b'{"error": "You have exceeded your monthly credits"}')
    options = ("--json", "--tier", "cloud", "--secret", "HF_TOKEN")
    ended = hfsr(*ASK, *options, **MODEL, HF_TOKEN=TOKEN)
    first = json.loads(ended.stdout)["attempts"][0]
    assert (first["kind"], first["verdict"]) == ("inference_provider", "no_credits")
    assert "billing" in first["hint"]
    assert "monthly credits" in first["error"]
    assert len(json.loads(ended.stdout)["attempts"]) > 1


def test_what_a_setting_cannot_have() -> None:
    ended = hfsr(
        "status",
        HFSR_CLOUD_SPACES="http://user-mood.hf.space",
        HFSR_CLOUD_MODEL="model",
        HFSR_CLOUD_PROVIDER="No Provider",
    )
    assert ended.exit_code == 2
    for said in ("over https", "a model of the Hub is user/name", "one word"):
        assert said in ended.stderr


def test_the_status_says_who_was_set_up_and_asks_nobody(space: FakeSpace) -> None:
    off = json.loads(hfsr("status", "--json").stdout)["cloud"]
    assert (off["configured"], off["members"]) == (False, [])
    assert "cloud_spaces" in off["why_not"]
    on = json.loads(hfsr("status", "--json", **SPACE, **MODEL).stdout)["cloud"]
    assert [(one["kind"], one["name"], one["stands_for"], one["may_be_asked"]) for one in on["members"]] == [
        ("remote_space", URL, "vader-sentiment", True),
        ("inference_provider", "org/model:groq", None, True),
    ]
    rows = [line.split("\t")[:3] for line in hfsr("status", **SPACE, HF_HUB_OFFLINE="1").stdout.splitlines()]
    assert rows[-1] == ["cloud", URL, "no"]
    assert space.requests == []
