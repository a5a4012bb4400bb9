import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.answer import Answer, AnswerFile, AnswerOutput
from hf_spaces_runner.result_cache import index as index_module
from hf_spaces_runner.result_cache.answer_json import read_answer, write_answer
from hf_spaces_runner.result_cache.store import ResultCache
from tests.unit.history.test_attempt_log import files_of_at_most

KEY = "k" * 64
DAY_S = 24 * 3600.0
Change = Callable[[Path], object]


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class Cache:
    """A cache with a clock to turn, in which answers are known by their text."""

    def __init__(self, tmp_path: Path, *, max_bytes: int = 1024**3) -> None:
        self.folder = tmp_path / "cache" / "results"
        self.scratch = tmp_path / "scratch"
        self.scratch.mkdir(exist_ok=True)
        self.clock = Clock()
        self.warnings: list[str] = []
        self.cache = ResultCache(
            self.folder, max_bytes=max_bytes, max_age_s=DAY_S, warn=self.warnings.append, now=self.clock
        )

    def keep(self, text: object = "hello", *contents: bytes, key: str = KEY, **more: bool) -> bool:
        return self.cache.keep(key, answer(self.scratch, text, *contents), **more)

    def find(self, key: str = KEY, **more: bool) -> tuple[object, ...] | None:
        """Return the text and the contents of the files of what is found."""
        found = self.cache.find(key, self.scratch, **more)
        return None if found is None else shown(found.answer)

    @property
    def folders(self) -> list[Path]:
        return sorted((self.folder / "answers").iterdir())

    @property
    def only_folder(self) -> Path:
        (folder,) = self.folders
        return folder


def answer(scratch: Path, text: object, *contents: bytes) -> Answer:
    files: list[AnswerFile] = []
    for content in contents:
        path = scratch / f"made-{len(list(scratch.iterdir()))}"
        path.write_bytes(content)
        files.append(AnswerFile(path=path, original_name=f"../{len(files)}.png"))
    outputs = [AnswerOutput(label="Text", component="Textbox", value=text)]
    outputs += [AnswerOutput(label="File", component="File", value={"file": "x"}, files=(file,)) for file in files]
    return Answer(endpoint="/predict", outputs=tuple(outputs))


def shown(answer: Answer) -> tuple[object, ...]:
    return (answer.outputs[0].value, *(file.path.read_bytes() for one in answer.outputs for file in one.files))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path)


def test_what_was_kept_is_found_and_nothing_else(cache: Cache) -> None:
    assert cache.find() is None
    assert not cache.folder.exists()
    assert cache.keep("hello", b"one", b"", b"three" * 10**6)
    assert cache.find() == ("hello", b"one", b"", b"three" * 10**6)
    assert cache.find("another") is None
    assert cache.warnings == []


