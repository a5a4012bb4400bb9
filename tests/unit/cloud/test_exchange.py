"""The library's one client serves two of us: questions to the Hub and questions to a provider, in any order."""

import time
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import InferenceClient

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.cloud.exchange import Exchange
from hf_spaces_runner.cloud.provider import ProviderCaller
from hf_spaces_runner.cloud.trust import trusted
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.cloud import ROUTER, CloudModel
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import CallError
from hf_spaces_runner.hub.client import Hub
from tests.fakes.cloud import Sky, answer_events, sky
from tests.fakes.hub_server import HubServer, hub_server
from tests.one_call import call_once

__all__ = ["hub_server"]

pytestmark = pytest.mark.network

DONE = b'{"choices": [{"index": 0, "delta": {"content": "said"}, "finish_reason": "stop"}]}'


@pytest.fixture
def router(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sky]:
    huggingface_hub.set_client_factory(huggingface_hub.utils._http.default_client_factory)
    with sky(tmp_path, monkeypatch, "router.huggingface.co") as found:
        found.answers["POST /v1/chat/completions"] = answer_events(DONE)
        yield found
    huggingface_hub.set_client_factory(huggingface_hub.utils._http.default_client_factory)


def ask_provider(router: Sky, tmp_path: Path) -> object:
    caller = ProviderCaller(CloudModel(name="a/b"), token=Secret("hf_x"), trust=lambda: trusted(router.ca))
    deadline = Deadline.after(30, time.monotonic)
    return call_once(caller, ROUTER, Call(prompt="x"), tmp_path, deadline).outputs[0].value


@pytest.mark.parametrize("hub_first", [True, False])
def test_the_hub_and_a_provider_are_asked_by_turns(
    router: Sky, hub_server: HubServer, tmp_path: Path, hub_first: bool
) -> None:
    hub_server.add("user/mood", title="Mood")
    with Hub(hub_server.url, timeout_s=5) as hub:
        for turn in range(4):
            if (turn % 2 == 0) is hub_first:
                assert hub.look_up("user/mood").id == "user/mood"
            else:
                assert ask_provider(router, tmp_path) == "said"
        settled = huggingface_hub.get_session()
        hub.look_up("user/mood")
        ask_provider(router, tmp_path)
        assert huggingface_hub.get_session() is settled
    assert len(router.asked) == 3


def exchange(router: Sky) -> Exchange:
    return Exchange(
        url=f"{ROUTER}/v1/chat/completions",
        who="the model",
        token=Secret("hf_x"),
        trust=trusted(router.ca),
        deadline=Deadline.after(30, time.monotonic),
        limits=AnswerLimits(),
    )


@pytest.mark.parametrize(
    "client",
    [
        {"provider": "groq", "model": "a/b", "token": "gsk_KeyOfAProvider"},
        {"base_url": "https://router.huggingface.co.evil.example/v1", "token": "hf_x"},
        {"base_url": "http://router.huggingface.co/v1", "token": "hf_x"},
        {"base_url": "https://router.huggingface.co/other/v1", "token": "hf_x"},
    ],
)
def test_whatever_the_library_asks_nobody_else_is_reached(router: Sky, client: dict[str, str]) -> None:
    asked = InferenceClient(**client)  # type: ignore[arg-type]
    with exchange(router).open(), pytest.raises(CallError, match="instead of the router"):
        asked.chat_completion([{"role": "user", "content": "x"}], stream=True)
    assert router.asked == []
    assert router.names == []
