"""The patterns of git: what they match, and that none of them takes long."""

import pytest

from hf_spaces_runner.registry.git_patterns import read_gitignore, read_lfs_patterns
from hf_spaces_runner.registry.name_patterns import last_word


@pytest.mark.parametrize(
    ("text", "folder", "name", "ignored"),
    [
        ("*.pyc", "", "a/b/c.pyc", True),
        ("*.pyc", "", "c.py", False),
        ("/build", "", "build", True),
        ("/build", "", "src/build", False),
        ("docs/out", "", "docs/out", True),
        ("docs/out", "", "x/docs/out", False),
        ("**/out", "", "a/b/out", True),
        ("a/**/b", "", "a/b", True),
        ("a/**/b", "", "a/x/y/b", True),
        ("a/**", "", "a/x/y", True),
        ("a/**", "", "b/x", False),
        ("*.log\n!keep.log", "", "keep.log", False),
        ("!keep.log\n*.log", "", "keep.log", True),
        ("# *.log\n\n", "", "x.log", False),
        (r"\#odd", "", "#odd", True),
        ("[ab].txt", "", "a.txt", True),
        ("a/*", "", "a/b/c", False),
        ("*.log", "sub", "sub/x.log", True),
        ("*.log", "sub", "x.log", False),
        ("/x", "sub", "sub/x", True),
        ("x/", "", "x", False),
    ],
)
def test_a_file_is_ignored_as_by_git(text: str, folder: str, name: str, *, ignored: bool) -> None:
    assert last_word(read_gitignore(text, folder), name) is ignored


def test_a_pattern_for_folders() -> None:
    patterns = read_gitignore("build/")
    assert last_word(patterns, "a/build", is_folder=True)
    assert not last_word(patterns, "a/build")


@pytest.mark.parametrize(
    ("text", "name", "has_lfs"),
    [
        ("*.bin filter=lfs diff=lfs merge=lfs -text", "a/x.bin", True),
        ("*.bin diff=lfs", "x.bin", False),
        ("*.bin filter=lfs\nsmall/*.bin -filter", "small/x.bin", False),
        ("*.bin filter=lfs\nx.bin !filter", "x.bin", False),
        ("data/** filter=lfs", "data/a/b", True),
        ("# *.bin filter=lfs", "x.bin", False),
        ("[attr]lfs filter=lfs", "lfs", False),
    ],
)
def test_what_lfs_has(text: str, name: str, *, has_lfs: bool) -> None:
    assert last_word(read_lfs_patterns(text), name) is has_lfs


def test_a_pattern_made_to_take_for_ever_does_not() -> None:
    evil = read_gitignore("*a" * 100 + "b\n" + "**/a/" * 50 + "b")
    assert not last_word(evil, "/".join(["a" * 100] * 60))