def test_an_answer_comes_back_as_it_was(cache: Cache) -> None:
    files = [cache.scratch / name for name in ("one", "two", "three")]
    for file in files:
        file.write_bytes(file.name.encode())
    names = ["a\x1b[31m.png", "\udcff/../../etc/passwd", ""]
    kept = [AnswerFile(path=path, original_name=name) for path, name in zip(files, names, strict=True)]
    values: object = {"a": [1, 1.5, True, None, "ü\udcff", {"b": []}]}
    outputs = (
        AnswerOutput(label="L", component="Gallery", value=values, files=(kept[0], kept[1])),
        AnswerOutput(label="", component="", value=None),
        AnswerOutput(label="M", component="File", value=0.1, files=(kept[2],)),
    )
    assert cache.cache.keep(KEY, Answer(endpoint="/é", outputs=outputs))
    cache.clock.now += 60
    found = cache.cache.find(KEY, cache.scratch)
    assert found is not None
    assert found.kept_at == cache.clock.now - 60
    assert found.answer.endpoint == "/é"
    assert [repr(one.value) for one in found.answer.outputs] == [repr(one.value) for one in outputs]
    assert [(one.label, one.component) for one in found.answer.outputs] == [("L", "Gallery"), ("", ""), ("M", "File")]
    assert [[file.original_name for file in one.files] for one in found.answer.outputs] == [names[:2], [], names[2:]]
    assert [file.path.read_bytes() for one in found.answer.outputs for file in one.files] == [b"one", b"two", b"three"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(json_values, st.lists(st.text(), max_size=3))
def test_any_value_is_read_as_it_was_written(value: object, names: list[str]) -> None:
    files = tuple(AnswerFile(path=Path(str(number)), original_name=name) for number, name in enumerate(names))
    given_answer = Answer(
        endpoint="/x", outputs=(AnswerOutput(label="a", component="b", value=value, files=files),) * 2
    )
    hashes = [f"{number:064}" for number in range(2 * len(names))]
    kept = read_answer(write_answer(given_answer, hashes))
    assert [file.sha256 for files in kept.files for file in files] == hashes
    assert repr(kept.with_files([file.path for file in files] * 2)) == repr(given_answer)


def test_the_files_handed_out_are_the_users_own(cache: Cache) -> None:
    cache.keep("hello", b"original")
    for _ in range(2):
        found = cache.cache.find(KEY, cache.scratch)
        assert found is not None
        (file,) = found.answer.outputs[1].files
        assert file.path.stat().st_nlink == 1
        assert file.path.read_bytes() == b"original"
        file.path.write_bytes(b"changed")
        file.path.rename(cache.scratch / "mine")


def test_what_the_space_made_may_be_changed_afterwards(cache: Cache) -> None:
    cache.keep("hello", b"original")
    for made in cache.scratch.glob("made-*"):
        made.write_bytes(b"changed")
    assert cache.find() == ("hello", b"original")


def test_nobody_else_may_read_it(cache: Cache) -> None:
    before = os.umask(0)
    try:
        cache.folder.mkdir(parents=True)
        cache.keep("hello", b"content")
        cache.find()
    finally:
        os.umask(before)
    modes = {path.relative_to(cache.folder).name: stat.S_IMODE(path.stat().st_mode) for path in cache.folder.rglob("*")}
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700
    assert modes == {
        "index.sqlite": 0o600,
        "swept": 0o600,
        "answers": 0o700,
        cache.only_folder.name: 0o700,
        "0": 0o600,
        "answer.json": 0o600,
    }


def test_a_file_that_is_none_is_not_kept(cache: Cache) -> None:
    secret = cache.scratch / "secret"
    secret.write_text("SECRET")
    link = cache.scratch / "link"
    link.symlink_to(secret)
    output = AnswerOutput(label="a", component="File", files=(AnswerFile(path=link, original_name="x"),))
    assert not cache.cache.keep(KEY, Answer(endpoint="/x", outputs=(output,)))
    assert cache.folders == []
    assert cache.find() is None


@pytest.mark.parametrize("value", [{1, 2}, 10**5000, b"bytes"], ids=lambda value: type(value).__name__)
def test_what_is_no_json_is_not_kept(cache: Cache, value: object) -> None:
    assert not cache.keep(value, b"content")
    assert cache.folders == []
    assert cache.warnings == []


def test_the_newest_answer_is_found(cache: Cache) -> None:
    for text in ("one", "two", "three"):
        cache.keep(text, text.encode())
    assert cache.find() == ("three", b"three")
    assert len(cache.folders) == 1


def test_an_answer_of_many_is_found_by_those_who_want_any(cache: Cache) -> None:
    cache.keep("one of many", sampling=True)
    assert cache.find() is None
    assert cache.find(sampled=True) == ("one of many",)
    cache.keep("the only one")
    assert cache.find() == cache.find(sampled=True) == ("the only one",)


@pytest.mark.parametrize("passed_s", [DAY_S, 10 * DAY_S, -2 * DAY_S])
def test_an_old_answer_counts_no_more(cache: Cache, passed_s: float) -> None:
    cache.keep()
    cache.clock.now += passed_s
    assert cache.find() is None
    assert cache.folders == []
    assert cache.cache.entries() == ()


def test_use_does_not_make_it_younger(cache: Cache) -> None:
    cache.keep()
    cache.clock.now += DAY_S - 1
    assert cache.find() == ("hello",)
    cache.clock.now += 1
    assert cache.find() is None


def test_old_answers_go_when_others_come(cache: Cache) -> None:
    cache.keep("old")
    cache.clock.now += DAY_S + 1
    cache.keep("new", key="new")
    assert [entry.key for entry in cache.cache.entries()] == ["new"]
    assert len(cache.folders) == 1


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, max_bytes=5 * 16384)  # each answer: its folder, its JSON, and two blocks of a file
    for number in range(5):
        cache.clock.now += 1
        cache.keep(number, b"x" * 8192, key=f"{number}")
    for number in (0, 2):
        cache.clock.now += 1
        assert cache.find(f"{number}") is not None
    cache.clock.now += 1
    cache.keep("new", b"x" * 8192, key="new")
    assert [entry.key for entry in cache.cache.entries()] == ["3", "4", "0", "2", "new"]
    cache.clock.now += 1
    cache.keep("large", b"x" * (8192 + 16384), key="large")
    assert [entry.key for entry in cache.cache.entries()] == ["0", "2", "new", "large"]
    assert len(cache.folders) == 4
    assert sum(entry.size_bytes for entry in cache.cache.entries()) == 5 * 16384


