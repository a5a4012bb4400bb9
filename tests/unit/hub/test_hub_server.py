"""The Hub of the tests says what huggingface_hub, unchanged, makes of the real one's answers."""

from collections.abc import Iterator

import huggingface_hub
import pytest
from huggingface_hub import HfApi
from huggingface_hub.errors import RepositoryNotFoundError

from tests.fakes.hub_server import SHA, Fault, HubServer

pytestmark = pytest.mark.network


@pytest.fixture
def api(hub_server: HubServer) -> Iterator[HfApi]:
    yield HfApi(endpoint=hub_server.url, token=False)
    huggingface_hub.close_session()


@pytest.fixture
def speech(hub_server: HubServer) -> HubServer:
    hub_server.add(
        "openai/whisper",
        title="Whisper",
        short_description="Speech to text",
        ai_short_description="Turns speech into text",
        ai_category="Speech Recognition",
        likes=7,
        tags=["audio"],
        models=["openai/whisper-large"],
        app_file="app.py",
    )
    hub_server.models["openai/whisper-large"] = "automatic-speech-recognition"
    return hub_server


def test_the_library_reads_each_field_of_a_space(api: HfApi, speech: HubServer) -> None:
    space = api.space_info("openai/whisper")
    assert (space.id, space.author, space.sdk, space.sha, space.likes) == (
        "openai/whisper",
        "openai",
        "gradio",
        SHA,
        7,
    )
    assert space.subdomain == "openai-whisper"
    assert space.models == ["openai/whisper-large"]
    assert space.tags == ["gradio", "audio", "region:us"]
    assert space.created_at is not None
    assert space.runtime is not None
    assert (space.runtime.stage, space.runtime.hardware) == ("RUNNING", "cpu-basic")
    assert space.card_data is not None
    assert (space.card_data.title, space.card_data.app_file) == ("Whisper", "app.py")
    assert space.card_data.get("short_description") == "Speech to text"
    known = huggingface_hub.SpaceInfo(id="a/b")  # type: ignore[no-untyped-call]
    assert set(vars(space)) == set(vars(known)) | {"_id"}
    assert speech.requests[0].query == {}


def test_expand_gives_what_is_named_and_no_more(api: HfApi, speech: HubServer) -> None:
    space = api.space_info("openai/whisper", expand=["subdomain", "likes"])
    assert (space.id, space.subdomain, space.likes) == ("openai/whisper", "openai-whisper", 7)
    assert (space.sdk, space.tags, space.runtime) == (None, None, None)
    assert speech.requests[0].query == {"expand": ["subdomain", "likes"]}


def test_the_library_follows_the_pages_of_a_list(api: HfApi, hub_server: HubServer) -> None:
    hub_server.page_size = 2
    for number in range(5):
        hub_server.add(f"user/name-{number}", likes=number, sdk="docker" if number == 3 else "gradio")
    listed = list(api.list_spaces(search="NAME", sort="likes"))
    assert [space.id for space in listed] == [f"user/name-{number}" for number in (4, 3, 2, 1, 0)]
    assert len(hub_server.requests) == 3
    assert [space.id for space in api.list_spaces(filter=["docker"])] == ["user/name-3"]
    assert [space.id for space in api.list_spaces(author="nobody")] == []
    assert [space.id for space in api.list_spaces(limit=3)] == [f"user/name-{number}" for number in (0, 1, 2)]


def test_the_library_reads_each_field_of_a_search(api: HfApi, speech: HubServer) -> None:
    speech.add("user/sleepy", title="Speech, too", stage="PAUSED")
    speech.add("user/docker", title="Speech in a box", sdk="docker")
    found = list(api.search_spaces("speech text"))
    assert [space.id for space in found] == ["openai/whisper", "user/docker"]
    assert vars(found[0]) | {"runtime": None} == {
        "id": "openai/whisper",
        "author": "openai",
        "title": "Whisper",
        "emoji": "🚀",
        "sdk": "gradio",
        "likes": 7,
        "private": False,
        "tags": ["gradio", "audio", "region:us"],
        "runtime": None,
        "ai_short_description": "Turns speech into text",
        "ai_category": "Speech Recognition",
        "semantic_relevancy_score": 1.0,
        "trending_score": 0,
    }
    assert [space.id for space in api.search_spaces("speech", sdk="docker")] == ["user/docker"]
    assert "user/sleepy" in [space.id for space in api.search_spaces("speech", include_non_running=True)]


def test_the_library_reads_the_task_of_a_model(api: HfApi, speech: HubServer) -> None:
    assert speech.models
    model = api.model_info("openai/whisper-large", expand=["pipeline_tag"])
    assert model.pipeline_tag == "automatic-speech-recognition"


def test_what_is_not_there_is_an_error_of_the_librarys(api: HfApi, hub_server: HubServer) -> None:
    with pytest.raises(RepositoryNotFoundError):
        api.space_info("user/none")
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("user/none")
    hub_server.fail(Fault(status=404, headers={"X-Error-Code": "RepoNotFound"}))
    with pytest.raises(RepositoryNotFoundError):
        api.space_info("user/none")
