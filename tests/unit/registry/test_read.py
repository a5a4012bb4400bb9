"""What a registry file may hold and what is wrong in it: each fault with its place, and all the rest still there."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import read as reading
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.read import read_entries
from tests.unit.registry.registry_texts import entry, read, without_root

TOP = "spaces:\n" + entry("good")  # lines 1 to 10; what follows begins in line 11


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.yaml"


def told(file: Path, content: str | bytes) -> tuple[list[str], list[str]]:
    """Return the ids of the good entries and the faults, without the file's name."""
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    spaces, faults = read(file)
    assert all(fault.file == str(file) for fault in faults)
    return [space.id for space in spaces], [str(fault).removeprefix(f"{file}:") for fault in faults]


PORT_FIX = "write the number of the port that the app listens on, such as port: 7860"


@pytest.mark.parametrize(
    ("broken", "lines"),
    [
        ("  a: 5\n", [r"11:6: spaces > a: must be a list of `key: value` lines \(it is '5'\)"]),
        ("  a:\n", [r"11:5: spaces > a: must be a list of `key: value` lines"]),
        ("  a\n", [r"11:1: spaces: must be a list of `id:` and its keys; add a colon"]),
        (
            entry("a").replace("port: 7860", "port: http"),
            [rf"18:11: spaces > a > port: must be a whole number \(it is 'http'\); {PORT_FIX}"],
        ),
        (
            entry("a").replace("port: 7860", "port: 99999"),
            [rf"18:11: spaces > a > port: must be at most 65535 \(it is '99999'\); {PORT_FIX}"],
        ),
        (
            entry("a").replace("port: 7860", "port: 0x" + "f" * 5000),
            [r"18:11: spaces > a > port: must be at most 65535 \(it is 'a very large number'\); .*"],
        ),
        (entry("a").replace("    port: 7860\n", ""), [rf"12:5: spaces > a > port: is missing; {PORT_FIX}"]),
        (
            entry("a").replace("    status: available\n", ""),
            [r"12:5: spaces > a > status: is missing; add a line `status: \.\.\.`"],
        ),
        (
            entry("a", "prot: 1"),
            [r"20:11: spaces > a > prot: is no key of this place \(it is '1'\); did you mean port\?"],
        ),
        (
            entry("a", "zzz: 1"),
            [r"20:10: spaces > a > zzz: is no key of this place .*; there are: id, docker_image, .*"],
        ),
        (
            entry("a").replace("x:latest", "X Y"),
            [r"13:19: spaces > a > docker_image: .* \(it is 'registry.hf.space/X Y'\); write host/name:tag, .*"],
        ),
        (
            entry("a", "cap_add: [SYS_NICE, ALL]"),
            [r"20:25: spaces > a > cap_add > 1: must name one capability.*ALL.* \(it is 'ALL'\)"],
        ),
        (
            entry("a", "memory: lots"),
            [r"20:13: spaces > a > memory: 'lots' is not a size.* \(it is 'lots'\); write 512m or 2g"],
        ),
        (
            entry("a", "memory: 0x" + "f" * 5000),
            [r"20:13: spaces > a > memory: is more than any machine has .*; write 512m or 2g"],
        ),
        (
            entry("a", "env: {DEBUG: 1}"),
            [r"20:18: spaces > a > env > DEBUG: must be text \(it is '1'\); put it into quotes"],
        ),
        (entry("a", "gpu: maybe"), [r"20:10: spaces > a > gpu: must be true or false \(it is 'maybe'\)"]),
        (entry("a", "sdk: flask"), [r"20:10: spaces > a > sdk: must be 'gradio', .* \(it is 'flask'\)"]),
        (entry("a", "tags: x"), [r"20:11: spaces > a > tags: must be a list, such as \[a, b\] \(it is 'x'\)"]),
        (entry("a", description="x" * 501), [r"14:18: spaces > a > description: must have at most 500 characters .*"]),
        (entry("a", "inputs: {day: 2026-01-01}"), [r"20:19: spaces > a > inputs > day: cannot be sent to a Space.*"]),
        (
            entry("'a b'", own_id="a"),
            [r"12:5: spaces > a b: letters, digits, dots, dashes and underscores only \(it is 'a b'\)"],
        ),
        (entry("a", own_id="b"), [r"12:9: spaces > a > id: must be the entry's key, 'a' \(it is 'b'\); write id: a"]),
        (entry("123"), [r"12:9: spaces > 123 > id: must be text \(it is '123'\); put it into quotes"]),
        (entry("good"), [r"11:3: spaces > good: stands twice: first in line 2; remove one of the two, or rename it"]),
        (entry("a", "port: 1"), [r"20:5: spaces > a: the key 'port' stands twice"]),
        (
            entry("a", category="image_procesing"),
            [r"15:15: spaces > a > category: there is no category 'image_procesing'; did you mean image_pro.*"],
        ),
        (entry("a", category="x"), [r"15:15: spaces > a > category: .*; there are: audio_processing, .*as x: \[\]"]),
        (entry("a", "\tport: 1"), [r"20:5: spaces > a: a tab; indent with spaces, not with tabs"]),
        (entry("a", "env: {A: 'x"), [r"20:14: spaces > a: a quote is not closed"]),
        (entry("a", 'env: {A: "x'), [r"20:14: spaces > a: a quote is not closed"]),
        (entry("a", "tags: [x"), [r"20:11: spaces > a: a bracket is not closed, or a comma is missing"]),
        (entry("a", "env: {A: x"), [r"20:10: spaces > a: a bracket is not closed, or a comma is missing"]),
        (entry("a", "env: *x"), [r"20:10: spaces > a: aliases \(\*name\) are not allowed here"]),
        (entry("a", "env: {A: &x y, B: *x}"), [r"20:23: spaces > a: aliases .*"]),
        (entry("a", "endpoint: a: b"), [r"20:16: spaces > a: a second colon in one line.*; put a text .* into quotes"]),
        (entry("a", "endpoint: @b"), [r"20:15: spaces > a: a character stands here that begins no value; .*"]),
        (
            entry("a", "inputs: {x: " + "[" * 60 + "]" * 60 + "}"),
            [r"20:\d+: spaces > a: nested more than 50 levels deep"],
        ),
        (entry("a", "inputs: {x: " + "[" * 100_000), [r"20:\d+: spaces > a: nested more than 50 levels deep"]),
        (entry("a", "x: \x00"), [r"20:8: spaces > a: the character U\+0000 may not stand in YAML"]),
        (
            entry("a", "prot: 1", category="nope").replace("port: 7860", "port: 0"),
            [r"18:11: spaces > a > port: must be at least 1 .*", r"20:11: spaces > a > prot: .*"],
        ),
    ],
)
def test_one_broken_entry_is_told_and_hides_no_other(file: Path, broken: str, lines: list[str]) -> None:
    ids, faults = told(file, TOP + broken + entry("last"))
    assert ids == ["good", "last"]
    assert len(faults) == len(lines), faults
    for fault, expected in zip(faults, lines, strict=True):
        assert re.fullmatch(expected, fault), fault
    ids, faults = told(file, TOP + entry("last") + broken)
    assert (ids, len(faults)) == (["good", "last"], len(lines))