def test_there_are_never_too_many(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "MAX_ENTRIES", 3)
    for number in range(6):
        cache.clock.now += 1
        cache.keep(number, key=f"{number}")
    assert [entry.key for entry in cache.cache.entries()] == ["3", "4", "5"]


@pytest.mark.parametrize("large", [("a",), ("a" * 200_000,), ("a", b"x" * 200_000)], ids=["fits", "value", "file"])
def test_an_answer_larger_than_the_cache_is_not_kept(tmp_path: Path, large: tuple[Any, ...]) -> None:
    cache = Cache(tmp_path, max_bytes=100_000)
    cache.keep("before", key="before")
    fits = large == ("a",)
    assert cache.keep(*large) is fits
    assert len(cache.cache.entries()) == len(cache.folders) == 1 + fits
    assert cache.find("before") == ("before",)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-3])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def become_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def become_link(path: Path) -> None:
    other = path.with_name("other")
    path.rename(other)
    path.symlink_to(other)


def become_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.parametrize("name", ["answer.json", "0", "1"])
@pytest.mark.parametrize("damage", [cut, flip, Path.unlink, become_folder, become_link, become_pipe])
def test_a_damaged_answer_is_a_miss_and_goes(cache: Cache, name: str, damage: Change) -> None:
    cache.keep("hello", b"content one", b"content two")
    before = set(cache.scratch.iterdir())
    damage(cache.only_folder / name)
    assert cache.find() is None
    assert cache.folders == []
    assert cache.cache.entries() == ()
    assert set(cache.scratch.iterdir()) == before
    assert cache.keep("again")
    assert cache.find() == ("again",)
    assert cache.warnings == []


def test_an_answer_that_has_grown_beyond_all_memory_is_a_miss(cache: Cache) -> None:
    cache.keep("hello")
    os.truncate(cache.only_folder / "answer.json", 2**42)
    assert cache.find() is None
    assert cache.folders == []


