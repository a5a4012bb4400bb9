"""`hfsr discover` against a Hub on loopback: what it finds, remembers, asks for, and says when the Hub fails."""

import os
from pathlib import Path

import pytest

from tests.engine.command_line import Ended, hfsr
from tests.fakes.hub_server import Fault, HubServer

pytestmark = pytest.mark.network

NOBODY = {"HF_ENDPOINT": "http://127.0.0.1:9", "HF_HUB_OFFLINE": "0"}
LIMIT = Fault(status=429, headers={"Retry-After": "3600"})


@pytest.fixture(autouse=True)
def catalogue(hub_server: HubServer) -> None:
    hub_server.add(
        "ada/talk-writer",
        title="Talk writer",
        short_description="Writes down what is said",
        ai_short_description="Transcribes speech",
        ai_category="Speech Recognition",
        subdomain="ada-talk-writer-x7",
        tags=["automatic-speech-recognition"],
        likes=5,
    )
    hub_server.add(
        "bob/reader", title="Reader", ai_short_description="Reads text aloud as speech", sdk="docker", likes=9
    )
    hub_server.spaces["bob/reader"]["tags"].append("text-to-speech")
    hub_server.add("cy/old-speech", title="Old speech", stage="PAUSED", tags=["audio"], likes=7)
    hub_server.add("dee/painter", title="Painter", tags=["text-to-image"], likes=50)


def ids(ended: Ended) -> list[str]:
    return [line.split("\t")[0] for line in ended.stdout.splitlines()]


def row(ended: Ended, space: str) -> list[str]:
    return next(cells for line in ended.stdout.splitlines() if (cells := line.split("\t"))[0] == space)


def test_a_category_lists_what_is_tagged_so_beside_what_is_known(tmp_path: Path, online: dict[str, str]) -> None:
    ended = hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stderr) == (0, "")
    assert {"ada/talk-writer", "bob/reader", "cy/old-speech", "whisper-transcription"} <= set(ids(ended))
    assert "dee/painter" not in ids(ended)
    assert row(ended, "ada/talk-writer")[1:5] == ["audio_processing 95%", "audio -> text", "unverified", "discovered"]
    assert row(ended, "cy/old-speech")[3] == "paused on the Hub"


