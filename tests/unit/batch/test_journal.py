import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.batch import journal as journal_module
from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.journal import GROUP_ITEMS, Journal
from hf_spaces_runner.errors import NoSpaceLeftError, RunnerError

GOOD, BAD = b'{"status":"ok"}', b'{"status":"failed"}'
GROW = """
import sys
import tracemalloc
from pathlib import Path

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.journal import Journal

def run(journal, first, last):
    for index in range(first, last):
        number, _ = journal.claim(f"key-{index}")
        journal.finish(f"key-{index}", number, b"good" * 250, ok=True)
    journal.flush()

with Journal.open(BatchFolder(Path(sys.argv[1]))) as journal:
    run(journal, 0, 2_000)
    tracemalloc.start()
    run(journal, 2_000, 22_000)
    print(*tracemalloc.get_traced_memory())
"""
FILL = """
import resource, signal, sys
from pathlib import Path
from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.journal import Journal
from hf_spaces_runner.errors import NoSpaceLeftError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = BatchFolder(Path(sys.argv[1]))
durable = 0

def note():
    global durable
    durable += 1

try:
    with Journal.open(folder) as journal:
        resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, 400_000))
        for index in range(100_000):
            number, body = journal.claim(str(index))
            journal.finish(str(index), number, b"%d" % index * 100, ok=True, then=note)
            if index % 100 == 0:
                journal.flush()
except NoSpaceLeftError as error:
    print(durable, error.verdict)
"""


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    made = BatchFolder(tmp_path)
    made.state.mkdir()
    return made


@contextmanager
def filled(folder: BatchFolder, *keys: str, ok: bool = True) -> Iterator[Journal]:
    with Journal.open(folder) as journal:
        for key in keys:
            number, _ = journal.claim(key)
            journal.finish(key, number, b'{"%b%d"}' % (key.encode(), number), ok=ok)
        yield journal


def claims(folder: BatchFolder, *keys: str, rerun_failed: bool = False) -> list[tuple[int, bytes | None]]:
    with Journal.open(folder, rerun_failed=rerun_failed) as journal:
        return [journal.claim(key) for key in keys]


def test_what_is_finished_is_found_by_the_next_run(folder: BatchFolder) -> None:
    with filled(folder, "a", "b") as journal:
        assert journal.known_before == 0
    assert claims(folder, "b", "c", "a") == [(0, b'{"b0"}'), (0, None), (0, b'{"a0"}')]


def test_equal_rows_are_as_many_items(folder: BatchFolder) -> None:
    with filled(folder, "a", "a", "b", "a"):
        pass
    found = claims(folder, *"aaaaab")
    assert found == [(0, b'{"a0"}'), (1, b'{"a1"}'), (2, b'{"a2"}'), (3, None), (4, None), (0, b'{"b0"}')]


def test_a_claim_that_was_never_finished_is_forgotten(folder: BatchFolder) -> None:
    assert claims(folder, "a", "a") == [(0, None), (1, None)]
    assert claims(folder, "a") == [(0, None)]


def test_an_item_that_is_done_again_counts_as_it_ended_last(folder: BatchFolder) -> None:
    for body in (BAD, GOOD):
        with Journal.open(folder) as journal:
            number, _ = journal.claim("a")
            journal.finish("a", number, body, ok=body == GOOD)
    assert claims(folder, "a", rerun_failed=True) == [(0, GOOD)]


def test_those_that_failed_are_kept_unless_they_shall_be_run_again(folder: BatchFolder) -> None:
    with filled(folder, "bad", ok=False), pytest.raises(sqlite3.OperationalError):
        raise sqlite3.OperationalError
    with filled(folder, "good"):
        pass
    assert claims(folder, "bad", "good") == [(0, b'{"bad0"}'), (0, b'{"good0"}')]
    assert claims(folder, "bad", "good", rerun_failed=True) == [(0, None), (0, b'{"good0"}')]