def lose_table(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE answers")


def spoil_rows(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE answers SET folder = '../../scratch'")


def be_of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


INDEX_DAMAGES: dict[str, Change] = {
    "cut": cut,
    "half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "empty": lambda path: os.truncate(path, 0),
    "one byte": lambda path: os.truncate(path, 1),
    "gone": Path.unlink,
    "text": lambda path: path.write_bytes(b"no database at all" * 500),
    "header only": lambda path: path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "second page": lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 4096),
    "no table": lose_table,
    "rows": spoil_rows,
    "version": be_of_another_version,
    "journal": lambda path: Path(f"{path}-journal").write_bytes(b"\xff" * 5000),
}


@pytest.mark.parametrize("then", ["find", "keep"])
@pytest.mark.parametrize("damage", INDEX_DAMAGES)
def test_a_damaged_index_is_begun_anew(cache: Cache, damage: str, then: str) -> None:
    cache.keep("hello", b"content")
    INDEX_DAMAGES[damage](cache.folder / "index.sqlite")
    if then == "find":
        assert cache.find() in (None, ("hello", b"content"))
    assert cache.keep("again", b"more")
    assert cache.find() == ("again", b"more")
    assert cache.warnings == []
    assert cache.scratch.exists()


@given(st.integers(0, 5 * 4096), st.binary(min_size=1, max_size=64))
def test_whatever_is_written_over_the_index_only_right_answers_are_found(
    tmp_path_factory: pytest.TempPathFactory, place: int, content: bytes
) -> None:
    cache = Cache(tmp_path_factory.mktemp("cache"))
    cache.keep("hello", b"content")
    with (cache.folder / "index.sqlite").open("r+b") as file:
        file.seek(place)
        file.write(content)
    assert cache.find() in (None, ("hello", b"content"))
    cache.keep("again", key="again")
    assert cache.find("again") in (None, ("again",))


def test_what_a_killed_process_left_goes_after_an_hour(cache: Cache) -> None:
    cache.keep()
    kept = cache.only_folder
    for name, age_s in (("left", 3700), ("being-written", 60)):
        folder = cache.folder / "answers" / name
        folder.mkdir()
        (folder / "0").touch()
        os.utime(folder, (cache.clock.now + 3700 - age_s,) * 2)
    cache.clock.now += 100
    cache.keep("another", key="another")  # it was looked through just before
    assert len(cache.folders) == 4
    cache.clock.now += 3600
    cache.keep("a third", key="a third")
    assert {folder.name for folder in cache.folders} >= {kept.name, "being-written"}
    assert len(cache.folders) == 4


@pytest.mark.parametrize("size_bytes", [0, 100, 6000, 20_000])
def test_a_full_disk_keeps_nothing_and_loses_nothing(cache: Cache, size_bytes: int) -> None:
    cache.keep("before", b"before", key="before")
    given_answer = answer(cache.scratch, "hello", b"x" * 30_000)
    with files_of_at_most(size_bytes):
        assert not cache.cache.keep(KEY, given_answer)
        assert not cache.cache.keep(KEY, given_answer)
        assert cache.find() is None
    assert len(cache.warnings) == 1
    assert str(cache.folder) in cache.warnings[0]
    assert shown(given_answer) == ("hello", b"x" * 30_000)
    assert len(cache.folders) == 1
    assert cache.find("before") == ("before", b"before")


def test_a_disk_that_is_full_when_it_is_found_leaves_it_there(cache: Cache) -> None:
    cache.keep("hello", b"x" * 30_000)
    before = set(cache.scratch.iterdir())
    with files_of_at_most(20_000):
        assert cache.find() is None
    assert set(cache.scratch.iterdir()) == before
    assert len(cache.warnings) == 1
    assert cache.find() == ("hello", b"x" * 30_000)


def test_a_place_that_cannot_be_used_is_told_once(cache: Cache) -> None:
    cache.folder.parent.mkdir()
    cache.folder.touch()
    assert not cache.keep()
    assert not cache.keep()
    assert cache.find() is None
    assert len(cache.warnings) == 1


def test_ctrl_c_leaves_nothing(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("shutil.copyfileobj", interrupt)
    with pytest.raises(KeyboardInterrupt):
        cache.keep("hello", b"content")
    assert cache.folders == []


@pytest.fixture
def three(cache: Cache) -> Cache:
    for key in ("one", "two", "three"):
        cache.clock.now += 1
        cache.keep(key, key.encode(), key=key)
    return cache


def test_it_can_be_listed_and_cleaned_up(three: Cache) -> None:
    entries = three.cache.entries()
    assert [(entry.key, entry.size_bytes) for entry in entries] == [("one", 12288), ("two", 12288), ("three", 12288)]
    three.cache.remove(entries[:2])
    assert [entry.key for entry in three.cache.entries()] == ["three"]
    assert len(three.folders) == 1
    assert three.find("three") == ("three", b"three")


def test_one_that_was_replaced_meanwhile_is_not_removed(three: Cache) -> None:
    entries = three.cache.entries()
    three.keep("newer", key="one")
    three.cache.remove(entries)
    assert [entry.key for entry in three.cache.entries()] == ["one"]
    assert three.find("one") == ("newer",)


def test_it_can_be_emptied(three: Cache) -> None:
    (three.folder / "answers" / "left").mkdir()
    three.cache.empty()
    assert not three.folder.exists()
    assert three.cache.entries() == ()
    assert three.find("one") is None
    assert three.keep("again", key="one")
    assert three.find("one") == ("again",)