def test_all_faults_are_told_at_once_in_their_order(file: Path) -> None:
    broken = [entry("a", "prot: 1"), entry("b", "\tx: 1"), entry("c", own_id="d"), entry("e", "env: [")]
    ids, faults = told(file, TOP + "".join(broken) + entry("last") + "categories:\n  text_processing: [good, zz]\n")
    assert ids == ["good", "last"]
    assert [fault.partition(": ")[2].partition(":")[0] for fault in faults] == [
        "spaces > a > prot",
        "spaces > b",
        "spaces > c > id",
        "spaces > e",
        "categories > text_processing > 0",
        "categories > text_processing > 1",
    ]


@pytest.mark.parametrize(
    ("stray", "said"),
    [
        (" b:\n    id: b\n", "a line is indented wrongly"),
        ("oops\n", "a line is indented wrongly"),
        ("- x\n", "a line is indented wrongly"),
        ("\tx: 1\n", "a tab"),
        ("---\n", "a second document begins here"),
    ],
)
def test_a_line_that_can_stand_nowhere_costs_the_entry_before_it_alone(file: Path, stray: str, said: str) -> None:
    ids, faults = told(file, TOP + entry("a") + stray + entry("last"))
    assert ids == ["good", "last"]
    (fault,) = faults
    assert re.match(rf"20:\d+: spaces > a: {said}", fault), fault


