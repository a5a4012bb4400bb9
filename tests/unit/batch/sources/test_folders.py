import os
import re
import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.batch.sources.pattern import parse_pattern
from hf_spaces_runner.batch.sources.read_items import read_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.batch.sources.walk import natural_key
from hf_spaces_runner.errors import UsageError
from tests.unit.batch.sources.reading import faults, items, sent, unprivileged


def make(*names: str) -> None:
    for name in names:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_bytes(b"x")


def ids(*words: str | Path, **options: object) -> list[str]:
    return [item.id for item in items(*words, **options)]


def test_a_folder_is_an_item_a_file_in_natural_order(here: Path) -> None:
    make("d/img10.jpg", "d/img2.jpg", "d/img1.jpg", "d/b/x.txt", "d/a", "d/z/1/deep.csv")
    found = items("d")
    assert [item.id for item in found] == ["a", "b/x.txt", "img1.jpg", "img2.jpg", "img10.jpg", "z/1/deep.csv"]
    assert [item.index for item in found] == list(range(6))
    assert [item.source for item in found][1] == "d/b/x.txt"
    assert sent(found[2]) == {None: Path("d/img1.jpg")}
    assert found[2].given == {"_file": str(here / "d/img1.jpg")}


def test_hidden_files_pipes_sockets_and_links_that_lead_out_are_left_out(here: Path) -> None:
    make("d/kept", "d/.hidden", "d/.git/config", "outside/secret", "d/sub/target")
    os.mkfifo("d/pipe")
    Path("d/leak").symlink_to(here / "outside/secret")
    Path("d/leaky").symlink_to(here / "outside")
    Path("d/loop").symlink_to("..")
    Path("d/self").symlink_to("self")
    Path("d/gone").symlink_to("nowhere")
    Path("d/same").symlink_to("sub/target")
    Path("d/again").symlink_to("sub")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("d/socket")
    assert ids("d") == ["kept", "same", "sub/target"]
    assert ids("d", allow_outside=True) == ["kept", "leak", "same", "sub/target"]


def test_a_folder_that_is_a_link_is_walked(here: Path) -> None:
    make("real/a")
    Path("link").symlink_to("real")
    assert ids("link") == ["a"]
    assert ids(here / "link") == ["a"]


def test_the_batch_own_output_is_left_out(here: Path) -> None:
    make("d/a", "d/out/results.jsonl", "d/out/files/x", "d/outer/b")
    assert ids("d", exclude=(here / "d/out",)) == ["a", "outer/b"]
    assert ids("d/**", exclude=(Path("d/out"),)) == ["d/a", "d/outer/b"]
    with pytest.raises(UsageError, match="no items in d/out"):
        items("d/out", exclude=(Path("d/out"),))


@pytest.mark.usefixtures("here")
def test_names_of_any_kind_are_read_and_shown_safely() -> None:
    make("d/two\nlines", "d/\x1b[31mred", "d/ä ö", "d/-rf", "d/'\"", os.fsdecode(b"d/\xff.jpg"))
    found = items("d")
    assert {item.id for item in found} == {"two\\nlines", "\\x1b[31mred", "ä ö", "-rf", "'\"", "\\udcff.jpg"}
    assert sorted(os.fsencode(str(path)) for item in found for path in sent(item).values()) == sorted(
        b"d/" + name
        for name in os.listdir(b"d")  # noqa: PTH208 - names as bytes
    )


@pytest.mark.usefixtures("here")
def test_what_cannot_be_read_is_a_failed_item() -> None:
    make("d/a", "d/secret", "d/closed/x", "d/z")
    Path("d/secret").chmod(0)
    Path("d/closed").chmod(0)
    with unprivileged():
        found = items("d")
    assert [item.id for item in found] == ["a", "closed", "secret", "z"]
    assert faults(found) == [
        "the folder d/closed cannot be read: permission denied",
        "d/secret: cannot be read: permission denied",
    ]


@pytest.mark.usefixtures("here")
def test_a_file_that_vanishes_meanwhile_is_a_failed_item() -> None:
    make("d/a", "d/b", "d/c")
    reading = read_items(SourceSpec(inputs=("d",)))
    first = next(reading)
    Path("d/b").unlink()
    rest = list(reading)
    assert first.fault is None
    assert [item.fault for item in rest] == ["d/b: does not exist", None]


