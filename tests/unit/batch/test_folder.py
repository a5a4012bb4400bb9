import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hf_spaces_runner.batch.folder import BatchFolder, hold_batch_folder
from hf_spaces_runner.batch.journal import Journal
from hf_spaces_runner.errors import UsageError

NOW = datetime(2026, 11, 21, 12, 30, tzinfo=UTC)
HOLD = """
import sys, time
from pathlib import Path
from hf_spaces_runner.batch.folder import hold_batch_folder
with hold_batch_folder(Path(sys.argv[1]), command="hfsr batch \\x1b[31mone"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_holder(root: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def a_batch(root: Path) -> BatchFolder:
    """Leave what a batch with one item leaves."""
    with hold_batch_folder(root, command="first") as folder, Journal.open(folder) as journal:
        number, _ = journal.claim("key")
        journal.finish("key", number, b'{"status":"ok"}', ok=True)
        folder.results.write_text("old\n")
        folder.failed.write_text("old failed\n")
        folder.write_summary({"items": 1})
        folder.files.mkdir()
        (folder.files / "a.png").write_bytes(b"12345")
    return folder


def test_it_is_made_with_all_above_it(tmp_path: Path) -> None:
    with hold_batch_folder(tmp_path / "a" / "b", command="x") as folder:
        assert folder.state.is_dir()
        assert folder.state.stat().st_mode & 0o777 == 0o700
        assert (folder.journal, folder.results) == (
            tmp_path / "a/b/.hfsr/journal.sqlite",
            tmp_path / "a/b/results.jsonl",
        )


def test_the_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    with another_holder(tmp_path) as process:
        with pytest.raises(UsageError) as caught, hold_batch_folder(tmp_path, command="second"):
            pytest.fail("it is held")
        assert f"process {process.pid} (hfsr batch one) since 20" in caught.value.message
        assert caught.value.verdict == "folder_busy"
        process.send_signal(signal.SIGKILL)
        process.wait()
        with hold_batch_folder(tmp_path, command="second", now=lambda: NOW):
            said = json.loads((tmp_path / ".hfsr/holder.json").read_text())
            assert said == {"pid": os.getpid(), "command": "second", "since": "2026-11-21T12:30:00+00:00"}
    assert not (tmp_path / ".hfsr/holder.json").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"pid": "x", "command": 1, "since": 2}', "\udcff"])
def test_a_holder_that_cannot_be_read_is_still_one(tmp_path: Path, text: str) -> None:
    with hold_batch_folder(tmp_path, command="first"):
        (tmp_path / ".hfsr/holder.json").write_bytes(text.encode(errors="surrogateescape"))
        with (
            pytest.raises(UsageError, match="held by another process"),
            hold_batch_folder(tmp_path, command="second"),
        ):
            pytest.fail("it is held")


def test_what_others_keep_there_stays(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    a_batch(tmp_path)
    with hold_batch_folder(tmp_path, command="x", fresh=True):
        pass
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("name", ["results.jsonl", "failed.jsonl", "summary.json"])
def test_results_that_are_not_ours_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("theirs")
    with pytest.raises(UsageError, match=name) as caught, hold_batch_folder(tmp_path, command="x"):
        pytest.fail("it is not ours")
    assert "-o" in (caught.value.hint or "")
    assert (tmp_path / name).read_text() == "theirs"
    with hold_batch_folder(tmp_path, command="x", fresh=True):
        assert not (tmp_path / name).exists()
    assert (tmp_path / "previous-1" / name).read_text() == "theirs"


def test_a_link_to_nowhere_is_not_ours_either(tmp_path: Path) -> None:
    (tmp_path / "results.jsonl").symlink_to("/nowhere/at/all")
    with pytest.raises(UsageError, match=r"results\.jsonl"), hold_batch_folder(tmp_path, command="x"):
        pytest.fail("it is not ours")


def test_ours_are_gone_on_with(tmp_path: Path) -> None:
    a_batch(tmp_path)
    with hold_batch_folder(tmp_path, command="x") as folder:
        assert folder.results.read_text() == "old\n"


def test_a_fresh_batch_puts_the_earlier_ones_aside_with_their_journals(tmp_path: Path) -> None:
    for number in (1, 2):
        a_batch(tmp_path)
        with hold_batch_folder(tmp_path, command="x", fresh=True) as folder, Journal.open(folder) as journal:
            assert journal.known_before == 0
            assert not folder.results.exists()
            assert not folder.files.exists()
        assert (tmp_path / f"previous-{number}/results.jsonl").read_text() == "old\n"
        assert (tmp_path / f"previous-{number}/files/a.png").read_bytes() == b"12345"
        again = BatchFolder(tmp_path / f"again-{number}")
        again.state.mkdir(parents=True)
        (tmp_path / f"previous-{number}/journal.sqlite").rename(again.journal)
        with Journal.open(again) as journal:
            assert journal.claim("key") == (0, b'{"status":"ok"}')
    assert not (tmp_path / "previous-3").exists()


def test_a_fresh_batch_in_a_new_folder_puts_nothing_aside(tmp_path: Path) -> None:
    (tmp_path / "files").mkdir()
    with hold_batch_folder(tmp_path, command="x", fresh=True):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".hfsr", "files"]


def test_a_damaged_journal_is_put_aside_as_it_is(tmp_path: Path) -> None:
    folder = a_batch(tmp_path)
    folder.journal.write_bytes(b"no database" * 1000)
    with hold_batch_folder(tmp_path, command="x", fresh=True):
        assert not folder.journal.exists()
    assert (tmp_path / "previous-1/journal.sqlite").read_bytes() == b"no database" * 1000


def test_a_file_in_its_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(UsageError, match="cannot write") as caught, hold_batch_folder(tmp_path / "out", command="x"):
        pytest.fail("it is no folder")
    assert caught.value.hint == "name another folder with -o"


def test_a_folder_that_cannot_be_written_is_an_error() -> None:
    with pytest.raises(UsageError, match="cannot write"), hold_batch_folder(Path("/proc/out"), command="x"):
        pytest.fail("it cannot be made")


def test_a_summary_is_whole_and_takes_the_place_of_a_link(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("theirs")
    folder = BatchFolder(tmp_path)
    folder.summary.symlink_to(theirs)
    folder.write_summary({"items": 2})
    folder.write_summary({"items": 3})
    assert json.loads(folder.summary.read_text()) == {"items": 3}
    assert theirs.read_text() == "theirs"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["summary.json", "theirs"]


def test_files_of_an_item_lie_where_its_index_does_not_matter(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path)
    assert folder.files_of("a.png", "0123456789", 0) == tmp_path / "files/a.png.01234567"
    assert folder.files_of("a.png", "0123456789", 2) == tmp_path / "files/a.png.01234567-2"
    assert folder.files_of("../../etc/passwd", "0123456789", 0) == tmp_path / "files/passwd.01234567"
    assert len(folder.files_of("x" * 1000, "0" * 64, 0).name) < 100


def test_files_that_are_gone_or_cut_are_seen(tmp_path: Path) -> None:
    folder = BatchFolder(tmp_path)
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    assert folder.has([])
    assert folder.has([("a", 5)])
    assert not folder.has([("a", 5), ("a", 4)])
    assert not folder.has([("b", 5)])
    assert not folder.has([("link", 5)])
    assert not folder.has([("a\0", 5)])
    assert not folder.has([(str(tmp_path / "a"), 5)]), "a journal of somebody else may name any file"
    assert not folder.has([(f"../{tmp_path.name}/a", 5)])


def test_a_batch_does_not_read_what_it_writes(tmp_path: Path) -> None:
    folder = a_batch(tmp_path)
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(folder.failed.read_bytes())
    folder.refuse_as_input([copy, tmp_path / "missing", tmp_path, Path("a\0b")])
    link = tmp_path / "link"
    link.symlink_to(folder.failed)
    for path in (folder.failed, folder.results, folder.summary, link, tmp_path / "files/../failed.jsonl"):
        with pytest.raises(UsageError, match="is written by this batch itself") as caught:
            folder.refuse_as_input([copy, path])
        assert "--rerun-failed" in (caught.value.hint or "")


def test_who_was_here_before_is_told_once(tmp_path: Path) -> None:
    with hold_batch_folder(tmp_path / "out", command="x") as folder:
        assert folder.note_batch("a over b.csv") is None
        assert folder.note_batch("a over b.csv") is None
        assert folder.note_batch("a over c.csv") == "a over b.csv"
        assert folder.note_batch("a over c.csv") is None