def test_the_journal_of_another_batch_is_no_harm(folder: BatchFolder) -> None:
    with filled(folder, "other", "batch"):
        pass
    with filled(folder, "mine") as journal:
        assert journal.known_before == 2
    assert claims(folder, "mine", "batch") == [(0, b'{"mine0"}'), (0, b'{"batch0"}')]


def test_nobody_is_told_before_it_is_on_the_disk(folder: BatchFolder) -> None:
    told: list[tuple[int, int]] = []

    def tell(index: int) -> None:
        with closing(sqlite3.connect(folder.journal)) as connection:
            (durable,) = connection.execute("SELECT count(*) FROM items").fetchone()
        told.append((index, durable))

    with Journal.open(folder) as journal:
        for index in range(2 * GROUP_ITEMS):
            journal.claim(str(index))
            journal.finish(str(index), 0, GOOD, ok=True, then=lambda index=index: tell(index))  # type: ignore[misc]
        journal.flush()
        assert [index for index, _ in told] == list(range(2 * GROUP_ITEMS))
        assert all(durable > index for index, durable in told)


def test_a_single_item_becomes_durable_by_itself(folder: BatchFolder) -> None:
    durable = threading.Event()
    with Journal.open(folder) as journal:
        journal.claim("a")
        journal.finish("a", 0, GOOD, ok=True, then=durable.set)
        assert durable.wait(60)