@pytest.mark.usefixtures("here")
def test_a_folder_nested_deeper_than_python_calls() -> None:
    deep = Path("d")
    deep.mkdir()
    top = os.open(".", os.O_RDONLY)
    try:
        os.chdir(deep)
        for _ in range(1200):
            os.mkdir("n")  # noqa: PTH102 - the path is longer than the system takes at once
            os.chdir("n")
        Path("leaf").write_bytes(b"")
    finally:
        os.fchdir(top)
        os.close(top)
    assert [given for item in items("d") for given in sent(item).values()] == [Path("d", "n/" * 1200, "leaf")]
    assert len(ids("d")[0]) == 500


@pytest.mark.usefixtures("here")
def test_patterns_mean_files_as_the_shell_would_write_them() -> None:
    make("p/1.jpg", "p/2.png", "p/sub/3.jpg", "p/sub/deep/4.jpg", "p/.hid/5.jpg", "q/6.jpg")
    assert ids("p/*.jpg") == ["p/1.jpg"]
    assert ids("p/**/*.jpg") == ["p/1.jpg", "p/sub/3.jpg", "p/sub/deep/4.jpg"]
    assert ids("**/[36].jpg") == ["p/sub/3.jpg", "q/6.jpg"]
    assert ids("p/**") == ["p/1.jpg", "p/2.png", "p/sub/3.jpg", "p/sub/deep/4.jpg"]
    assert ids("?/*/*.jpg") == ["p/sub/3.jpg"]
    assert ids(str(Path.cwd() / "p/*.png")) == [str(Path.cwd() / "p/2.png")]


@pytest.mark.usefixtures("here")
def test_a_file_whose_name_looks_like_a_pattern_is_itself() -> None:
    make("a[1].jpg", "a1.jpg")
    assert ids("a[1].jpg") == ["a[1].jpg"]
    with pytest.raises(UsageError, match="does not exist"):
        items(Path("*.jpg"))


@pytest.mark.usefixtures("here")
def test_a_pattern_of_tables_reads_their_rows() -> None:
    Path("a.csv").write_text("x\n1\n")
    Path("b.csv").write_text("x\n2\n")
    assert [sent(item) for item in items("*.csv")] == [{"x": "1"}, {"x": "2"}]
    assert ids("*.csv", as_files=True) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("nope.jpg", "input nope.jpg does not exist"),
        ("nope/*.jpg", "no file is meant by nope/"),
        ("*.gif", "no file is meant by"),
        ("empty", "no items in empty"),
        ("pipe", "input pipe is a pipe"),
        ("/dev/null", "is a device"),
        ("", "an input is empty"),
        ("a\0b", "NUL"),
        ("file/below", "does not exist"),
        ("two\nlines", r"two\\nlines"),
    ],
)
@pytest.mark.usefixtures("here")
def test_what_is_not_there_ends_it_before_anything_runs(word: str, message: str) -> None:
    Path("empty").mkdir()
    make("file")
    os.mkfifo("pipe")
    with pytest.raises(UsageError, match=message) as caught:
        items("file", word) if word != "empty" else items(word)
    assert caught.value.exit_code == 2


@pytest.mark.usefixtures("here")
def test_an_empty_file_is_an_item() -> None:
    Path("nothing.txt").write_bytes(b"")
    assert sent(items("nothing.txt")[0]) == {None: Path("nothing.txt")}


@given(st.lists(st.from_regex(rb"[a-c]{0,2}[0-9]{0,5}[a-c]?", fullmatch=True), min_size=2, max_size=2))
def test_numbers_in_names_go_by_their_size(names: list[bytes]) -> None:
    def parts(name: bytes) -> list[object]:
        return [(0, int(one)) if one.isdigit() else (1, one) for one in re.findall(rb"[0-9]+|[^0-9]", name)]

    first, second = names
    if parts(first) != parts(second):
        assert (natural_key(first) < natural_key(second)) == (parts(first) < parts(second))


def test_many_stars_cost_little() -> None:
    pattern = parse_pattern("/".join(["**", "*a*"] * 20))
    assert pattern is not None
    assert not pattern.takes("/".join(["b"] * 200))
