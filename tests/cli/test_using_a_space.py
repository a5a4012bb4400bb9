"""A Space that is merely used is looked up on the Hub, once, unless the user wants nobody to be asked."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.engine.command_line import HFSR, Ended, hfsr
from tests.fakes.hub_server import Fault, HubServer

pytestmark = pytest.mark.network

LONG = "registry.hf.space/ada-talk-writer-x7:latest"
NOBODY = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}


@pytest.fixture(autouse=True)
def catalogue(hub_server: HubServer) -> None:
    hub_server.add(
        "ada/Talk.Writer",
        title="Talk writer",
        subdomain="ada-talk-writer-x7",
        models=["ada/no-task", "openai/whisper-large"],
        app_file="main.py",
        app_port=7777,
    )
    hub_server.models |= {"ada/no-task": None, "openai/whisper-large": "automatic-speech-recognition"}


def image_of(ended: Ended) -> str:
    return str(ended.json["docker_image"])


def test_it_takes_the_name_of_its_image_from_the_hub(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    ended = hfsr("info", "ada/Talk.Writer", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stderr) == (0, "")
    told = {line[:13].strip(): line[14:] for line in ended.stdout.splitlines()}
    assert told["space_id"] == "ada/Talk.Writer"
    assert told["docker_image"] == LONG
    assert (told["port"], told["app_file"], told["in, out"]) == ("7777", "main.py", "audio -> text")
    assert told["category"] == ("audio_processing (the task automatic-speech-recognition of its model; 85% certain)")
    assert "just now" in told["on the Hub"]
    assert hub_server.paths == [
        "/api/spaces/ada/Talk.Writer",
        "/api/models/ada/no-task",
        "/api/models/openai/whisper-large",
    ]


@pytest.mark.parametrize(
    "reference",
    ["ada/Talk.Writer", "ADA/talk.writer", "https://huggingface.co/spaces/ada/Talk.Writer", "ada-talk-writer-x7"],
)
def test_it_is_remembered_and_not_asked_for_again(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], reference: str
) -> None:
    hfsr("info", "ada/Talk.Writer", directory=tmp_path, environment=online)
    asked = len(hub_server.requests)
    assert image_of(hfsr("info", reference, "--json", directory=tmp_path, environment=online)) == LONG
    assert image_of(hfsr("info", reference, "--json", directory=tmp_path)) == LONG
    assert "ada/Talk.Writer\t" in hfsr("list", directory=tmp_path).stdout
    assert len(hub_server.requests) == asked


def test_a_run_looks_it_up(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    run = ("run", "x", "--hf-space", "ada/Talk.Writer", "--dry-run", "--json")
    environment = {**online, "DOCKER_HOST": "unix:///nowhere.sock"}
    hfsr(*run, directory=tmp_path, environment=environment)
    assert hub_server.paths[0] == "/api/spaces/ada/Talk.Writer"
    assert image_of(hfsr("info", "ada/Talk.Writer", "--json", directory=tmp_path)) == LONG


def test_a_pull_looks_it_up(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    ended = hfsr(
        "pull", "ada/Talk.Writer", directory=tmp_path, environment={**online, "DOCKER_HOST": "unix:///nowhere.sock"}
    )
    assert ended.exit_code == 4  # no engine
    assert hub_server.paths[0] == "/api/spaces/ada/Talk.Writer"


@pytest.mark.parametrize("privacy", [True, False])
def test_nobody_is_asked_where_the_user_wants_that(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], privacy: bool
) -> None:
    environment = {**online, "DOCKER_HOST": "unix:///nowhere.sock"} | ({} if privacy else {"HF_HUB_OFFLINE": "TRUE"})
    options = ["--privacy-mode"] if privacy else []
    for more in ([], ["--dry-run"]):
        hfsr("run", "x", "--hf-space", "ada/Talk.Writer", *options, *more, directory=tmp_path, environment=environment)
    if not privacy:
        ended = hfsr("info", "ada/Talk.Writer", "--json", directory=tmp_path, environment=environment)
        assert image_of(ended) == "registry.hf.space/ada-talk-writer:latest"
        hfsr("pull", "ada/Talk.Writer", directory=tmp_path, environment=environment)
    assert hub_server.requests == []


@pytest.mark.parametrize(
    "reference", ["vader-sentiment", "ghcr.io/ada/talk:v1", "https://ada-talk-writer.hf.space", "no-such-space"]
)
def test_what_has_no_derived_image_is_not_asked_for(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], reference: str
) -> None:
    hfsr("info", reference, directory=tmp_path, environment=online)
    assert hub_server.requests == []


def test_an_entry_of_the_registry_gets_the_name_too_and_stays_what_it_is(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.add("openai/whisper", subdomain="openai-whisper-9f")
    shown = hfsr("info", "whisper-transcription", "--json", directory=tmp_path, environment=online).json
    assert (shown["id"], shown["origin"], shown["category"]) == ("whisper-transcription", "bundled", "audio_processing")
    assert shown["docker_image"] == "registry.hf.space/openai-whisper-9f:latest"


def test_a_renamed_space_is_known_under_its_new_name(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    leads = Fault(status=307, headers={"Location": "/api/spaces/ada/Talk.Writer"})
    hub_server.faults["/api/spaces/ada/older"] = leads
    shown = hfsr("info", "ada/older", "--json", directory=tmp_path, environment=online).json
    assert (shown["space_id"], shown["docker_image"]) == ("ada/Talk.Writer", LONG)


def test_a_space_that_is_not_there_is_named_before_anything_is_pulled(tmp_path: Path, online: dict[str, str]) -> None:
    for arguments in (["info", "ada/gone"], ["run", "x", "--hf-space", "ada/gone"], ["pull", "ada/gone"]):
        ended = hfsr(*arguments, directory=tmp_path, environment=online)
        assert (ended.exit_code, ended.stdout) == (3, "")
        assert "Error: the Hub has no Space ada/gone, or none for strangers" in ended.stderr
        assert "renamed or removed, or is private" in ended.stderr


def test_another_image_registry_may_have_what_the_hub_has_not(tmp_path: Path, online: dict[str, str]) -> None:
    environment = {**online, "HFSR_IMAGE_REGISTRY": "127.0.0.1:5000"}
    ended = hfsr("info", "ada/gone", "--json", directory=tmp_path, environment=environment)
    assert ended.exit_code == 0
    assert image_of(ended) == "127.0.0.1:5000/ada-gone:latest"
    assert "the Hub has no Space ada/gone" in ended.stderr


def test_a_private_space_keeps_its_derived_name(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.faults["/api/spaces/ada/private"] = Fault(status=401)
    ended = hfsr("info", "ada/private", "--json", directory=tmp_path, environment=online)
    assert ended.exit_code == 0
    assert image_of(ended) == "registry.hf.space/ada-private:latest"
    assert "answered 401" in ended.stderr
    assert "derived from its id" in ended.stderr


def test_a_paused_space_is_warned_of(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.add("ada/asleep", stage="PAUSED")
    ended = hfsr("info", "ada/asleep", directory=tmp_path, environment=online)
    assert ended.exit_code == 0
    assert ended.stderr == "Warning: ada/asleep is PAUSED on the Hub: its image may not be there.\n"


def test_a_hub_out_of_reach_is_left_alone_for_a_while(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    first = hfsr("info", "ada/Talk.Writer", "--json", directory=tmp_path, environment=NOBODY)
    assert image_of(first) == "registry.hf.space/ada-talk-writer:latest"
    assert "Connection refused" in first.stderr
    second = hfsr("info", "bob/other", directory=tmp_path, environment=online)
    assert (second.exit_code, second.stderr) == (0, "")
    assert hub_server.requests == []
    # Whoever asks for it on purpose is not held back, and if it answers the rest is over.
    assert hfsr("discover", "--search", "talk", "--live", directory=tmp_path, environment=online).exit_code == 0
    assert image_of(hfsr("info", "ada/Talk.Writer", "--json", directory=tmp_path, environment=online)) == LONG


def test_a_hub_that_wants_no_more_questions_is_left_alone_too(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.fail(Fault(status=429, headers={"Retry-After": "3600"}))
    for _ in range(2):
        assert hfsr("info", "ada/Talk.Writer", directory=tmp_path, environment=online).exit_code == 0
    assert len(hub_server.requests) == 1


def test_what_cannot_be_remembered_is_no_reason_to_fail(tmp_path: Path, online: dict[str, str]) -> None:
    hfsr("list", directory=tmp_path)  # what was read of the registry is here already
    line = 'ulimit -f 0; exec "$0" -m hf_spaces_runner info ada/Talk.Writer'  # a disk that takes nothing more
    ended = subprocess.run(
        ["bash", "-c", line, HFSR[0]],
        cwd=tmp_path,
        env={**os.environ, **online},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "registry.hf.space/ada-talk-writer:latest" in ended.stdout
    assert ended.stderr.startswith("Warning: ")
    assert "cannot be written down" in ended.stderr