def test_a_fault_names_the_entry_that_is_left_out(file: Path) -> None:
    file.write_text(TOP + entry("a", "prot: 1") + entry("'b'", "x: [") + entry("good"), encoding="utf-8")
    assert [fault.entry for fault in read(file)[1]] == ["a", "b", None]


@pytest.mark.parametrize(
    ("text", "ids", "lines"),
    [
        ("", [], []),
        ("# nothing\n", [], []),
        ("{}\n", [], []),
        ("---\n", [], []),
        ("spaces:\n", [], []),
        ("spaces: # none yet\n# none\n", [], []),
        ("spaces: {}\n", [], []),
        ("spaces:\ncategories:\n", [], []),
        ("categories: {}\n", [], []),
        ("[]\n", [], [r"1:1: the file: must be a list of `key: value` lines; begin with `spaces:`"]),
        ("just text\n", [], [r"1:1: the file: .* \(it is 'just text'\); begin with `spaces:`"]),
        ("spaces: 5\n", [], [r"1:9: spaces: must be a list .* \(it is '5'\)"]),
        ("spaces: []\n", [], [r"1:9: spaces: must be a list of `key: value` lines"]),
        ("spaces:\n  - a\n", [], [r"2:3: spaces: must be a list of `key: value` lines"]),
        ("paces: {}\n" + TOP, ["good"], [r"1:8: paces: is no key of this place; did you mean spaces\?"]),
        (
            TOP + "spaces:\n" + entry("b"),
            ["good", "b"],
            [r"11:1: spaces: the key 'spaces' stands twice; merge the two"],
        ),
        ("---\n# c\n" + TOP, ["good"], []),
        ("# c\n\n" + TOP.replace("\n", " # c\n\n# d\n"), ["good"], []),
        ("\ufeff" + TOP, ["good"], []),
        (TOP.replace("\n", "\r\n") + entry("b").replace("\n", "\r\n"), ["good", "b"], []),
        (TOP.replace("\n", "\r"), ["good"], []),
        (TOP.rstrip("\n"), ["good"], []),
        ('"spaces":\n' + entry("a"), ["a"], []),
        (TOP + entry("a", description='"two\n  b: lines"') + entry("c"), ["good", "a", "c"], []),
        (TOP + entry("a", description="'two\ncategories: lines'") + entry("c"), ["good", "a", "c"], []),
        ("%YAML 1.1\n---\n" + TOP, ["good"], []),
    ],
)
def test_files_of_all_shapes(file: Path, text: str, ids: list[str], lines: list[str]) -> None:
    good, faults = told(file, text)
    assert good == ids
    assert len(faults) == len(lines), faults
    for fault, expected in zip(faults, lines, strict=True):
        assert re.fullmatch(expected, fault), fault


FIELDS = {
    "docker_image": "x/y:z", "description": "d", "category": "specialized", "input_type": "t", "output_type": "t",
    "port": 1, "status": "s",
}  # fmt: skip


@pytest.mark.parametrize("indent", [None, 1, 4])
def test_a_json_file_is_read_and_its_faults_are_told(file: Path, indent: int | None) -> None:
    spaces = {"a": {"id": "a", **FIELDS}, "b c": {}, "d": {"id": "d", **FIELDS, "port": 0}, "e": {"id": "e", **FIELDS}}
    text = json.dumps({"spaces": spaces, "categories": {"specialized": ["a", "q"]}}, indent=indent)
    ids, faults = told(file, text)
    assert ids == ["a", "e"]
    assert [re.sub(r"^\d+:\d+: ", "", fault).partition(";")[0] for fault in faults] == [
        "spaces > b c: letters, digits, dots, dashes and underscores only (it is 'b c')",
        "spaces > d > port: must be at least 1 (it is '0')",
        "categories > specialized > 1: no such Space in this file: q",
    ]
    ids, faults = told(file, text + "]")
    assert (ids, len(faults)) == ([], 1)


