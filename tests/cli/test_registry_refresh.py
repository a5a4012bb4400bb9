"""`hfsr registry refresh` against a Hub on loopback: what it renews and forgets, and where it goes on."""

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest

from tests.engine.command_line import HFSR, Ended, hfsr
from tests.fakes.hub_server import Fault, HubServer

pytestmark = pytest.mark.network

LIMIT = Fault(status=429, headers={"Retry-After": "3600"})
NEW_SHA = "f" * 40
NAMES = [f"ada/talk-{number}" for number in range(6)]


@pytest.fixture(autouse=True)
def catalogue(hub_server: HubServer, online: dict[str, str], tmp_path: Path) -> None:
    """Let the Hub have what the bundled registry names, and six more that were found."""
    listed = hfsr("list", "--json", directory=tmp_path, environment=online).json["spaces"]
    for hub_id in [space["space_id"] for space in listed if space["space_id"]]:
        hub_server.add(hub_id)
    for number, name in enumerate(NAMES):
        hub_server.add(name, tags=["audio"], likes=100 - number)
    hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    hub_server.requests.clear()


@pytest.fixture
def refreshed(tmp_path: Path, online: dict[str, str]) -> Ended:
    """Return how a whole refresh ended that came before the test."""
    return hfsr("registry", "refresh", directory=tmp_path, environment=online)


def asked(hub_server: HubServer) -> list[str]:
    """Return the Spaces that were asked for, in order, and forget the requests."""
    names = [path.removeprefix("/api/spaces/") for path in hub_server.paths]
    hub_server.requests.clear()
    return names


def info(name: str, tmp_path: Path) -> Ended:
    return hfsr("info", name, "--json", directory=tmp_path)  # offline


def test_all_that_are_known_are_asked_for_once(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], refreshed: Ended
) -> None:
    names = asked(hub_server)
    assert sorted(names) == sorted(hub_server.spaces)
    assert (refreshed.exit_code, refreshed.stdout) == (0, "")
    assert refreshed.stderr == f"{len(names)} of {len(names)} asked for\n"
    again = hfsr("registry", "refresh", directory=tmp_path, environment=online)
    assert again.exit_code == 0
    assert sorted(asked(hub_server)) == sorted(names)


