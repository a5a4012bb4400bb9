"""Servers are found by asking: each kind by what only it says, and whatever a stranger there may do."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.model import FoundServer, Model
from hf_spaces_runner.local_models.line import PROBE_LIMITS
from hf_spaces_runner.local_models.servers import MAX_SERVERS, find_servers
from tests.fakes.model_server import (
    Fault,
    ModelServer,
    Routes,
    llama_cpp,
    llama_cpp_router,
    lm_studio,
    ollama,
    plain,
    transformers,
    vllm,
)

pytestmark = pytest.mark.network

LONG_S = 20.0
"""For servers that answer at once: no test of them may fail on a busy machine."""


def connect(address: str, deadline: Deadline) -> Connection:
    return Connection(address, deadline, PROBE_LIMITS)


def find(*addresses: str, timeout_s: float = LONG_S) -> tuple[FoundServer, ...]:
    return find_servers(addresses, connect, timeout_s=timeout_s)


def found(routes: Routes) -> FoundServer:
    with ModelServer.running(routes) as server:
        (one,) = find(server.address)
        assert one.address == server.url
        assert all(model.base_url == server.url and model.server == one.kind for model in one.models)
        assert not any("authorization" in headers for _, headers, _ in server.requests)
    return one


def known(routes: Routes) -> tuple[str, list[tuple[str, bool, int | None, bool]]]:
    one = found(routes)
    assert one.is_reachable
    return one.kind, [told(model) for model in one.models]


def told(model: Model) -> tuple[str, bool, int | None, bool]:
    return model.name, model.takes_images, model.context_tokens, model.is_loaded


def test_ollama() -> None:
    routes = ollama(
        "llama3.2:latest",
        "eyes:7b",
        "vectors:latest",
        "gpt-oss:120b-cloud",
        "far:latest",
        loaded="eyes:7b",
        remote="far:latest",
        eyes=["completion", "vision"],
        vectors=["embedding"],
    )
    assert known(routes) == (
        "ollama",
        [("llama3.2:latest", False, 131_072, False), ("eyes:7b", True, 4096, True)],
    )


def test_ollama_that_runs_a_model_elsewhere_under_a_name_of_its_own() -> None:
    routes = ollama("mine:latest")
    routes["/api/show"]["mine:latest"]["remote_host"] = "https://ollama.com:443"
    assert known(routes) == ("ollama", [])


def test_an_old_ollama_says_no_abilities() -> None:
    routes = ollama("llama3:latest", "other:latest", "sees:latest")
    routes["/api/tags"]["models"][1]["details"]["families"] = ["nomic-bert"]
    routes["/api/tags"]["models"][2]["details"]["families"] = ["llama", "clip"]
    del routes["/api/show"], routes["/api/ps"]
    assert known(routes) == ("ollama", [("llama3:latest", False, None, False), ("sees:latest", True, None, False)])


def test_ollama_without_a_model() -> None:
    assert known(ollama()) == ("ollama", [])


@pytest.mark.parametrize("vision", [False, True])
def test_llama_cpp(vision: bool) -> None:
    assert known(llama_cpp("model.gguf", vision=vision)) == ("llama.cpp", [("model.gguf", vision, 2048, True)])


def test_llama_cpp_without_properties() -> None:
    routes = llama_cpp("model.gguf", vision=True)
    del routes["/props"]
    assert known(routes) == ("llama.cpp", [("model.gguf", True, 131_072, True)])


def test_llama_cpp_with_many_models() -> None:
    assert known(llama_cpp_router(a="unloaded", b="loaded")) == (
        "llama.cpp",
        [("a", False, None, False), ("b", False, None, True)],
    )


def test_lm_studio() -> None:
    assert known(lm_studio(big="llm", vectors="embeddings", eyes="vlm")) == (
        "lm-studio",
        [("big", False, 32_768, False), ("eyes", True, 8192, True)],
    )


def test_vllm() -> None:
    assert known(vllm("Qwen/Qwen2.5-VL-3B-Instruct", "BAAI/bge-m3", "lora")) == (
        "vllm",
        [("Qwen/Qwen2.5-VL-3B-Instruct", True, 4096, True), ("lora", False, 4096, True)],
    )


@pytest.mark.parametrize("listed_owner", [True, False])
def test_transformers(listed_owner: bool) -> None:
    assert known(transformers("HuggingFaceTB/SmolLM3-3B", listed_owner=listed_owner)) == (
        "transformers",
        [("HuggingFaceTB/SmolLM3-3B", False, None, False)],
    )


def test_transformers_without_a_model() -> None:
    assert known(transformers()) == ("transformers", [])


def test_a_server_of_no_special_kind() -> None:
    assert known(plain("small", "small", "text-embedding-3", "\x1b[31mred")) == (
        "openai",
        [("small", False, None, False)],
    )


def test_several_are_found_in_the_order_of_their_addresses() -> None:
    with ExitStack() as stack:
        kinds = [vllm("a"), ollama("b:latest"), plain("c")]
        servers = [stack.enter_context(ModelServer.running(routes)) for routes in kinds]
        servers[0].fail("hang", at="/v1/models")
        first, *others = find(*(server.address for server in servers), servers[1].address, timeout_s=1.0)
    assert [one.kind for one in others] == ["ollama", "openai"]
    assert first.why_not == "it did not say what it is within 1 s"
    assert first.models == ()


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("hang", "it did not say what it is within 0.4 s"),
        ("drip", "it did not say what it is within 0.4 s"),
        ("break", "GET /v1/models failed: RemoteProtocolError"),
        ("nonsense", "GET /v1/models answered something that is not JSON"),
        ("refuse", "it wants a key (401), and none is sent"),
        ("fail", "something else listens there: GET /v1/models answered 500"),
        ("redirect", "GET /v1/models answered with a redirect (302)"),
        ("endless", "GET /v1/models answered more than 2 MiB"),
    ],
)
def test_a_stranger_is_no_model_server(fault: Fault, says: str) -> None:
    with ModelServer.running() as server:
        server.fail(fault, at="/v1/models")
        (one,) = find(server.address, timeout_s=0.4 if fault in {"hang", "drip"} else LONG_S)
        assert server.paths == ["/v1/models"]
    assert not one.is_reachable
    assert one.why_not is not None
    assert one.why_not.startswith(says)


@pytest.mark.parametrize("content", [[], {}, "x", {"data": 5}, {"models": []}, {"error": "no"}, None])
def test_what_lists_no_models_is_no_model_server(content: object) -> None:
    one = found({"/v1/models": content})
    assert one.why_not is not None
    assert one.why_not.startswith("something else listens there")


def test_one_that_hangs_halfway_has_the_models_that_it_named() -> None:
    with ModelServer.running(ollama("a:latest", "nomic-embed-text:latest")) as server:
        server.fail("hang", at="/api/show")
        (one,) = find(server.address, timeout_s=1.0)
    assert (one.kind, [told(model) for model in one.models]) == ("ollama", [("a:latest", False, None, False)])


def test_one_that_does_not_speak_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        (one,) = find(f"127.0.0.1:{listener.getsockname()[1]}", timeout_s=0.3)
    assert one.why_not == "it did not say what it is within 0.3 s"


def test_where_nothing_listens_nothing_is_opened() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    def must_not(_address: str, _deadline: Deadline) -> Connection:
        pytest.fail("nothing listens, so there is nobody to connect to")

    (one,) = find_servers([f"127.0.0.1:{port}"], must_not, timeout_s=LONG_S)
    assert one == FoundServer(address=f"http://127.0.0.1:{port}", why_not="nothing listens there")


def test_other_machines_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    knocked: list[object] = []

    def create_connection(address: object, **_: object) -> socket.socket:
        knocked.append(address)
        raise OSError(113, "No route to host")

    monkeypatch.setattr(socket, "create_connection", create_connection)
    outside = ["192.0.2.1:8000", "0.0.0.0:8000", "gpu.example:8000"]
    refused = find_servers(outside, connect, timeout_s=LONG_S)
    assert {one.why_not for one in refused} == {"it is not on this machine (127.0.0.1, ::1 or localhost)"}
    assert knocked == []
    (asked,) = find_servers(outside[:1], connect, timeout_s=LONG_S, anywhere=True)
    assert knocked == [("192.0.2.1", 8000)]
    assert asked.why_not == "it cannot be reached: No route to host"


def test_a_look_up_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with ModelServer.running(vllm("a")) as server, ExitStack() as stack:
        real = socket.create_connection

        def create_connection(address: Any, *more: Any, **named: Any) -> socket.socket:
            if address[0] == "localhost":
                server.over.wait(20)
                raise socket.gaierror(-3, "Temporary failure in name resolution")
            return real(address, *more, **named)

        monkeypatch.setattr(socket, "create_connection", create_connection)
        stack.callback(server.over.set)
        hung, fine = find(f"localhost:{server.address.partition(':')[2]}", server.address, timeout_s=1.0)
    assert hung.why_not == "it did not say what it is within 1 s"
    assert fine.why_not is None
    assert fine.kind == "vllm"


def test_addresses_that_are_none_are_said_so() -> None:
    one, two = find("nonsense", "https://127.0.0.1:1\x1b[31m")
    assert one == FoundServer(address="nonsense", why_not="the address of a model server is host:port")
    assert "\x1b" not in two.address
    assert find() == ()


def test_no_more_than_some_are_asked() -> None:
    assert len(find(*(f"nonsense{number}" for number in range(100)))) == MAX_SERVERS


def test_no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "HTTP_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert known(plain("small"))[0] == "openai"


WORDS = """data models id name owned_by capabilities details families meta status type state modalities model_info paths
    default_generation_settings max_model_len max_context_length"""
KEYS = st.sampled_from(WORDS.split())
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["vllm", "llamacpp", "loaded", "vlm", "completion"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=12,
)
LISTS = st.fixed_dictionaries({"data": st.lists(st.dictionaries(KEYS, ANY_JSON, max_size=5), max_size=3)})


@pytest.fixture(scope="module")
def puppet() -> Iterator[ModelServer]:
    with ModelServer.running({}) as server:
        yield server


@settings(max_examples=80, deadline=None)
@given(LISTS | ANY_JSON, ANY_JSON, ANY_JSON, ANY_JSON)
def test_whatever_it_says_it_is_found_or_not(
    puppet: ModelServer, listed: Any, tags: Any, other: Any, shown: Any
) -> None:
    shows = {"/api/show": shown} if isinstance(shown, dict) else {}
    puppet.routes = {
        "/v1/models": listed,
        "/api/tags": tags,
        "/api/ps": other,
        "/props": other,
        "/api/v0/models": other,
        "/openapi.json": other,
        **shows,
    }
    (one,) = find(puppet.address)
    assert one.is_reachable or one.models == ()
    assert all(model.name.isprintable() and len(model.name) <= 200 for model in one.models)