@pytest.mark.parametrize(
    ("categories", "ids", "lines"),
    [
        ("  mine: [own]\n", ["good", "own"], []),
        ("  mine:\n", ["good", "own"], []),
        ("  specialized: [good]\n", ["good"], [r"15:15: spaces > own > category: there is no category 'mine'.*"]),
        (
            "  mine: [own, good]\n  specialized: [nope]\n",
            ["good", "own"],
            [
                r"21:15: categories > mine > 1: good has the category 'specialized' in its entry; .*",
                r"22:17: categories > specialized > 0: no such Space in this file: nope; add its entry, or remove .*",
            ],
        ),
        ("  mine: ['a b']\n", ["good", "own"], [r"21:10: categories > mine > 0: holds an id that no Space can have.*"]),
        ("  mine: x\n", ["good", "own"], [r"21:9: categories > mine: must be a list, such as \[a, b\] .*"]),
        ("  mine: []\n  5: [a]\n", ["good", "own"], [r"22:6: categories > 5: must be text .*"]),
        # Where the lists cannot be read, nobody knows which categories there are: no entry is left out for that.
        ("  mine: [\n", ["good", "own"], [r"\d+:\d+: categories: .*bracket.*"]),
        ("  mine: []\n  mine: []\n", ["good", "own"], [r"22:3: categories: the key 'mine' stands twice"]),
    ],
)
def test_categories_of_ones_own_and_their_lists(file: Path, categories: str, ids: list[str], lines: list[str]) -> None:
    good, faults = told(file, TOP + entry("own", category="mine") + "categories:\n" + categories)
    assert good == ids
    assert len(faults) == len(lines), faults
    for fault, expected in zip(faults, lines, strict=True):
        assert re.fullmatch(expected, fault), fault


def test_a_list_says_nothing_of_an_entry_that_is_left_out_already(file: Path) -> None:
    _, faults = told(file, TOP + entry("a", "prot: 1") + "categories:\n  specialized: [a]\n")
    assert len(faults) == 1


def test_an_unknown_category_leaves_out_all_its_entries_though_not_all_are_told(file: Path) -> None:
    mine = "".join(entry(f"m{number}", category="mine") for number in range(1100))
    nope = "".join(entry(f"n{number}", category="nope") for number in range(1100))
    ids, faults = told(file, TOP + mine + nope + "categories:\n  mine: []\n")
    assert len(ids) == 1101
    assert len(faults) == 1000


def test_of_very_many_faults_the_first_are_told(file: Path) -> None:
    ids, faults = told(file, "spaces:\n" + "".join(entry(f"s{number}", "wrong: 1") for number in range(1200)))
    assert (ids, len(faults)) == ([], 1000)
    assert faults[-1].startswith("10001:")


@pytest.mark.parametrize(
    ("content", "ids", "said"),
    [
        ((TOP + entry("last")).encode("utf-16"), [], "1:1: the file: is not UTF-8; save it as UTF-8"),
        (
            TOP.encode() + entry("a", description="é").encode("latin-1") + entry("last").encode(),
            ["good", "last"],
            "14:18: spaces > a: is not UTF-8; save it as UTF-8",
        ),
        (b"\xff\n" + TOP.encode(), ["good"], "1:1: the file: is not UTF-8; save it as UTF-8"),
        (b"\0" * 100, [], "1:1: the file: the character U+0000 may not stand in YAML"),
        (bytes(range(1, 256)), [], "2:1: the file: is not UTF-8; save it as UTF-8"),
    ],
)
def test_what_is_no_text_is_told(file: Path, content: bytes, ids: list[str], said: str) -> None:
    good, faults = told(file, content)
    assert good == ids
    assert len(faults) == 1
    assert faults[0].partition(":")[2].partition(": ")[2] == said.partition(":")[2].partition(": ")[2]


