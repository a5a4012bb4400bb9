"""The Hub's adapter finds Spaces through the real library, and sends no more than it must."""

import os
import subprocess
import sys
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import HfApi

from hf_spaces_runner import __version__
from hf_spaces_runner.domain.hub_space import HubSpace
from hf_spaces_runner.errors import ConfigurationError, HubError, UnknownSpaceError
from hf_spaces_runner.hub.client import Hub
from tests.fakes.hub_server import SHA, Fault, HubServer

pytestmark = pytest.mark.network


@pytest.fixture(autouse=True)
def spaces(hub_server: HubServer) -> None:
    hub_server.add(
        "openai/whisper",
        title="Whisper",
        short_description="Speech to text",
        ai_short_description="Turns speech into text",
        ai_category="Speech Recognition",
        likes=7,
        tags=["audio"],
        models=["openai/whisper-large", "openai/whisper-small"],
        app_file="src/app.py",
        app_port=7861,
    )
    hub_server.add("user/speech", title="Speech", sdk="docker", likes=9, tags=["audio", "box"], hardware=None)
    hub_server.add("user/old-speech", title="Old speech", stage="PAUSED", likes=8, tags=["audio"])


def ids(spaces: object) -> list[str]:
    return [space.id for space in spaces]  # type: ignore[attr-defined]


def test_a_space_that_is_looked_up_has_all_that_the_hub_says(hub: Hub) -> None:
    assert hub.look_up("openai/whisper") == HubSpace(
        id="openai/whisper",
        subdomain="openai-whisper",
        sdk="gradio",
        stage="RUNNING",
        sha=SHA,
        title="Whisper",
        description="Speech to text",
        tags=("audio", "gradio", "region:us"),
        models=("openai/whisper-large", "openai/whisper-small"),
        likes=7,
        app_file="src/app.py",
        app_port=7861,
        hardware="cpu-basic",
    )


def test_a_renamed_space_is_found_under_its_new_id(hub: Hub, hub_server: HubServer) -> None:
    hub_server.faults["/api/spaces/user/older"] = Fault(status=307, headers={"Location": "/api/spaces/user/speech"})
    assert hub.look_up("user/older").id == "user/speech"


@pytest.mark.parametrize("space_id", ["whisper", "a/b/c", "../x", "a/b?x=1", "a/b\n", "a/" + "b" * 200, "a/b--c", ""])
def test_what_is_no_id_is_not_asked_for(hub: Hub, hub_server: HubServer, space_id: str) -> None:
    with pytest.raises(UnknownSpaceError) as caught:
        hub.look_up(space_id)
    assert caught.value.hint
    assert hub_server.requests == []


@pytest.mark.parametrize("status", [404, 401])
def test_a_space_that_is_not_there_is_unknown(hub: Hub, hub_server: HubServer, status: int) -> None:
    hub_server.fail(Fault(status=status, headers={"X-Error-Code": "RepoNotFound"}))
    with pytest.raises(UnknownSpaceError, match="user/none") as caught:
        hub.look_up("user/none")
    assert caught.value.hint is not None
    assert "renamed" in caught.value.hint


@pytest.mark.parametrize(
    "fault", [Fault(status=401), Fault(status=403, headers={"X-Error-Code": "GatedRepo"}), Fault(status=403)]
)
def test_a_space_that_is_kept_from_strangers_is_refused(hub: Hub, hub_server: HubServer, fault: Fault) -> None:
    hub_server.fail(fault)
    with pytest.raises(HubError, match="The Hub says no") as caught:
        hub.look_up("openai/whisper")
    assert caught.value.verdict == "hub_refused"
    assert caught.value.hint is not None
    assert "private" in caught.value.hint


def test_a_search_is_by_meaning_where_the_hub_has_that(hub: Hub, hub_server: HubServer) -> None:
    found = list(hub.search("turns speech into text", limit=5))
    assert found[0] == HubSpace(
        id="openai/whisper",
        sdk="gradio",
        stage="RUNNING",
        title="Whisper",
        description="Turns speech into text",
        ai_category="Speech Recognition",
        tags=("gradio", "audio", "region:us"),
        likes=7,
        hardware="cpu-basic",
    )
    assert ids(found) == ["openai/whisper", "user/speech"]
    assert ids(hub.search("speech", limit=1)) == ["openai/whisper"]
    assert ids(hub.search("speech", limit=5, sdk="docker")) == ["user/speech"]
    assert "user/old-speech" in ids(hub.search("speech", limit=5, include_not_running=True))
    assert set(hub_server.paths) == {"/api/spaces/semantic-search"}


@pytest.mark.parametrize("fault", [Fault(status=404), Fault(status=410), Fault(status=501), Fault(body=b"<html>")])
def test_without_a_search_by_meaning_names_are_searched(hub: Hub, hub_server: HubServer, fault: Fault) -> None:
    hub_server.faults["/api/spaces/semantic-search"] = fault
    assert ids(hub.search("speech", limit=5)) == ["user/speech"]
    assert ids(hub.search("speech", limit=5, include_not_running=True)) == ["user/speech", "user/old-speech"]
    assert ids(hub.search("speech", limit=5, sdk="gradio")) == []
    assert hub_server.paths == ["/api/spaces/semantic-search", *["/api/spaces"] * 3]  # remembered
    assert next(hub.search("speech", limit=5)).subdomain == "user-speech"


def test_a_category_is_listed_by_any_of_its_tags_the_most_liked_first(hub: Hub) -> None:
    assert ids(hub.list_by_tags(["box", "audio"], limit=5)) == ["user/speech", "user/old-speech", "openai/whisper"]
    assert ids(hub.list_by_tags(["box", "audio"], limit=2)) == ["user/speech", "user/old-speech"]
    assert ids(hub.list_by_tags(["audio"], sdk="gradio", limit=1)) == ["user/old-speech"]
    assert ids(hub.list_by_tags(["none"], limit=5)) == []
    assert ids(hub.list_by_tags([], limit=5)) == []


