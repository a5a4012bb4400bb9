"""The folder of a Space, as it is listed and read: nothing outside of it, nothing without end."""

import os
from pathlib import Path

import pytest

from hf_spaces_runner.domain.space_folder import Entry, EntryKind, LinkEnd
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.images import space_folder
from hf_spaces_runner.images.space_folder import list_space_folder, read_text


def write(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_it_lists_what_git_would_push(tmp_path: Path) -> None:
    write(tmp_path, b="22", a__c="1", a__x__d="", a__keep="", out__e="", g="")
    (tmp_path / ".gitignore").write_text("out/\ng\n")
    (tmp_path / "a" / ".gitignore").write_text("/x\n")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").touch()
    folder = list_space_folder(tmp_path)
    assert [entry.name for entry in folder.entries] == [".gitignore", "a/.gitignore", "a/c", "a/keep", "b"]
    assert (folder.ignored, folder.unreadable, folder.is_whole) == (3, (), True)
    assert folder.entries[-1] == Entry(name="b", size_bytes=2)


def test_links_say_where_they_end(tmp_path: Path) -> None:
    root = tmp_path / "space"
    write(root, file="x", sub__y="")
    (tmp_path / "outside").write_text("secret")
    targets = {
        "in": "file",
        "up": "../outside",
        "etc": "/etc",
        "dir": "sub",
        "gone": "no",
        "self": "self",
        "git": ".git/x",
    }
    for name, target in targets.items():
        (root / name).symlink_to(target)
    ends = {entry.name: entry.end for entry in list_space_folder(root).entries if entry.kind is EntryKind.LINK}
    assert ends == {
        "in": LinkEnd.FILE,
        "up": LinkEnd.OUTSIDE,
        "etc": LinkEnd.OUTSIDE,
        "dir": LinkEnd.FOLDER,
        "gone": LinkEnd.NOWHERE,
        "self": LinkEnd.NOWHERE,
        "git": LinkEnd.OUTSIDE,
    }
    assert read_text(list_space_folder(root), "up").text is None


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "README.md")
    folder = list_space_folder(tmp_path)
    assert [entry.kind for entry in folder.entries] == [EntryKind.SPECIAL]
    assert read_text(folder, "README.md").problem == "is not a regular file"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"x" * 11, "is larger than 0 KiB"),
        (b"\xff\xfea\x00", "is UTF-16, as PowerShell writes it"),
        (b"ab\xe4", "is not UTF-8 (byte 2)"),
    ],
)
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "x").write_bytes(content)
    read = read_text(list_space_folder(tmp_path), "x", limit_bytes=10)
    assert (read.text, read.problem) == (None, problem)


def test_a_byte_order_mark_is_taken_off_and_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfa\r\n")
    read = read_text(list_space_folder(tmp_path), "x")
    assert (read.text, read.has_mark) == ("a\r\n", True)


def test_too_many_names_and_too_deep_folders_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "/".join("d" * 70)).mkdir(parents=True)
    (tmp_path / "/".join("d" * 70) / "x").touch()
    folder = list_space_folder(tmp_path)
    assert (folder.entries, folder.is_whole) == ((), False)
    monkeypatch.setattr(space_folder, "MAX_ENTRIES", 3)
    for number in range(5):
        (tmp_path / str(number)).touch()
    folder = list_space_folder(tmp_path)
    assert len(folder.entries) <= 3
    assert not folder.is_whole


@pytest.mark.parametrize("name", ["no", "file", "file/x", "nul\0"])
def test_what_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="no folder that can be looked into") as caught:
        list_space_folder(tmp_path / name)
    assert caught.value.hint
