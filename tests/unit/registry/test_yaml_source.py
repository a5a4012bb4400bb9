import os
import re
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import yaml_source
from hf_spaces_runner.registry.yaml_source import positions_of, read_yaml


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "registry.yaml"


def failure(file: Path, content: str | bytes) -> str:
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidRegistryError) as caught:
        read_yaml(file)
    assert caught.value.message.startswith(str(file))
    return caught.value.message.removeprefix(str(file))


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"", None),
        (b"# nothing\n", None),
        (b"a: 1\n", {"a": 1}),
        (b"\xef\xbb\xbfa: 1\n", {"a": 1}),
        (b"a: 1\r\nb:\r\n  - x\r\n", {"a": 1, "b": ["x"]}),
        ("a: größer ✓\n".encode(), {"a": "größer ✓"}),
        (b"- &name 1\n- 2\n", [1, 2]),
        (b"a: '*'\nb: R&D * 5\n", {"a": "*", "b": "R&D * 5"}),
    ],
)
def test_it_reads(file: Path, content: bytes, value: object) -> None:
    file.write_bytes(content)
    assert read_yaml(file) == value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("a: [1, 2\n", r":2:1: .*"),
        ("a: 1\n b: 2\n", r":2:3: .*"),
        ("a:\n\t- x\n", r":2:1: .*cannot start any token"),
        ("a: 'x\n", r":\d+:\d+: .*"),
        ("a: 1\nb: 2\na: 3\n", r":3:1: the key 'a' stands twice"),
        ("x:\n  a: 1\n  'a': 2\n", r":3:3: the key 'a' stands twice"),
        ("1: x\n0x1: y\n", r":2:1: the key 1 stands twice"),
        ("a: !!python/object/apply:os.system [echo]\n", r":1:4: could not determine a constructor.*"),
        ("a: 1\n---\nb: 2\n", r":2:1: but found another document"),
        ("a: &x 1\nb: *x\n", r":2:4: aliases \(\*name\) are not allowed here"),
        ("a: &a {b: *a}\n", r":1:11: aliases \(\*name\) are not allowed here"),
        ("a: *nowhere\n", r":1:4: .*"),
        ("base: &b {x: 1}\nc:\n  <<: *b\n", r":3:7: aliases.*"),
        ("? [1, 2]\n: x\n", r":1:3: found unhashable key"),
        ("a:\n  b: 2026-13-45\n", r":2:6: month must be in 1\.\.12"),
        ("a: " + "1" * 5000 + "\n", r":1:4: .*"),
        ("a: b\nc: x\x00y\n", r":2:5: the character U\+0000 may not stand in YAML"),
        ("ä: b\nc: ä\x1by\n", r":2:5: the character U\+001B may not stand in YAML"),
        (b"a: 1\nb: \xff\xfe\n", r":2:4: is not UTF-8 \(byte 8\)"),
        ("a: 1".encode("utf-16"), r":1:1: is not UTF-8 \(byte 0\)"),
        ('"\\e[31m": 1\n"\\e[31m": 2\n', r":2:1: the key '\\x1b\[31m' stands twice"),
        ("%YAML 9.9\n---\na: 1\n", r":\d+:\d+: .*"),
        ("@a: 1\n", r":1:1: .*"),
    ],
)
def test_what_is_broken_is_told_with_its_line_and_column(file: Path, content: str | bytes, said: str) -> None:
    assert re.fullmatch(said, failure(file, content))


@pytest.mark.parametrize(
    "content",
    [
        "[" * 300_000,
        "- " * 300_000,
        "{a: " * 300_000,
        "".join(f"{' ' * depth}a:\n" for depth in range(300)),
        "? " * 300_000,
    ],
)
def test_deep_nesting_is_refused_and_does_not_end_the_process(file: Path, content: str) -> None:
    assert re.fullmatch(r":\d+:\d+: nested more than 50 levels deep", failure(file, content))


def test_a_bomb_of_aliases_is_refused_at_its_first(file: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]" for level in range(1, 30)]
    assert failure(file, "\n".join(lines)) == ":2:10: aliases (*name) are not allowed here"


def test_a_file_that_is_not_there_a_directory_and_a_device_are_named(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, said in [
        (tmp_path / "none.yaml", "cannot be read: No such file or directory"),
        (tmp_path, "is not a file"),
        (tmp_path / "pipe", "is not a file"),
        (Path("/dev/zero"), "is not a file"),
        (tmp_path / ("x" * 300), "cannot be read: File name too long"),
    ]:
        with pytest.raises(InvalidRegistryError, match=said) as caught:
            read_yaml(path)
        assert str(path) in caught.value.message
        assert caught.value.exit_code == 3


def test_a_file_that_is_too_large_is_not_read(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_source, "MAX_BYTES", 1024**2)
    file.write_bytes(b"#" * (1024**2 + 1))
    with pytest.raises(InvalidRegistryError, match="is larger than 1 MiB"):
        read_yaml(file)


def test_each_value_has_a_position_and_what_is_not_there_that_of_its_parent(file: Path) -> None:
    file.write_text("a:\n  b: [1, two]\n  3: x\n", encoding="utf-8")
    places = [("a", "b", 1), ("a", "b", 7), ("a", 3), ("a", "none", "below"), (), ("none",)]
    assert positions_of(file, places) == [f"{file}:{place}" for place in ("2:10", "2:6", "3:6", "2:3", "1:1", "1:1")]
    file.write_text("", encoding="utf-8")
    assert positions_of(file, [("a",)]) == [f"{file}:1:1"]