def test_an_exception_loses_nothing_that_is_finished(folder: BatchFolder) -> None:
    def interrupted() -> None:
        with filled(folder, "a"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert claims(folder, "a") == [(0, b'{"a0"}')]


def test_many_threads_may_use_it(folder: BatchFolder) -> None:
    numbers: list[int] = []

    def work() -> None:
        for _ in range(200):
            number, _ = journal.claim("same")
            numbers.append(number)
            journal.finish("same", number, b"%d" % number, ok=True)

    with Journal.open(folder) as journal:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(numbers) == list(range(1600))
    assert claims(folder, *["same"] * 1600) == [(number, b"%d" % number) for number in range(1600)]


def test_no_thread_is_left(folder: BatchFolder) -> None:
    before = threading.active_count()
    with filled(folder, "a") as journal:
        assert threading.active_count() == before + 1
    assert threading.active_count() == before
    with pytest.raises(RuntimeError, match="closed"):
        journal.finish("b", 0, GOOD, ok=True)


def test_memory_does_not_grow_with_the_items(folder: BatchFolder) -> None:
    # In a process of its own, since what is measured is all that any thread of it holds.
    command = [sys.executable, "-c", GROW, str(folder.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    left, peak = map(int, done.stdout.split())
    assert left < 500_000
    assert peak < 4_000_000


def test_a_full_disk_is_said_and_what_was_durable_stays(folder: BatchFolder) -> None:
    command = [sys.executable, "-c", FILL, str(folder.root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    durable, verdict = done.stdout.split()
    assert verdict == "disk_full"
    assert int(durable) > 100
    found = claims(folder, *map(str, range(int(durable) + 2000)))
    assert found == [(0, b"%d" % index * 100 if index < int(durable) else None) for index in range(int(durable) + 2000)]


def test_whoever_is_told_may_fail_and_everybody_hears_of_it(folder: BatchFolder) -> None:
    def fail() -> None:
        raise NoSpaceLeftError("the results are full")

    journal = Journal.open(folder)
    journal.finish("a", 0, GOOD, ok=True, then=fail)
    for method in (journal.flush, lambda: journal.claim("b"), journal.close):
        with pytest.raises(NoSpaceLeftError, match="the results are full"):
            method()
    for _ in range(10 * GROUP_ITEMS):  # it does not wait for ever for a thread that has ended
        with pytest.raises(NoSpaceLeftError):
            journal.finish("b", 0, GOOD, ok=True)
    assert claims(folder, "a") == [(0, GOOD)]


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_journal_that_is_none_is_said_and_left(folder: BatchFolder, content: bytes) -> None:
    folder.journal.write_bytes(content)
    with pytest.raises(RunnerError, match=r"journal\.sqlite") as caught:
        Journal.open(folder)
    assert "--no-resume" in (caught.value.hint or "")
    assert folder.journal.read_bytes() == content


def test_a_journal_of_another_version_is_said(folder: BatchFolder) -> None:
    with filled(folder, "a"):
        pass
    with closing(sqlite3.connect(folder.journal)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(RunnerError, match="another version"):
        Journal.open(folder)


def test_a_start_that_was_killed_is_a_start(folder: BatchFolder) -> None:
    folder.journal.touch()
    assert claims(folder, "a") == [(0, None)]


def test_a_folder_in_its_place_is_an_error(folder: BatchFolder) -> None:
    folder.journal.mkdir()
    with pytest.raises(RunnerError, match="cannot be used"):
        Journal.open(folder)


def test_another_program_that_writes_into_it_is_said(folder: BatchFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    with filled(folder, "a"):
        pass
    monkeypatch.setattr(journal_module, "_BUSY_TIMEOUT_S", 0)
    with closing(sqlite3.connect(folder.journal, isolation_level=None)) as rude:
        rude.execute("BEGIN IMMEDIATE")
        with pytest.raises(RunnerError, match="locked"), Journal.open(folder) as journal:
            journal.finish("b", 0, GOOD, ok=True)
    assert claims(folder, "a", "b") == [(0, b'{"a0"}'), (0, None)]


def test_damage_is_never_taken_for_an_answer(tmp_path: Path) -> None:
    whole = BatchFolder(tmp_path / "whole")
    whole.state.mkdir(parents=True)
    keys = [str(index) for index in range(300)]
    with filled(whole, *keys):
        pass
    content = whole.journal.read_bytes()
    chance = random.Random(1)  # noqa: S311 - the same each time
    said = 0
    for round_number in range(60):
        broken = bytearray(content)
        place = chance.randrange(100, len(broken) - 64)
        broken[place : place + 64] = chance.randbytes(64)
        if round_number % 6 == 0:
            broken = broken[:place]
        hurt = BatchFolder(tmp_path / "hurt")
        shutil.rmtree(hurt.root, ignore_errors=True)
        hurt.state.mkdir(parents=True)
        hurt.journal.write_bytes(broken)
        try:
            found = claims(hurt, *keys)
        except RunnerError as error:
            said += "journal" in error.message
        else:
            assert all(body in (None, b'{"%b0"}' % key.encode()) for key, (_, body) in zip(keys, found, strict=True))
    assert said > 30


@pytest.mark.parametrize("change", ["body = '{\"b0\"}'", "body = x'7b7d'", "crc = crc + 1", "body = 5"])
def test_an_entry_that_is_not_what_was_written_is_damage(folder: BatchFolder, change: str) -> None:
    with filled(folder, "a"):
        pass
    with closing(sqlite3.connect(folder.journal, isolation_level=None)) as connection:
        connection.execute(f"UPDATE items SET {change}")  # noqa: S608 - ours
    with pytest.raises(RunnerError, match="damaged") as caught, Journal.open(folder) as journal:
        journal.claim("a")
    assert caught.value.verdict == "journal_damaged"


@given(st.lists(st.text("abc", max_size=1), max_size=12), st.lists(st.text("abc", max_size=1), max_size=12))
def test_each_run_is_given_what_the_one_before_it_finished(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str]
) -> None:
    folder = BatchFolder(tmp_path_factory.mktemp("batch"))
    folder.state.mkdir()
    with filled(folder, *first):
        pass
    for position, (key, (number, body)) in enumerate(zip(second, claims(folder, *second), strict=True)):
        assert number == second[:position].count(key)
        assert (body is not None) == (number < first.count(key))