def test_a_text_is_looked_for_by_meaning(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    ended = hfsr("discover", "--search", "speech", directory=tmp_path, environment=online)
    assert {"ada/talk-writer", "bob/reader"} <= set(ids(ended))
    assert hub_server.paths == ["/api/spaces/semantic-search"]


def test_what_was_found_is_remembered(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    asked = len(hub_server.requests)
    again = hfsr("discover", "--search", "talk writer", "--offline", directory=tmp_path, environment=online)
    assert ids(again)[0] == "ada/talk-writer"
    listed = hfsr("list", directory=tmp_path, environment=online)
    assert row(listed, "ada/talk-writer")[1:5] == ["audio_processing", "audio -> text", "unverified", "discovered"]
    assert row(listed, "cy/old-speech")[2:4] == ["? -> ?", "paused on the Hub"]
    info = hfsr("info", "ada/talk-writer", directory=tmp_path, environment=online)
    assert "audio_processing (the tag automatic-speech-recognition; 95% certain)" in info.stdout
    assert "registry.hf.space/ada-talk-writer-x7:latest" in info.stdout
    assert len(hub_server.requests) == asked


def test_a_search_forgets_nothing_that_a_look_up_told(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hfsr("info", "ada/talk-writer", directory=tmp_path, environment=online)
    hub_server.spaces["ada/talk-writer"]["likes"] = 6
    hfsr("discover", "--search", "transcribes speech", directory=tmp_path, environment=online)
    asked = len(hub_server.requests)
    shown = hfsr("info", "ada/talk-writer", "--json", directory=tmp_path, environment=online).json
    assert shown["docker_image"] == "registry.hf.space/ada-talk-writer-x7:latest"
    assert shown["description"] == "Writes down what is said"
    assert (shown["hub"]["likes"], bool(shown["hub"]["sha"])) == (6, True)
    assert len(hub_server.requests) == asked


def test_an_entry_of_the_registry_stands_for_the_space_that_is_found(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.add("openai/whisper", title="Whisper", tags=["automatic-speech-recognition"], likes=99)
    ended = hfsr("discover", "--search", "whisper", directory=tmp_path, environment=online)
    assert ids(ended)[0] == "whisper-transcription"
    assert row(ended, "whisper-transcription")[4] == "bundled"
    assert "openai/whisper" not in ids(ended)
    assert len(ids(ended)) == len(set(ids(ended)))


def test_the_best_come_first_and_no_more_than_asked_for(tmp_path: Path, online: dict[str, str]) -> None:
    every = ids(hfsr("discover", "--search", "old speech", directory=tmp_path, environment=online))
    three = ids(hfsr("discover", "audio_processing", "--limit", "3", directory=tmp_path, environment=online))
    assert every.index("bob/reader") > 0
    assert three == ["bob/reader", "cy/old-speech", "ada/talk-writer"]


def test_an_sdk_keeps_only_its_own(tmp_path: Path, online: dict[str, str]) -> None:
    ended = hfsr("discover", "audio_processing", "--sdk", "docker", directory=tmp_path, environment=online)
    assert ids(ended) == ["bob/reader"]
    ended = hfsr("discover", "--sdk", "abacus", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "'gradio', 'docker'" in ended.stderr


def test_text_and_category_go_together(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    for number in range(8):
        hub_server.add(f"eve/paint-{number}", title=f"speech speech {number}", tags=["text-to-image"])
    arguments = ["discover", "audio_processing", "--search", "speech", "--limit", "4", "--live"]
    found = ids(hfsr(*arguments, directory=tmp_path, environment=online))
    assert "bob/reader" in found
    assert not any("paint" in one for one in found)


def test_a_category_of_the_users_own_is_none_of_the_hubs(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "spaces:\n  mine: {id: mine, docker_image: host.example/x, description: d, category: toys, input_type: text,"
        " output_type: text, port: 7860, status: available, space_id: dee/painter}\ncategories:\n  toys: []\n"
    )
    environment = {**online, "HFSR_REGISTRY": str(own)}
    assert ids(hfsr("discover", "toys", directory=tmp_path, environment=environment)) == ["mine"]
    assert hub_server.requests == []
    pictures = ids(hfsr("discover", "image_processing", directory=tmp_path, environment=environment))
    assert not {"mine", "dee/painter"} & set(pictures)


def test_nothing_found_is_said_in_words(tmp_path: Path, online: dict[str, str]) -> None:
    ended = hfsr("discover", "--search", "qwertzuiop", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "Nothing that is known here fits, and nothing on the Hub. Fewer or other words may.\n"
    ended = hfsr("discover", "--search", "qwertzuiop", "--offline", directory=tmp_path, environment=online)
    assert "--live asks the Hub" in ended.stderr
    assert hfsr("discover", "--search", "qwertzuiop", "--json", directory=tmp_path, environment=online).json == {
        "spaces": []
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["audio"], "no category 'audio'; did you mean audio_processing?"),
        (["--search", " "], "--search is empty"),
        (["--search", ""], "--search is empty"),
        (["--limit", "0"], "1<=x<=1000"),
        (["--limit", "1001"], "1<=x<=1000"),
        (["remove", "background"], "no category 'remove background'\nHint: there are: audio"),
    ],
)
def test_a_slip_is_named_before_anybody_is_asked(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], arguments: list[str], said: str
) -> None:
    ended = hfsr("discover", *arguments, directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert hub_server.requests == []


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (LIMIT, "allows no more requests for now"),
        (Fault(status=401), "answered 401"),
        (Fault(body=b"<html>Log in to this network"), "is not JSON"),
        (Fault(body=b'{"spaces": []}'), "not a list of Spaces"),
        (Fault(status=302, headers={"Location": "https://elsewhere.example/"}), "another host: 'elsewhere.example'"),
        (Fault(broken=True), "closed the connection"),
        (Fault(status=503), "answered 503"),
    ],
    ids=["429", "401", "login page", "no list", "elsewhere", "broken", "503"],
)
def test_where_the_hub_fails_what_is_known_is_shown(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str], fault: Fault, said: str
) -> None:
    hub_server.faults["/api/spaces"] = hub_server.faults["/api/spaces/semantic-search"] = fault
    ended = hfsr("discover", "--search", "transcribe", directory=tmp_path, environment=online)
    assert ended.exit_code == 0
    assert "whisper-transcription" in ids(ended)
    assert ended.stderr.startswith("Warning: searching for 'transcribe' failed")
    assert said in ended.stderr
    assert ended.stderr.endswith("Only what is known here is shown.\n")
    ended = hfsr("discover", "--search", "transcribe", "--live", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert said in ended.stderr
    assert "Hint: " in ended.stderr


def test_a_hub_that_is_out_of_reach(tmp_path: Path) -> None:
    ended = hfsr("discover", "--search", "transcribe", directory=tmp_path, environment=NOBODY)
    assert ended.exit_code == 0
    assert "whisper-transcription" in ids(ended)
    assert "Connection refused" in ended.stderr
    ended = hfsr("discover", "--search", "transcribe", "--live", "--json", directory=tmp_path, environment=NOBODY)
    assert ended.exit_code == 3
    assert (ended.json["verdict"], ended.json["exit_code"]) == ("hub_unreachable", 3)


def test_a_short_wait_that_the_hub_asks_for_is_kept(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.fail(Fault(status=429, headers={"Retry-After": "1"}))
    ended = hfsr("discover", "--search", "talk", directory=tmp_path, environment=online)
    assert ended.stderr == "The Hub asks to wait 1 s.\n"
    assert "ada/talk-writer" in ids(ended)
    assert len(hub_server.requests) == 2


def test_a_hub_without_search_by_meaning_is_asked_by_name(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    hub_server.semantic_search = False
    ended = hfsr("discover", "--search", "talk", directory=tmp_path, environment=online)
    assert ended.stderr == ""
    assert "ada/talk-writer" in ids(ended)
    assert hub_server.paths == ["/api/spaces/semantic-search", "/api/spaces"]


def test_all_pages_are_read(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    hub_server.page_size = 10
    for number in range(35):
        hub_server.add(f"many/voice-{number}", tags=["audio"], likes=1000 - number)
    arguments = ["discover", "audio_processing", "--limit", "35", "--format", "quiet"]
    ended = hfsr(*arguments, directory=tmp_path, environment=online)
    assert ended.stdout.split() == [f"many/voice-{number}" for number in range(35)]


def test_offline_nobody_is_asked(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    for arguments, more in ((["--offline"], {}), ([], {"HF_HUB_OFFLINE": "1"})):
        ended = hfsr("discover", "--search", "speech", *arguments, directory=tmp_path, environment=online | more)
        assert (ended.exit_code, ended.stderr) == (0, "")
        assert "whisper-transcription" in ids(ended)
    refused = hfsr("discover", "--live", directory=tmp_path, environment=online | {"HF_HUB_OFFLINE": "1"})
    assert refused.exit_code == 3
    assert "HF_HUB_OFFLINE is set" in refused.stderr
    assert hub_server.requests == []


def test_no_token_is_ever_sent(tmp_path: Path, hub_server: HubServer, online: dict[str, str]) -> None:
    saved = Path(os.environ["XDG_CACHE_HOME"], "huggingface", "token")
    saved.parent.mkdir()
    saved.write_text("hf_saved_secret")
    environment = {**online, "HF_TOKEN": "hf_named_secret", "HF_HUB_TOKEN": "hf_named_secret"}
    hub_server.add("fay/with-model", models=["fay/model"])
    hub_server.models["fay/model"] = "automatic-speech-recognition"
    for arguments in (["discover", "audio_processing"], ["discover", "--search", "speech"], ["info", "fay/with-model"]):
        assert hfsr(*arguments, directory=tmp_path, environment=environment).exit_code == 0
    assert {"/api/spaces", "/api/spaces/semantic-search", "/api/models/fay/model"} <= set(hub_server.paths)
    assert not [seen for seen in hub_server.requests if "authorization" in seen.headers or "cookie" in seen.headers]
    assert "hf_" not in repr(hub_server.requests)


def test_what_strangers_write_cannot_touch_the_terminal(
    tmp_path: Path, hub_server: HubServer, online: dict[str, str]
) -> None:
    evil = "\x1b]0;owned\x07\x1b[31mspeech\r\nnext\tcell \u202egnp\x9b2J " + "speech" * 2000
    hub_server.add("mal/evil", title=evil, tags=["audio", evil], ai_short_description=evil, likes=99)
    hub_server.raw_items += [{"id": "mal/\x1b[2J"}, {"id": "mal/$(reboot)", "title": evil}, None, {"id": "mal/plain"}]
    commands = (
        ["discover", "audio_processing"],
        ["discover", "audio_processing", "--format", "human"],
        ["discover", "--search", "speech"],
        ["list"],
        ["list", "--format", "human"],
        ["info", "mal/evil"],
        ["info", "mal/evil", "--json"],
        ["recommend", "speech"],
    )
    for arguments in commands:
        ended = hfsr(*arguments, directory=tmp_path, environment=online)
        assert ended.exit_code == 0
        assert "mal/evil" in ended.stdout
        shown = ended.stdout + ended.stderr
        assert not [character for character in shown if not character.isprintable() and character not in "\n\t"]
        assert "reboot" not in shown
        assert max(map(len, ended.stdout.splitlines())) < (10_000 if "--json" in arguments else 1500)


@pytest.mark.parametrize("arguments", [["audio_processing"], ["--search", "speech"]])
def test_forms_of_output(tmp_path: Path, online: dict[str, str], arguments: list[str]) -> None:
    plain = hfsr("discover", *arguments, directory=tmp_path, environment=online)
    quiet = hfsr("discover", *arguments, "--format", "quiet", directory=tmp_path, environment=online)
    shown = hfsr("discover", *arguments, "--json", directory=tmp_path, environment=online).json["spaces"]
    assert quiet.stdout.split() == ids(plain)
    assert [space["space_id"] if space["origin"] == "discovered" else space["id"] for space in shown] == ids(plain)
    talk = next(space for space in shown if space["space_id"] == "ada/talk-writer")
    assert talk["hub"]["category_rule"] == "the tag automatic-speech-recognition"
    human = hfsr("discover", *arguments, "--format", "human", directory=tmp_path, environment=online)
    assert human.stdout.split()[:2] == ["ID", "CATEGORY"]


def test_the_flag_forms(tmp_path: Path, online: dict[str, str]) -> None:
    long = hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    for short in (["--discover-spaces", "audio_processing"], ["audio_processing", "--discover-spaces"]):
        assert hfsr(*short, directory=tmp_path, environment=online).stdout == long.stdout != ""
    assert "ada/talk-writer" in ids(hfsr("--list-spaces", directory=tmp_path, environment=online))


def test_what_is_found_cannot_be_written_down(tmp_path: Path, online: dict[str, str]) -> None:
    place = Path(os.environ["HFSR_HOME"], "state", "discovered.sqlite")
    place.mkdir(parents=True)
    ended = hfsr("discover", "audio_processing", directory=tmp_path, environment=online)
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert str(place) in ended.stderr
