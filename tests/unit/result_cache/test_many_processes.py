import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hf_spaces_runner.result_cache.store import ResultCache
from tests.unit.result_cache.test_store import Cache, answer, shown

ROOT = Path(__file__).parents[3]
MAX_BYTES = 40 * 16384

WORKER = """
import sys
from pathlib import Path
from tests.unit.result_cache.test_many_processes import work
work(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
"""
VICTIM = """
import os, shutil, signal, sys
from pathlib import Path
from hf_spaces_runner.result_cache import index
from tests.unit.result_cache.test_many_processes import cache_in
from tests.unit.result_cache.test_store import answer

def die(*_, **more):
    os.kill(os.getpid(), signal.SIGKILL)

class Connection(index.sqlite3.Connection):
    def execute(self, statement, *values):
        if statement == "COMMIT":
            die()
        return super().execute(statement, *values)

def copy_half(reader, writer, _):
    writer.write(reader.read(1000))
    writer.flush()
    die()

folder, moment = Path(sys.argv[1]), sys.argv[2]
if moment == "copying":
    shutil.copyfileobj = copy_half
elif moment == "before the row":
    index.Index.put = die
else:
    connect = index.sqlite3.connect
    index.sqlite3.connect = lambda *given, **more: connect(*given, **more, factory=Connection)
scratch = folder / "victim"
scratch.mkdir()
cache_in(folder).keep("KEY", answer(scratch, "the victim's", b"x" * 10000))
"""


def cache_in(folder: Path, **more: int) -> ResultCache:
    def warn(text: str) -> None:
        raise AssertionError(text)

    return ResultCache(folder / "results", max_bytes=more.get("max_bytes", 2**30), max_age_s=3600, warn=warn)


def work(folder: Path, name: str, rounds: int) -> None:
    """Keep and find under keys that others use as well; whatever is found must be right."""
    scratch = folder / name
    scratch.mkdir()
    cache = cache_in(folder, max_bytes=MAX_BYTES)
    hits = 0
    for number in range(rounds):
        key = f"{number * 7 % 11}"
        assert cache.keep(key, answer(scratch, [key, name, number], f"{key} {name} {number} ".encode() * 500))
        for other in (key, f"{number * 5 % 11}"):
            found = cache.find(other, scratch)
            if found is not None:
                hits += 1
                text, content = shown(found.answer)
                assert isinstance(text, list)
                assert text[0] == other
                assert content == "{} {} {} ".format(*text).encode() * 500
    assert hits


def test_eight_processes_at_once_find_nothing_wrong_and_lose_nothing(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(tmp_path), f"worker-{number}", "25"],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    assert [worker.communicate()[1] for worker in workers] == [""] * 8
    entries = cache_in(tmp_path).entries()
    assert {entry.key for entry in entries} == {f"{number}" for number in range(11)}
    folders = {folder.name for folder in (tmp_path / "results" / "answers").iterdir()}
    assert folders == {entry.folder for entry in entries}


@pytest.mark.parametrize("moment", ["copying", "before the row", "within the row"])
@pytest.mark.parametrize("before", [False, True])
def test_who_is_killed_while_keeping_spoils_nothing(tmp_path: Path, moment: str, *, before: bool) -> None:
    cache = Cache(tmp_path)
    folder = cache.folder.parent
    folder.mkdir(exist_ok=True)
    if before:
        cache.keep("before", b"y" * 10000, key="KEY")
    victim = subprocess.run([sys.executable, "-c", VICTIM, str(folder), moment], cwd=ROOT, check=False)
    assert victim.returncode == -signal.SIGKILL
    assert cache.find("KEY") == (("before", b"y" * 10000) if before else None)
    assert len(cache.folders) == 1 + before
    assert cache.keep("after", b"z", key="KEY")
    assert cache.find("KEY") == ("after", b"z")
    for left in cache.folders:
        os.utime(left, (0, 0))
    cache.clock.now += 3601
    assert cache.keep("later", key="later")
    assert len(cache.folders) == 2
    assert cache.warnings == []
