"""The table of a registry file: made once, brought up to date when the file changes, and never trusted to be whole."""

import json
import multiprocessing
import os
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry import index as indexes
from hf_spaces_runner.registry import read as reading
from hf_spaces_runner.registry.layer import FileLayer
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.yaml_source import parse_yaml
from tests.unit.registry.registry_texts import entry, index_of, read, without_root

IDS = ("a", "b", "c")
TEXT = "spaces:\n" + "".join(entry(key, f"tags: [tag-{key}]") for key in IDS)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(TEXT, encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "indexes"


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the first lines of the texts that were read as YAML, in order."""
    seen: list[str] = []

    def noted(text: str) -> object:
        seen.append(text.strip().partition("\n")[0])
        return parse_yaml(text)

    monkeypatch.setattr(reading, "parse_yaml", noted)
    return seen


def ids(file: Path, folder: Path) -> list[str]:
    return [space.id for space in read(file, folder)[0]]


def index_file(folder: Path) -> Path:
    (found,) = folder.glob("*.sqlite")
    return found


def test_a_file_is_read_once_and_comes_back_the_same(file: Path, folder: Path, parsed: list[str]) -> None:
    first = read(file, folder)
    assert parsed == ["spaces:", "a:", "b:", "c:"]
    file.chmod(0)
    file.chmod(0o644)  # as its times go, it is another file now
    read(file, folder)
    del parsed[:]
    assert read(file, folder) == first
    assert parsed == []
    assert [path.suffix for path in sorted(folder.iterdir())] == [".lock", ".sqlite"]


def test_only_what_has_changed_is_read(file: Path, folder: Path, parsed: list[str]) -> None:
    read(file, folder)
    del parsed[:]
    file.write_text(TEXT.replace("tag-b", "other") + entry("d"), encoding="utf-8")
    spaces, faults = read(file, folder)
    assert parsed == ["spaces:", "b:", "d:"]
    assert [(space.id, space.tags) for space in spaces] == [
        ("a", ("tag-a",)),
        ("b", ("other",)),
        ("c", ("tag-c",)),
        ("d", ()),
    ]
    assert faults == ()


def test_a_change_is_seen_though_time_and_length_stay(file: Path, folder: Path) -> None:
    read(file, folder)
    before = file.stat()
    file.write_text(TEXT.replace("tag-b", "tag-x"), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert read(file, folder)[0][1].tags == ("tag-x",)


def text_of(*keys: str) -> str:
    return "spaces:\n" + "".join(entry(key, f"tags: [tag-{key}]") for key in keys)


@pytest.mark.parametrize("order", [("c", "a", "b"), ("b", "a", "c"), ("c", "b", "a"), ("b", "c"), ("x", "c", "a")])
def test_the_order_is_that_of_the_file_after_moving_and_removing(
    file: Path, folder: Path, parsed: list[str], order: tuple[str, ...]
) -> None:
    read(file, folder)
    del parsed[:]
    file.write_text(text_of(*order), encoding="utf-8")
    assert ids(file, folder) == list(order)
    assert parsed == ["spaces:", *(f"{key}:" for key in order if key not in IDS)]


def test_an_entry_that_is_renamed_is_found_by_its_new_name_alone(file: Path, folder: Path) -> None:
    read(file, folder)
    file.write_text(TEXT.replace("  b:", "  z:").replace("id: b", "id: z"), encoding="utf-8")
    registry = Registry([FileLayer(index_of(file, folder))])
    assert [space.id for space in registry.spaces()] == ["a", "z", "c"]
    assert registry.find("b") is None
    assert [space.id for space in registry.search(["tag", "b"])][:1] == ["z"]
    assert registry.search(["z"])[0].id == "z"


def test_an_entry_that_breaks_goes_and_comes_back(file: Path, folder: Path) -> None:
    for text, good, count in [
        (TEXT.replace("tag-b]", "tag-b"), ["a", "c"], 1),
        (TEXT, ["a", "b", "c"], 0),
        (TEXT + entry("b"), ["a", "b", "c"], 1),
        ("spaces:\n" + entry("b") + TEXT.removeprefix("spaces:\n"), ["b", "a", "c"], 1),
        ("[]", [], 1),
        (TEXT, ["a", "b", "c"], 0),
        (json.dumps({"spaces": parse_yaml(TEXT)["spaces"]}), ["a", "b", "c"], 0),  # type: ignore[index]
        (TEXT + " oops", ["a", "b"], 1),
        (TEXT.replace(entry("c", "tags: [tag-c]"), ""), ["a", "b"], 0),
    ]:
        file.write_text(text, encoding="utf-8")
        spaces, faults = read(file, folder)
        assert ([space.id for space in spaces], len(faults)) == (good, count)


def test_a_category_that_is_no_more_declared_takes_its_entries_along(file: Path, folder: Path) -> None:
    own = "spaces:\n" + entry("a") + entry("m", category="mine")
    for text, good in [
        (own + "categories: {mine: []}\n", ["a", "m"]),
        (own, ["a"]),
        (own + "categories: {mine: }\n", ["a", "m"]),
    ]:
        file.write_text(text, encoding="utf-8")
        assert ids(file, folder) == good


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no database at all, and long enough to be one" * 100),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
        lambda path: path.write_bytes(path.read_bytes()[:100]),
        lambda path: path.write_bytes(path.read_bytes()[:4096] + b"\xff" * (path.stat().st_size - 4096)),
        lambda path: path.write_bytes(path.read_bytes()[:100] + b"\0" * (path.stat().st_size - 100)),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to("/nowhere/at/all")),
    ],
)
def test_an_index_that_is_damaged_is_made_again(file: Path, folder: Path, damage: Callable[[Path], object]) -> None:
    first = read(file, folder)
    damage(index_file(folder))
    assert read(file, folder) == first
    file.write_text(TEXT + entry("d"), encoding="utf-8")
    assert ids(file, folder) == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE notes SET value = 'null' WHERE name = 'made_of'",
        "UPDATE notes SET value = '5' WHERE name = 'made_of'",
        "UPDATE notes SET value = 'x' WHERE name = 'made_of'",
        "DELETE FROM notes",
        "DROP TABLE notes",
        "DROP TABLE words",
        "DROP TABLE entries",
        "UPDATE notes SET value = '{' WHERE name = 'faults'",
        "UPDATE notes SET value = '[{}]' WHERE name = 'faults'",
        "UPDATE notes SET value = '[5]' WHERE name = 'faults'",
        "UPDATE entries SET space = '{'",
        "UPDATE entries SET space = printf('%.*c', 100000, '[')",
        "UPDATE notes SET value = printf('%.*c', 100000, '[') WHERE name = 'faults'",
        "UPDATE entries SET space = '[]'",
        'UPDATE entries SET space = \'{"id": "a"}\'',
        "UPDATE entries SET space = json_set(space, '$.new', 1)",
        "UPDATE entries SET space = json_set(space, '$.sdk', 'nope')",
    ],
)
def test_an_index_that_somebody_else_wrote_is_made_again(file: Path, folder: Path, change: str) -> None:
    first = read(file, folder)
    with sqlite3.connect(index_file(folder)) as connection:
        connection.execute(change)
    connection.close()
    assert read(file, folder) == first
    registry = Registry([FileLayer(index_of(file, folder))])
    assert [space.id for space in registry.search(["tag", "b"])][:1] == ["b"]


def test_an_index_of_another_version_is_made_again(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, parsed: list[str]
) -> None:
    first = read(file, folder)
    for name, value in (("__version__", "0.0.0"), ("_FORMAT", 999)):
        del parsed[:]
        monkeypatch.setattr(indexes, name, value)
        assert read(file, folder) == first
        assert parsed == ["spaces:", "a:", "b:", "c:"]


def test_two_files_have_two_indexes(file: Path, folder: Path) -> None:
    other = file.with_name("other.yaml")
    other.write_text(text_of("x"), encoding="utf-8")
    assert (ids(file, folder), ids(other, folder)) == (["a", "b", "c"], ["x"])
    assert (ids(file, folder), ids(other, folder)) == (["a", "b", "c"], ["x"])


def test_without_a_place_for_it_the_table_is_made_in_memory(file: Path, folder: Path) -> None:
    folder.write_text("occupied")
    assert ids(file, folder / "below") == ["a", "b", "c"]
    assert ids(file, folder) == ["a", "b", "c"]


@pytest.mark.parametrize("is_damaged", [False, True])
def test_a_folder_that_may_not_be_written_to_is_enough(is_damaged: bool) -> None:
    with tempfile.TemporaryDirectory() as name:  # below tmp_path nobody else may look
        Path(name).chmod(0o755)
        file, folder = Path(name) / "registry.yaml", Path(name) / "indexes"
        file.write_text(TEXT, encoding="utf-8")
        read(file, folder)
        if is_damaged:
            content = index_file(folder).read_bytes()
            index_file(folder).write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
        for path in (*folder.iterdir(), folder):
            path.chmod(0o555)
        with without_root():
            assert ids(file, folder) == ["a", "b", "c"]
        file.write_text(text_of("x"), encoding="utf-8")
        with without_root():
            assert ids(file, folder) == ["x"]
        folder.chmod(0o755)


def test_a_large_file_is_told_before_it_is_read_and_once(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_LARGE_BYTES", 100)
    sizes: list[int] = []
    for _ in range(2):
        indexes.Index(file, origin="test", folder=folder, on_large=sizes.append).table()
    assert sizes == [file.stat().st_size]


def _asked(place: tuple[Path, Path]) -> tuple[list[str], list[str]]:
    file, folder = place
    spaces, faults = read(file, folder)
    return [space.id for space in spaces], [str(fault) for fault in faults]


def test_twenty_processes_at_once_get_the_same_answer(file: Path, folder: Path) -> None:
    names = [f"s{number}" for number in range(300)]
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(20, mp_context=context) as pool:
        for text in (text_of(*names) + "  bad:\n", text_of(*reversed(names)), "oops: 1\n" + text_of(*names)):
            file.write_text(text, encoding="utf-8")
            expected = _asked((file, file.parent / "alone"))
            assert list(pool.map(_asked, [(file, folder)] * 20)) == [expected] * 20
    assert [path.suffix for path in sorted(folder.iterdir())] == [".lock", ".sqlite"]


PIECES: dict[str, Callable[[str, int], str]] = {
    "good": lambda key, number: entry(key, f"tags: [word{number}]"),
    "described": lambda key, number: entry(key, description=f"text {number}"),
    "commented": lambda key, number: entry(key) + f"# {number}\n\n",
    "of_its_own": lambda key, number: entry(key, category=f"own{number}"),
    "wrong": lambda key, number: entry(key, f"wrong: {number}"),
    "tab": lambda key, number: entry(key, f"\ttags: [{number}]"),
    "quote": lambda key, number: entry(key, f"endpoint: 'x{number}"),
    "bracket": lambda key, number: entry(key, f"tags: [{number}"),
    "two_lines": lambda key, number: entry(key, description=f"'x\n  y: {number}'"),
    "stray": lambda key, number: f" {key}: {number}\n",
    "lists": lambda key, number: f"categories:\n  own{number}: [{key}]\n",
    "section": lambda _key, _number: "spaces:\n",
}
EDITS = st.lists(
    st.tuples(
        st.sampled_from(["insert", "replace", "remove", "move"]),
        st.integers(0, 9),
        st.integers(0, 9),
        st.sampled_from(sorted(PIECES)),
        st.sampled_from("abcde"),
        st.integers(0, 2),
    ),
    min_size=1,
    max_size=6,
)


def everything(file: Path, folder: Path) -> tuple[list[Space], list[str], list[list[str]], dict[str, int]]:
    registry = Registry([FileLayer(index_of(file, folder))])
    found = [
        sorted(space.id for space in registry.search([word])) for word in ("word1", "text", "2", "specialized", "a")
    ]
    return list(registry.spaces()), [str(fault) for fault in registry.faults], found, dict(registry.categories)


@settings(max_examples=60, deadline=None)
@given(st.lists(EDITS, min_size=1, max_size=4))
def test_after_any_edits_the_index_is_the_one_that_is_made_anew(
    rounds: list[list[tuple[str, int, int, str, str, int]]],
) -> None:
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "registry.yaml"
        pieces = [entry("a"), entry("b")]
        for number, edits in enumerate(rounds):
            for action, at, to, kind, key, value in edits:
                new = PIECES[kind](key, value)
                if action == "insert" or not pieces:
                    pieces.insert(at % (len(pieces) + 1), new)
                elif action == "replace":
                    pieces[at % len(pieces)] = new
                elif action == "remove":
                    del pieces[at % len(pieces)]
                else:
                    pieces.insert(to % len(pieces), pieces.pop(at % len(pieces)))
            file.write_text("spaces:\n" + "".join(pieces), encoding="utf-8")
            updated, fresh = everything(file, Path(name) / "kept"), everything(file, Path(name) / f"new{number}")
            assert updated == fresh
