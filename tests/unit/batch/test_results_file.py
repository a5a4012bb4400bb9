import json
import os
import random
import subprocess
import sys
import tracemalloc
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.item_json import item_body, item_line
from hf_spaces_runner.batch.results_file import ResultsFile
from hf_spaces_runner.domain.item import Item, ItemResult
from hf_spaces_runner.domain.result import Status
from hf_spaces_runner.errors import UsageError

CHILD = Path(__file__).with_name("killed_batch.py")
ITEMS = 250
FULL = """
import resource, signal, sys
from pathlib import Path
from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.results_file import ResultsFile
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.errors import RunnerError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    with ResultsFile(BatchFolder(Path(sys.argv[1])), in_order=False) as results:
        for index in range(100):
            results.add(Item(index=index, id="a", source="b"), b'{"status":"ok","text":null}')
except RunnerError as error:
    print(index, error)
"""


def item(index: int) -> Item:
    return Item(index=index, id=f"id-{index}", source=f"s:{index}", given={"n": index})


def body(index: int, status: Status = Status.OK) -> bytes:
    return item_body(ItemResult(status=status, text=f"text {index}", error=None if status is Status.OK else "no"))


def line(index: int) -> bytes:
    return item_line(item(index), body(index))


def lines(*indexes: int) -> bytes:
    return b"".join(map(line, indexes))


def write(folder: BatchFolder, *indexes: int, whole: bool = True, expected: int | None = None) -> None:
    with ResultsFile(folder) as results:
        for index in range(max(indexes, default=-1) + 1 if expected is None else expected):
            results.expect(index)
        for index in indexes:
            results.add(item(index), body(index))
        results.close(whole=whole)


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    return BatchFolder(tmp_path)


@given(st.permutations(range(12)))
def test_lines_stand_in_the_order_of_the_input(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    folder = BatchFolder(tmp_path_factory.mktemp("batch"))
    write(folder, *order)
    assert folder.results.read_bytes() == lines(*range(12))
    assert not folder.failed.exists()


def test_a_line_is_there_as_soon_as_its_turn_comes(folder: BatchFolder) -> None:
    with ResultsFile(folder) as results:
        for index in (5, 3, 9):  # whatever the numbers are, the order is that in which they were expected
            results.expect(index)
        results.add(item(3), body(3))
        assert results.written == 0
        results.add(item(5), body(5))
        assert folder.results.read_bytes() == lines(5, 3)
        assert results.written == 2


def test_as_finished_means_as_added(folder: BatchFolder) -> None:
    with ResultsFile(folder, in_order=False) as results:
        for index in (2, 0, 1):
            results.expect(index)
            results.add(item(index), body(index))
            assert folder.results.read_bytes().endswith(line(index))
    assert folder.results.read_bytes() == lines(2, 0, 1)


@given(st.permutations(range(12)), st.integers(0, 1500), st.sets(st.integers(0, 11)))
def test_what_waits_is_the_same_from_a_file(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], in_memory_bytes: int, failed: set[int]
) -> None:
    folders = []
    for limit in (in_memory_bytes, 10**9):
        folders.append(BatchFolder(tmp_path_factory.mktemp("batch")))
        folders[-1].state.mkdir()
        with ResultsFile(folders[-1], in_memory_bytes=limit) as results:
            for index in range(12):
                results.expect(index)
            for index in order:
                results.add(item(index), body(index, Status.FAILED if index in failed else Status.OK))
        assert list(folders[-1].state.iterdir()) == []
    assert folders[0].results.read_bytes() == folders[1].results.read_bytes()
    assert len(whole_lines(folders[0].results)) == 12
    assert whole_lines(folders[0].failed) == whole_lines(folders[1].failed)
    assert len(whole_lines(folders[0].failed)) == len(failed)


def test_what_waits_takes_little_memory_and_no_disk_once_it_is_written(folder: BatchFolder) -> None:
    folder.state.mkdir()
    large = item_body(ItemResult(status=Status.OK, text="x" * 100_000))
    with ResultsFile(folder, in_memory_bytes=300_000) as results:
        for index in range(101):
            results.expect(index)
        tracemalloc.start()
        for index in range(1, 101):
            results.add(item(index), large)
        left, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert left < 600_000
        results.add(item(0), large)
        spilled = results._waiting._file
        assert spilled is not None
        assert os.fstat(spilled.fileno()).st_size == 0
    assert len(whole_lines(folder.results)) == 101


def test_those_that_failed_can_be_given_again(folder: BatchFolder) -> None:
    with ResultsFile(folder) as results:
        for index in range(3):
            results.expect(index)
        for index in (2, 1, 0):
            results.add(item(index), body(index, Status.OK if index == 1 else Status.FAILED))
        assert (results.written, results.failed) == (3, 2)
    rows = [json.loads(row) for row in folder.failed.read_bytes().splitlines()]
    assert rows == [{"n": index, "_id": f"id-{index}", "_error": "no", "_verdict": None} for index in (0, 2)]
    assert len(folder.results.read_bytes().splitlines()) == 3


def test_where_none_fails_any_more_the_failed_file_goes(folder: BatchFolder) -> None:
    folder.failed.write_bytes(b"of an earlier run\n")
    write(folder, 0, whole=False)
    assert folder.failed.exists()
    write(folder, 0)
    assert not folder.failed.exists()


@pytest.mark.parametrize("cut", [1, 10, len(lines(0, 1)), len(lines(0, 1)) + 1, len(lines(0, 1, 2)) - 1])
def test_a_torn_line_is_mended(folder: BatchFolder, cut: int) -> None:
    folder.results.write_bytes(lines(0, 1, 2)[:cut])
    write(folder, 0, 1, 2, 3)
    assert folder.results.read_bytes() == lines(0, 1, 2, 3)


