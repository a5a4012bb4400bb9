"""`hfsr cron` with Debian's crontab(1), and what its entry does when cron is not there to see."""

import json
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.cron.change import KEPT_BACKUPS
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.crontab import entry_line
from hf_spaces_runner.planning.schedule import NICKNAMES, check_schedule
from tests.engine.command_line import HFSR, hfsr
from tests.engine.private_cron import PrivateCron, entries_of, needs_cron, wait_for

USERS = (
    b'# mine\nSHELL=/bin/sh\nMAILTO=""\n\n17 3 * * * echo 50\\% \xc3\xa9 \t# note\n'
    b"1 2 * * * windows\r\n# back\bspace, and typed: \\r \\b \\015\n@weekly   true\n"
)
NO_ENGINE = {"DOCKER_HOST": "unix:///nowhere/docker.sock"}


@pytest.fixture
def cron(tmp_path: Path) -> PrivateCron:
    return PrivateCron(tmp_path / "cron")


@pytest.fixture
def state(private_home: Path) -> Path:
    return private_home / "hfsr" / "state"


def crontab_that(folder: Path, script: str) -> dict[str, str]:
    """Return an environment whose crontab(1) is `script`, which calls Debian's by the name `$real`."""
    program = folder / "bin" / "crontab"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\nreal={shutil.which('crontab')}\n{script}\n")
    program.chmod(0o755)
    return {"PATH": f"{program.parent}:{os.environ['PATH']}"}


@needs_cron
@pytest.mark.parametrize("users", [b"", b"\n", USERS, b"# no entry, no header\n"])
def test_installed_twice_there_is_one_entry_and_removed_all_is_as_it_was(cron: PrivateCron, users: bytes) -> None:
    if users:
        cron.put(users)
    first, second = (cron.hfsr("cron", "install") for _ in range(2))
    assert (first.exit_code, second.exit_code) == (0, 0), first.stderr + second.stderr
    assert first.stdout == second.stdout
    assert cron.text == users + first.stdout.encode()
    assert first.stdout.startswith("0 3 * * * ")
    assert "Installed: it cleans up at 03:00 every day" in first.stderr
    assert "Installed already" in second.stderr
    removed, again = (cron.hfsr("cron", "remove") for _ in range(2))
    assert removed.stdout == first.stdout
    assert cron.text == users
    assert (again.exit_code, again.stdout) == (0, "")
    assert "There was none of ours" in again.stderr
    assert bool(users) == (cron.spool / "root").exists()


@needs_cron
def test_entries_of_other_versions_and_homes_become_one_and_a_comment_stays(cron: PrivateCron) -> None:
    old = "5 5 * * * HFSR_HOME=/old /opt/hfsr cleanup # hf-spaces-runner cleanup"
    cron.put(f"A=1\n{old}\n#{old}\nB=2\n7 {old[2:]}\n".encode())
    line = cron.hfsr("cron", "install", "--schedule", "@hourly").stdout.strip()
    assert cron.lines == ["A=1", line, f"#{old}", "B=2"]


@needs_cron
def test_the_entry_has_absolute_paths_and_what_the_shell_has_set(cron: PrivateCron, private_home: Path) -> None:
    home = private_home / "it's 100% $HOME é"
    environment = {"HFSR_HOME": str(home), "DOCKER_CONTEXT": "default"}
    shown = cron.hfsr("cron", "install", "--older-than", "1 h", "--json", environment=environment).json
    assert shown["entry"] == entries_of(cron)[0]
    assert shown["options"] == ["--older-than", "1h"]
    assert (shown["changed"], shown["current"], shown["backup"]) == (True, True, None)
    for word in ("DOCKER_CONFIG=/", "DOCKER_CONTEXT=default", "100\\% ", " /", "-m hf_spaces_runner cron fire"):
        assert word in shown["entry"]
    assert shown["log"] == str(home / "state" / "logs" / "cleanup.log")
    there = cron.hfsr("cron", "show", "--json", environment=environment).json
    assert there == {name: value for name, value in shown.items() if name not in {"changed", "backup"}}
    elsewhere = cron.hfsr("cron", "show")
    assert "install again to renew it" in elsewhere.stderr