def test_a_bomb_of_aliases_is_refused(file: Path) -> None:
    lines = ["  a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
    ids, faults = told(file, TOP + "\n".join(lines) + "\n" + entry("last"))
    assert ids == ["good", "last"]
    assert sum("aliases (*name) are not allowed here" in fault for fault in faults) == 29
    ids, faults = told(file, '{"spaces": {"x": &x [1], "y": [*x, *x]}}')
    assert (ids, len(faults)) == ([], 1)


def test_what_is_told_is_safe_for_a_terminal_and_short(file: Path) -> None:
    _, faults = told(file, '"\\e]0;owned\\a\\e[31mx": 1\n' + '"' + "y" * 900 + '": 1\n')
    assert len(faults) == 2
    assert all(fault.isprintable() and len(fault) < 2000 for fault in faults)


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket"))
        for path, said in [
            (tmp_path / "none.yaml", "cannot be read: No such file or directory"),
            (tmp_path, "is not a file but a directory"),
            (tmp_path / "pipe", "is not a file but a device, a pipe or a socket"),
            (tmp_path / "socket", "is not a file but a device, a pipe or a socket"),
            (Path("/dev/zero"), "is not a file but a device, a pipe or a socket"),
            (tmp_path / ("x" * 300), "cannot be read: File name too long"),
        ]:
            with pytest.raises(InvalidRegistryError) as caught:
                read(path, tmp_path / "indexes")
            assert caught.value.message == f"{path}: {said}"
            assert caught.value.exit_code == 3
            assert caught.value.hint


def test_a_file_without_permission_is_named(file: Path) -> None:
    file.write_text(TOP, encoding="utf-8")
    file.chmod(0)
    with without_root(), pytest.raises(InvalidRegistryError, match="cannot be read: Permission denied"):
        read(file, file.parent / "indexes")


def test_a_file_that_is_too_large_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1024**2)
    file.write_bytes(b"#" * (1024**2 + 1))
    with pytest.raises(InvalidRegistryError, match="is larger than 1 MiB"):
        read(file)


MEASURED = """
import resource, sys
from pathlib import Path
from tests.unit.registry.registry_texts import read
import hf_spaces_runner.registry.update_index
resource.setrlimit(resource.RLIMIT_AS, (1024**3, 1024**3))
def peak():  # not ru_maxrss, which begins with that of the process that started this one
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
before = peak()
spaces, faults = read(Path(sys.argv[1]))
print(",".join(space.id for space in spaces), len(faults), (peak() - before) // 1024)
print(*faults, sep=chr(10))
"""


@pytest.mark.parametrize(
    ("between", "filling", "said"),
    [
        (b"", b"# xxxx", "big: is longer than 1 MiB; shorten it"),
        (b"    endpoint: '", b"x" * 64, "big: is longer than 1 MiB; shorten it"),
        (b"    # ", b"x" * 64, "big: is longer than 1 MiB; shorten it"),
    ],
    ids=["comments", "one_scalar", "one_comment"],
)
def test_a_file_of_200_megabytes_takes_no_memory_and_hides_nothing(
    file: Path, between: bytes, filling: bytes, said: str
) -> None:
    piece = filling * (1024**2 // len(filling))
    with file.open("wb") as out:
        out.write((TOP + entry("big")).encode() + between)
        for _ in range(200):
            out.write(piece + (b"" if between else b"\n"))
        out.write(b"'\n" if between.endswith(b"'") else b"\n")
        out.write(entry("last").encode())
    # A process of its own: the memory of this one has been larger.
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, str(file)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    file.unlink()
    first, *faults = ended.stdout.splitlines() or [ended.stderr]
    ids, count, megabytes = first.split()
    assert (ids, count) == ("good,last", "1")
    assert faults[0].endswith(said)
    assert int(megabytes) < 60


def test_a_key_cannot_look_like_a_line_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "registry.yaml"
    file.write_text(f'spaces:\n{entry("a")}    "x\\nError: all is lost": 1\n', encoding="utf-8")
    (fault,) = [piece for piece in read_entries(file, origin="x", known={}) if isinstance(piece, Fault)]
    assert "x Error: all is lost: is no key of this place" in str(fault)
    assert "\n" not in str(fault)