def test_what_changed_on_the_hub_is_renewed(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.spaces["ada/talk-0"].update(
        sha=NEW_SHA, subdomain="ada-talk-0-new", runtime={"stage": "BUILD_ERROR", "hardware": {}}
    )
    ended = hfsr("registry", "refresh", "--json", directory=tmp_path, environment=online)
    assert ended.exit_code == 0
    assert ended.json["asked"] == len(hub_server.spaces)
    told = next(one for one in ended.json["spaces"] if one["space_id"] == "ada/talk-0")
    assert told == {
        "space_id": "ada/talk-0",
        "stage": "BUILD_ERROR",
        "sha": NEW_SHA,
        "subdomain": "ada-talk-0-new",
        "problem": None,
    }
    shown = info("ada/talk-0", tmp_path).json
    assert shown["docker_image"] == "registry.hf.space/ada-talk-0-new:latest"
    assert (shown["hub"]["stage"], shown["hub"]["sha"]) == ("BUILD_ERROR", NEW_SHA)
    assert "build_error on the Hub" in hfsr("list", directory=tmp_path).stdout


def test_what_is_gone_is_forgotten(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    del hub_server.spaces["ada/talk-1"], hub_server.spaces["openai/whisper"]
    ended = hfsr("registry", "refresh", directory=tmp_path, environment=online)
    assert ended.exit_code == 1
    assert "Warning: the Hub has no Space ada/talk-1, or none for strangers\n" in ended.stderr
    assert ended.stderr.endswith(", 2 could not be read\n")
    listed = hfsr("list", "--format", "quiet", directory=tmp_path).stdout.split()
    assert "ada/talk-1" not in listed
    assert {"ada/talk-2", "whisper-transcription"} <= set(listed)  # an entry of the registry is the user's to remove


def test_what_was_renamed_has_its_new_name(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    del hub_server.spaces["ada/talk-1"]
    hub_server.add("bob/speech", tags=["audio"])
    hub_server.faults["/api/spaces/ada/talk-1"] = Fault(status=307, headers={"Location": "/api/spaces/bob/speech"})
    assert hfsr("registry", "refresh", "ada/talk-1", directory=tmp_path, environment=online).exit_code == 0
    listed = hfsr("list", "--format", "quiet", directory=tmp_path).stdout.split()
    assert "bob/speech" in listed
    assert "ada/talk-1" not in listed


def test_a_rate_limit_breaks_it_off_and_the_next_call_goes_on(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    del hub_server.spaces["ada/talk-0"]  # what is gone must not be asked for again
    every = {*hub_server.spaces, "ada/talk-0"}
    hub_server.faults["/api/spaces/ada/talk-3"] = LIMIT
    ended = hfsr("registry", "refresh", directory=tmp_path, environment=online)
    before = asked(hub_server)
    assert ended.exit_code == 3
    assert f"{len(before) - 1} of {len(every)} asked for, 1 could not be read\n" in ended.stderr
    assert "allows no more requests for now" in ended.stderr
    assert "try again in 1h" in ended.stderr
    del hub_server.faults["/api/spaces/ada/talk-3"]
    assert hfsr("registry", "refresh", directory=tmp_path, environment=online).exit_code == 0
    after = asked(hub_server)
    assert before[-1] == "ada/talk-3"
    assert "ada/talk-0" in before
    assert set(before[:-1]) & set(after) == set()
    assert {*before, *after} == every
    # That one was complete, so the next begins anew.
    hfsr("registry", "refresh", directory=tmp_path, environment=online)
    assert set(asked(hub_server)) == every - {"ada/talk-0"}


def interrupted(process: "subprocess.Popen[str]") -> str:
    """Press Ctrl-C until the process has ended: Python drops an interrupt that comes while it finalises an object."""
    while True:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=3)[1]


def test_an_interrupt_in_the_middle_resumes(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.faults["/api/spaces/ada/talk-3"] = Fault(slow=True)
    with subprocess.Popen(
        [*HFSR, "registry", "refresh"],
        cwd=tmp_path,
        env={**os.environ, **online},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while "/api/spaces/ada/talk-3" not in hub_server.paths:
            assert process.poll() is None
        said = interrupted(process)
    before = asked(hub_server)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert f"{len(before) - 1} of {len(hub_server.spaces)} asked for" in said
    hub_server.faults.clear()
    assert hfsr("registry", "refresh", directory=tmp_path, environment=online).exit_code == 0
    after = asked(hub_server)
    assert sorted([*before[:-1], *after]) == sorted(hub_server.spaces)


def test_named_spaces_alone_are_asked_for(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    names = ("ada/talk-2", "whisper-transcription", "openai/whisper")
    ended = hfsr("registry", "refresh", *names, "-v", directory=tmp_path, environment=online)
    assert ended.exit_code == 0
    assert asked(hub_server) == ["ada/talk-2", "openai/whisper"]
    assert "ada/talk-2: RUNNING, 01234567\n" in ended.stderr


def test_named_spaces_end_no_refresh_of_all(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.faults["/api/spaces/ada/talk-3"] = LIMIT
    hfsr("registry", "refresh", directory=tmp_path, environment=online)
    before = asked(hub_server)
    hub_server.faults.clear()
    hfsr("registry", "refresh", "ada/talk-5", directory=tmp_path, environment=online)
    assert asked(hub_server) == ["ada/talk-5"]
    hfsr("registry", "refresh", directory=tmp_path, environment=online)
    assert set(asked(hub_server)) == set(hub_server.spaces) - {*before[:-1], "ada/talk-5"}


def test_a_space_that_fails_alone_does_not_stop_the_others(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.faults["/api/spaces/ada/talk-1"] = Fault(body=b"nonsense")
    hub_server.faults["/api/spaces/ada/talk-2"] = Fault(status=403)
    ended = hfsr("registry", "refresh", "--json", directory=tmp_path, environment=online)
    assert ended.exit_code == 1
    failed = {one["space_id"]: one["problem"] for one in ended.json["spaces"] if one["problem"]}
    assert set(failed) == {"ada/talk-1", "ada/talk-2"}
    assert "is not JSON" in failed["ada/talk-1"]
    assert "answered 403" in failed["ada/talk-2"]
    assert {"ada/talk-1", "ada/talk-2"} <= set(hfsr("list", "--format", "quiet", directory=tmp_path).stdout.split())


def test_what_is_none_of_the_hubs_is_named(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    for name in ("vader-sentiment", "ghcr.io/x/y:1", "no-such-space"):
        ended = hfsr("registry", "refresh", name, directory=tmp_path, environment=online)
        assert (ended.exit_code, ended.stdout) == (3, "")
        assert "Error: " in ended.stderr
    assert hub_server.requests == []


@pytest.mark.parametrize("more", [{"HF_ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": "1"}])
def test_a_hub_that_cannot_be_asked(tmp_path: Path, online: dict[str, str], more: dict[str, str]) -> None:
    ended = hfsr("registry", "refresh", "--json", directory=tmp_path, environment={**online, **more})
    assert ended.exit_code == 3
    assert ended.json["verdict"] == "hub_unreachable"