@needs_cron
@pytest.mark.parametrize("schedule", ["", "61 * * * *", "* * * *\n* x", "0 3 * * %", "@dayly", "5/10 * * * *"])
def test_a_schedule_that_is_none_ends_before_anything_is_written(cron: PrivateCron, state: Path, schedule: str) -> None:
    cron.put(USERS)
    ended = cron.hfsr("cron", "install", "--schedule", schedule)
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "is no schedule" in ended.stderr
    assert (cron.text, state.exists()) == (USERS, False)


def field(first: int, last: int, *names: str) -> st.SearchStrategy[str]:
    """Return terms of a field, most of them right."""
    value = st.integers(first, last).map(str) | st.sampled_from([*names, str(last), f"{first:02}"])
    ends = st.tuples(value, value).map("-".join)
    step = st.sampled_from(["", "", "/1", "/7", "/40"])
    term = st.tuples(st.just("*") | ends, step).map("".join) | value | st.tuples(value, step).map("".join)
    return st.lists(term, min_size=1, max_size=3).map(",".join)


SCHEDULES = st.tuples(
    field(0, 59), field(0, 23), field(1, 31), field(1, 12, "jan", "DEC"), field(0, 7, "sun", "mon", "FRI")
).map(" ".join)


@needs_cron
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(st.lists(SCHEDULES, min_size=10, max_size=50))
def test_what_we_take_for_a_schedule_crontab_takes_too(cron: PrivateCron, texts: list[str]) -> None:
    taken = ["@reboot", *NICKNAMES]
    for text in texts:
        with suppress(UsageError):
            taken.append(check_schedule(text))
    cron.put("".join(f"{entry_line(schedule, ('true',), {})}\n" for schedule in taken).encode())
    assert len(entries_of(cron)) == len(taken)


@needs_cron
def test_installations_at_once_leave_one_entry(cron: PrivateCron, tmp_path: Path) -> None:
    cron.put(USERS)
    slow = crontab_that(tmp_path, '"$real" "$@"; code=$?; sleep 0.3; exit $code')
    commands = [
        cron.start(*HFSR, "cron", "install", "--schedule", f"{minute} 3 * * *", environment=slow) for minute in range(3)
    ]
    for command in commands:
        _, said = command.communicate()
        assert command.returncode == 0, said
    (entry,) = entries_of(cron)
    assert cron.text == USERS + f"{entry}\n".encode()


@needs_cron
def test_the_crontab_of_before_is_kept_for_the_user_alone(cron: PrivateCron, state: Path) -> None:
    cron.put(USERS)
    for minute in range(KEPT_BACKUPS + 2):
        ended = cron.hfsr("cron", "install", "--schedule", f"{minute} 3 * * *", "--json").json
        if minute == 0:
            first = Path(ended["backup"])
            assert first.read_bytes() == USERS
            assert stat.S_IMODE(first.stat().st_mode) == 0o600
    backups = sorted((state / "cron" / "backups").iterdir())
    assert len(backups) == KEPT_BACKUPS
    assert str(backups[-1]) == ended["backup"]
    assert backups[-1].read_bytes().startswith(USERS + f"{KEPT_BACKUPS} 3 ".encode())
    assert not first.exists()


@needs_cron
@pytest.mark.parametrize("arguments", [["install"], ["show"], ["remove"]])
def test_a_crontab_that_cannot_be_read_is_left_alone(cron: PrivateCron, arguments: list[str]) -> None:
    (cron.spool / "root").symlink_to("root")
    ended = cron.hfsr("cron", *arguments)
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "crontab -l failed (exit 1): " in ended.stderr
    assert "symbolic links" in ended.stderr
    assert (cron.spool / "root").is_symlink()


@needs_cron
def test_what_crontab_says_against_the_users_own_lines_is_passed_on(cron: PrivateCron) -> None:
    cron.put(USERS)
    (cron.spool / "root").write_bytes(spoilt := (cron.spool / "root").read_bytes() + b"99 * * * * never\n")
    ended = cron.hfsr("cron", "install", "--json")
    assert ended.exit_code == 1
    assert "bad minute" in ended.json["error"]
    assert "your crontab is as it was" in ended.json["hint"]
    assert (cron.spool / "root").read_bytes() == spoilt


