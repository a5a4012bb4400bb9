"""A Space that answers without end, too much, too slowly, or in no known way: the run ends in time and says why."""

import json

import pytest

from tests.engine.hostile_runs import HostileSpace, hostile, hostile_image
from tests.unit.calling.fake_space import file_data

__all__ = ["hostile", "hostile_image"]  # fixtures

pytestmark = pytest.mark.engine

A_FILE = {"ANSWER": json.dumps([file_data("/x/a.bin")]), "OUTPUTS": "file"}


@pytest.mark.parametrize(
    "evil",
    [
        "silence",
        "endless_comments",
        "endless_heartbeats",
        "informational_flood",
        "a_byte_a_second",
        "a_byte_of_head_a_second",
        "a_byte_of_file_a_second",
    ],
)
def test_what_never_ends_is_left_at_the_deadline(hostile: HostileSpace, evil: str) -> None:
    ended = hostile.run(evil, call_s=1, variables=A_FILE)
    assert ended.verdict == (13, "call_timeout")
    assert "not answered within 1 s" in ended.json["error"]


def test_a_configuration_that_drips_is_left_at_the_start_up_deadline(hostile: HostileSpace) -> None:
    ended = hostile.run("a_byte_of_config_a_second", startup_s=2)
    assert ended.verdict == (12, "startup_timeout")
    assert "finished no answer" in ended.json["error"]


@pytest.mark.parametrize(
    ("evil", "message"),
    [
        ("endless_line", "an event larger than 12 MiB"),
        ("five_gigabytes_of_file", "a.bin answered more than 2 GiB"),
        ("five_gigabytes_announced", "a.bin answered more than 2 GiB"),
        ("gzip_bomb", "compressed, which was not asked for"),
        ("long_header", "not HTTP: Receive buffer too long"),
        ("no_http", "not HTTP: illegal status line"),
        ("no_file", "does not give it: 404"),
    ],
)
def test_what_is_too_much_or_no_answer_is_refused(hostile: HostileSpace, evil: str, message: str) -> None:
    ended = hostile.run(evil, call_s=60, variables=A_FILE)
    assert ended.verdict == (14, "unusable_answer")
    assert message in ended.json["error"]
    assert ended.files == ()


@pytest.mark.parametrize("evil", ["half_an_event", "less_than_announced"])
def test_what_ends_too_early_is_a_lost_connection(hostile: HostileSpace, evil: str) -> None:
    ended = hostile.run(evil, variables=A_FILE)
    assert ended.verdict == (13, "connection_lost")


def test_more_than_was_announced_is_not_read(hostile: HostileSpace) -> None:
    ended = hostile.run("more_than_announced", variables=A_FILE)
    assert ended.exit_code == 0, ended.stderr
    assert (hostile.out / "a.bin").read_text() == "0123456789"


@pytest.mark.parametrize(("evil", "notes"), [("ten_thousand_headers", 0), ("notes_flood", 20)])
def test_noise_around_an_answer_does_not_hide_it(hostile: HostileSpace, evil: str, notes: int) -> None:
    ended = hostile.run(evil, call_s=30)
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["text"] == "said"
    lines = ended.stderr.splitlines()
    assert len(lines) == notes
    assert all(line.startswith("Warning: the Space says: ") for line in lines)