def test_no_more_pages_are_asked_for_than_are_needed(hub: Hub, hub_server: HubServer) -> None:
    hub_server.page_size = 10
    for number in range(100):
        hub_server.add(f"user/n{number}", tags=["many"], likes=number, sdk="docker" if number < 90 else "gradio")
    assert len(list(hub.list_by_tags(["many"], limit=20))) == 20
    assert len(hub_server.requests) == 2
    hub_server.requests.clear()
    assert ids(hub.list_by_tags(["many"], sdk="docker", limit=1)) == ["user/n89"]
    assert len(hub_server.requests) == 2  # the ten most liked are on the first page, and have another SDK


def test_the_tasks_of_models_are_told_once_and_failures_silently_not(hub: Hub, hub_server: HubServer) -> None:
    hub_server.models |= {"a/asr": "automatic-speech-recognition", "b/asr": "automatic-speech-recognition"}
    hub_server.models |= {"gpt2": "text-generation", "c/none": None, "d/odd": "\x1b[31mred", "e/six": "fill-mask"}
    assert hub.tasks_of(["a/asr", "x/absent", "b/asr", "not an id/../", "gpt2", "c/none", "e/six"]) == (
        "automatic-speech-recognition",
        "text-generation",
    )
    assert hub.tasks_of(["d/odd"]) == ()
    assert hub.tasks_of(["a/asr"], limit=0) == ()


def test_tasks_are_not_waited_for(hub: Hub, hub_server: HubServer, slept: list[float]) -> None:
    hub_server.models |= {"a/b": "fill-mask", "c/d": "fill-mask"}
    hub_server.fail(Fault(status=429, headers={"Retry-After": "1"}))
    assert hub.tasks_of(["a/b", "c/d"]) == ()
    assert (slept, len(hub_server.requests)) == ([], 1)


def test_no_token_and_nothing_of_this_machine_is_sent(
    hub: Hub, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "secret")
    list(hub.search("speech", limit=1))
    hub_server.semantic_search = False
    hub.look_up("user/speech")
    list(hub.list_by_tags(["audio"], limit=1))
    hub.tasks_of(["a/b"])
    assert len(hub_server.requests) == 4
    for seen in hub_server.requests:
        assert set(seen.headers) <= {"host", "accept", "accept-encoding", "connection", "user-agent"}
        assert seen.headers["user-agent"] == f"hf-spaces-runner/{__version__}"


def test_the_library_asks_nothing_of_its_own(hub_server: HubServer, private_home: Path) -> None:
    code = (
        "import os; from hf_spaces_runner.hub.client import Hub; print(Hub.of(os.environ).look_up('user/speech').sdk)"
    )
    named = {"HF_ENDPOINT": hub_server.url, "HF_TOKEN": "hf_" + "secret", "AI_AGENT": "robot"}
    environment = {**os.environ, **named, "HF_HUB_OFFLINE": "0"}
    ended = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("docker\n", "")
    assert hub_server.paths == ["/api/spaces/user/speech"]
    assert [path for path in private_home.rglob("*") if path.is_file()] == []


def test_what_the_library_asks_in_an_inquiry_is_not_sent(hub: Hub, hub_server: HubServer) -> None:
    with pytest.raises(HubError), hub._inquiry("asking", lambda answer: answer).open():
        huggingface_hub.get_session().get(f"{hub_server.url}/api/agent-harnesses")
    assert hub_server.requests == []


def test_other_users_of_the_library_in_this_process_keep_theirs(hub: Hub, hub_server: HubServer) -> None:
    hub.look_up("user/speech")
    hub_server.faults["/api/spaces/user/older"] = Fault(status=307, headers={"Location": "/api/spaces/user/speech"})
    theirs = HfApi(endpoint=hub_server.url, token="hf_theirs")  # noqa: S106 - one of nobody
    assert theirs.space_info("user/older").private is False
    assert hub_server.requests[-1].headers["authorization"] == "Bearer hf_theirs"
    assert huggingface_hub.get_session().follow_redirects


@pytest.mark.parametrize("value", ["1", "true", "ON", "yes"])
def test_offline_asks_nothing(hub_server: HubServer, value: str) -> None:
    with Hub.of({"HF_ENDPOINT": hub_server.url, "HF_HUB_OFFLINE": value}) as hub:
        for ask in (lambda: hub.look_up("a/b"), lambda: list(hub.search("x", limit=1))):
            with pytest.raises(HubError, match="HF_HUB_OFFLINE") as caught:
                ask()
            assert caught.value.verdict == "hub_unreachable"
        assert hub.tasks_of(["a/b"]) == ()
    assert hub_server.requests == []


def test_the_environment_names_the_hub(hub_server: HubServer) -> None:
    with Hub.of({"HF_ENDPOINT": hub_server.url + "/", "HF_HUB_OFFLINE": "0"}) as hub:
        assert hub.look_up("user/speech").subdomain == "user-speech"
    with Hub.of({}) as hub:
        assert hub.endpoint == "https://huggingface.co"
    huggingface_hub.close_session()


@pytest.mark.parametrize("endpoint", ["huggingface.co", "ftp://host", "https://", "http://h:port", "file:///x"])
def test_an_endpoint_that_is_no_address_is_a_wrong_setting(endpoint: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        Hub(endpoint)
    assert caught.value.hint is not None
    assert "HF_ENDPOINT" in caught.value.hint