@needs_cron
def test_a_change_by_somebody_else_at_the_same_moment_is_told(cron: PrivateCron, tmp_path: Path) -> None:
    cron.put(USERS)
    beside = crontab_that(tmp_path, '"$real" "$@" || exit; [ "$1" != - ] || echo "# theirs" | "$real" -')
    ended = cron.hfsr("cron", "install", environment=beside)
    assert ended.exit_code == 1
    assert "somebody else changed it" in ended.stderr
    backup = ended.stderr.partition("what it was before is in ")[2].splitlines()[0]
    assert Path(backup).read_bytes() == USERS


@needs_cron
def test_a_state_that_cannot_be_written_ends_before_the_crontab_is(cron: PrivateCron, state: Path) -> None:
    cron.put(USERS)
    (state / "cron").mkdir(parents=True)
    (state / "cron" / "backups").touch()
    ended = cron.hfsr("cron", "install")
    assert ended.exit_code == 2
    assert "HFSR_HOME moves all state" in ended.stderr
    assert cron.text == USERS


@needs_cron
def test_show_tells_that_nothing_is_there(cron: PrivateCron) -> None:
    plain, as_json = cron.hfsr("cron", "show"), cron.hfsr("cron", "show", "--json")
    assert (plain.exit_code, as_json.exit_code) == (0, 0)
    assert plain.stdout.split(maxsplit=1) == ["entry", "not installed\n"]
    assert (as_json.json["installed"], as_json.json["entry"], as_json.json["last_run"]) == (False, None, None)


@needs_cron
def test_show_reads_what_the_user_made_of_the_entry(cron: PrivateCron) -> None:
    line = cron.hfsr("cron", "install").stdout.strip()
    cron.put(f"0~30 {line[2:]}\r\n".encode())
    shown = cron.hfsr("cron", "show", "--json").json
    assert (shown["installed"], shown["schedule"], shown["next_at"]) == (True, "0~30 3 * * *", None)
    assert shown["current"] is False


@needs_cron
def test_cron_fires_it_when_it_starts_and_show_tells_why_it_failed(cron: PrivateCron, state: Path) -> None:
    assert cron.hfsr("cron", "install", "--schedule", "@reboot", environment=NO_ENGINE).exit_code == 0
    last = state / "cron" / "last-run.json"
    with cron.daemon():
        wait_for(lambda: last.exists() and json.loads(last.read_text())["status"] != "started", "firing", last)
        shown = cron.hfsr("cron", "show", "--json", environment=NO_ENGINE).json
    assert shown["daemon_running"] is True
    assert (shown["last_run"]["status"], shown["last_run"]["exit_code"]) == ("failed", 4)
    assert "/nowhere/docker.sock" in shown["last_run"]["error"]
    assert shown["last_run"]["hint"]
    text = cron.hfsr("cron", "show", environment=NO_ENGINE).stdout
    assert "failed: " in text
    assert shown["log"] in text


@pytest.mark.parametrize("arguments", [["install"], ["show"], ["remove"]])
def test_a_machine_without_crontab_gets_told_what_to_do(tmp_path: Path, arguments: list[str]) -> None:
    ended = hfsr("cron", *arguments, directory=tmp_path, environment={"PATH": str(tmp_path)})
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "no crontab program on PATH" in ended.stderr
    assert "apt-get install cron" in ended.stderr
    assert "systemd timer" in ended.stderr


def test_what_cron_fires_says_nothing_and_ends_with_the_code_of_its_failure(tmp_path: Path, state: Path) -> None:
    ended = hfsr("cron", "fire", directory=tmp_path, environment=NO_ENGINE)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (4, "", "")
    log = state / "logs" / "cleanup.log"
    assert " ERROR failed (exit 4): " in log.read_text()
    assert " INFO hint: " in log.read_text()
    assert (stat.S_IMODE(log.stat().st_mode), stat.S_IMODE(log.parent.stat().st_mode)) == (0o600, 0o700)


def test_a_firing_beside_another_ends_quietly(tmp_path: Path, state: Path) -> None:
    (state / "locks").mkdir(parents=True)
    with FileLock(state / "locks" / "cleanup.lock"):
        ended = hfsr("cron", "fire", directory=tmp_path, environment=NO_ENGINE)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (0, "", "")
    (line,) = (state / "logs" / "cleanup.log").read_text().splitlines()
    assert line.endswith(" INFO skipped: another clean-up is still at it")


def test_firing_is_nothing_that_help_shows(tmp_path: Path) -> None:
    assert "fire" not in hfsr("cron", "--help", directory=tmp_path).stdout.replace("fires", "")