@given(before=st.binary(max_size=40), cut=st.integers(0, 400), whole=st.booleans())
def test_whatever_was_left_the_file_ends_whole(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, cut: int, whole: bool
) -> None:
    folder = BatchFolder(tmp_path_factory.mktemp("batch"))
    folder.results.write_bytes(lines(0, 1, 2)[:cut] + before)
    write(folder, 0, 1, 2, 3, whole=whole)
    assert folder.results.read_bytes() == lines(0, 1, 2, 3)


def test_nothing_of_another_batch_follows_what_is_written(folder: BatchFolder) -> None:
    write(folder, *range(20))
    with ResultsFile(folder) as results:
        for index in (0, 7, 8):
            results.expect(index)
        for index in (0, 7):
            results.add(item(index), body(index))
            assert folder.results.read_bytes() in (lines(*range(20)), lines(0, 7))
        results.close(whole=False)
    assert folder.results.read_bytes() == lines(0, 7)


def test_what_is_the_same_is_not_written_again(folder: BatchFolder) -> None:
    write(folder, *range(5))
    before = folder.results.stat().st_mtime_ns
    with ResultsFile(folder) as results:
        for index in range(5):
            results.expect(index)
            results.add(item(index), body(index))
            assert folder.results.read_bytes() == lines(*range(5))
        results.close(whole=False)
    assert folder.results.stat().st_mtime_ns == before


def test_a_batch_that_ends_while_it_looks_over_what_is_done_leaves_all_of_it(folder: BatchFolder) -> None:
    write(folder, *range(5))

    def interrupted() -> None:
        with ResultsFile(folder) as results:
            for index in range(3):
                results.expect(index)
            results.add(item(0), body(0))
            results.add(item(2), body(2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert folder.results.read_bytes() == lines(*range(5))


def test_a_smaller_batch_leaves_only_its_own(folder: BatchFolder) -> None:
    write(folder, *range(5))
    write(folder, 0, 1)
    assert folder.results.read_bytes() == lines(0, 1)


def test_what_waits_for_others_that_never_came_is_written_at_the_end(folder: BatchFolder) -> None:
    write(folder, 0, 3, 2, expected=5, whole=False)
    assert folder.results.read_bytes() == lines(0, 2, 3)
    write(folder, 4, 0, 2, 1, 3)
    assert folder.results.read_bytes() == lines(*range(5))


def test_a_link_a_folder_or_a_pipe_in_its_place_is_an_error(folder: BatchFolder) -> None:
    theirs = folder.root / "theirs"
    theirs.write_text("theirs")
    folder.results.symlink_to(theirs)
    with pytest.raises(UsageError, match=r"results\.jsonl"):
        write(folder, 0)
    assert theirs.read_text() == "theirs"
    folder.results.unlink()
    folder.results.mkdir()
    with pytest.raises(UsageError, match=r"results\.jsonl"):
        write(folder, 0)
    folder.results.rmdir()
    os.mkfifo(folder.results)
    with pytest.raises(UsageError, match=r"results\.jsonl"):
        write(folder, 0)


def test_a_full_disk_leaves_no_half_of_a_line(folder: BatchFolder) -> None:
    done = subprocess.run([sys.executable, "-c", FULL, str(folder.root)], capture_output=True, text=True, check=True)
    assert "results.jsonl: File too large" in done.stdout
    written = folder.results.read_bytes()
    assert written.endswith(b"\n")
    assert len(written.splitlines()) == int(done.stdout.split()[0])


def whole_lines(file: Path) -> list[bytes]:
    if not file.exists():
        return []
    return [found for found in file.read_bytes().splitlines(keepends=True) if found.endswith(b"\n")]


def run_child(root: Path, seed: str, order: str, kill_after: int | None) -> bool:
    """Run the batch in `root`, kill it after so many items, and return whether it came to its end before."""
    command = [sys.executable, str(CHILD), str(root), str(ITEMS), seed, order]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for number, said in enumerate(process.stdout):
            if said == "done\n":
                break
            if kill_after is not None and number >= kill_after:
                process.kill()
                break
        process.stdout.read()
        return process.wait() == 0


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> BatchFolder:
    folder = BatchFolder(tmp_path_factory.mktemp("undisturbed"))
    assert run_child(folder.root, "calm", "ordered", None)
    return folder


@pytest.mark.parametrize("round_number", range(30))
def test_a_killed_batch_ends_as_an_undisturbed_one(tmp_path: Path, undisturbed: BatchFolder, round_number: int) -> None:
    chance = random.Random(round_number)  # noqa: S311 - the same each time
    folder = BatchFolder(tmp_path)
    order = "unordered" if round_number % 5 == 4 else "ordered"
    durable: set[str] = set()
    run = 0
    while not run_child(tmp_path, str(run), order, chance.randrange(ITEMS)):
        found = whole_lines(folder.results)
        ids = [json.loads(one)["id"] for one in found]
        assert len(ids) == len(set(ids))
        durable |= {f"{later} {name}" for name in ids for later in range(run + 1, 100)}
        run += 1
    assert run > 0
    expected = Counter(whole_lines(undisturbed.results)), Counter(whole_lines(undisturbed.failed))
    assert (Counter(whole_lines(folder.results)), Counter(whole_lines(folder.failed))) == expected
    assert len(whole_lines(folder.results)) == ITEMS
    assert not durable & set((tmp_path / "ran").read_text().splitlines())
    if order == "ordered":
        assert folder.results.read_bytes() == undisturbed.results.read_bytes()
        assert folder.failed.read_bytes() == undisturbed.failed.read_bytes()
