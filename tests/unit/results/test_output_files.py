import os
from pathlib import Path

import pytest

from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.errors import AnswerError, UsageError
from hf_spaces_runner.results.output_directory import check_output_directory
from hf_spaces_runner.results.output_files import OutputFiles

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "new" / "out"


class Scratch:
    """A scratch directory with as many files as are asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = 0

    def file(self, name: str, content: bytes = b"text") -> AnswerFile:
        self.count += 1
        path = self.folder / str(self.count)
        path.write_bytes(content)
        return AnswerFile(path=path, original_name=name)


@pytest.fixture
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    return Scratch(tmp_path_factory.mktemp("scratch"))


def test_a_file_is_moved_into_a_new_folder(out: Path, scratch: Scratch) -> None:
    files = OutputFiles(out)
    assert not out.exists()
    file = scratch.file("a.png", PNG)
    written, kind = files.take(file, "fallback")
    assert (written.path, written.media_type, written.size_bytes) == (out / "a.png", "image/png", 8)
    assert kind.media_type == "image/png"
    assert (out / "a.png").read_bytes() == PNG
    assert not file.path.exists()
    assert files.written == [written]


def test_no_name_is_used_twice_and_nothing_is_overwritten(out: Path, scratch: Scratch) -> None:
    out.mkdir(parents=True)
    (out / "A.txt").write_text("the user's")
    (out / "b.txt").symlink_to("nowhere")
    files = OutputFiles(out)
    names = [files.take(scratch.file(name), "x")[0].path.name for name in ("a.txt", "a.txt", "B.txt", "c.txt", "C.TXT")]
    assert names == ["a-2.txt", "a-3.txt", "B-2.txt", "c.txt", "C-2.TXT"]
    assert (out / "A.txt").read_text() == "the user's"
    assert (out / "b.txt").is_symlink()
    assert not (out / "nowhere").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(out: Path, scratch: Scratch) -> None:
    files = OutputFiles(out)
    files.take(scratch.file("a.txt"), "x")
    (out / "b.txt").write_text("somebody's")
    assert files.take(scratch.file("b.txt"), "x")[0].path.name == "b-2.txt"
    assert (out / "b.txt").read_text() == "somebody's"


def test_a_folder_without_hard_links_is_copied_to(out: Path, scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object, **__: object) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", no_links)
    out.mkdir(parents=True)
    (out / "a.txt").write_text("the user's")
    assert OutputFiles(out).take(scratch.file("a.txt"), "x")[0].path.read_text() == "text"
    assert sorted(path.name for path in out.iterdir()) == ["a-2.txt", "a.txt"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("cat.png", PNG, "cat.png"),
        ("cat.jpeg", b"\xff\xd8\xff", "cat.jpeg"),
        ("cat.PNG", PNG, "cat.PNG"),
        ("cat.jpg", PNG, "cat.png"),
        ("cat.exe", PNG, "cat.exe.png"),
        ("cat", PNG, "cat.png"),
        ("photo.png", b"MZ\x90", "photo.bin"),
        ("setup.exe", b"MZ\x90", "setup.exe.bin"),
        ("setup.exe", b"\x00\x01", "setup.exe.bin"),
        ("run.sh", b"#!/bin/sh\n", "run.sh.txt"),
        ("a.desktop", b"[Desktop Entry]", "a.desktop.txt"),
        ("notes.png", b"only text", "notes.txt"),
        ("noise.png", b"\x00\x01", "noise.bin"),
        ("weights.npy", b"\x93NUMPY\x01\x00", "weights.npy"),
        ("table.csv", b"a,b", "table.csv"),
        ("a.docx", b"PK\x03\x04", "a.docx"),
        ("a.jar", b"PK\x03\x04", "a.jar.zip"),
        ("", b"text", "fallback.txt"),
        ("../../.ssh/authorized_keys", b"ssh-rsa", "authorized_keys.txt"),
        ("x" * 300 + ".exe", PNG, "x" * 116 + ".png"),
    ],
)
def test_the_content_decides_the_extension(
    out: Path, scratch: Scratch, name: str, content: bytes, expected: str
) -> None:
    assert OutputFiles(out).take(scratch.file(name, content), "fallback")[0].path == out / expected


def test_a_link_in_the_scratch_directory_is_refused(out: Path, scratch: Scratch) -> None:
    secret = scratch.folder / "secret"
    secret.write_text("x")
    link = scratch.folder / "link"
    link.symlink_to(secret)
    with pytest.raises(AnswerError, match="no regular file"):
        OutputFiles(out).take(AnswerFile(path=link, original_name="a.txt"), "x")
    assert not out.exists()


def test_a_folder_that_is_a_file_is_a_usage_error(out: Path, scratch: Scratch) -> None:
    out.parent.mkdir()
    out.write_text("x")
    with pytest.raises(UsageError, match="cannot write"):
        OutputFiles(out).take(scratch.file("a.txt"), "x")


def test_a_folder_is_checked_without_making_it(out: Path) -> None:
    check_output_directory(out)
    assert not out.parent.exists()
    out.mkdir(parents=True)
    check_output_directory(out)


@pytest.mark.parametrize("kind", ["file", "below a file", "dangling link", "name too long"])
def test_a_folder_that_cannot_be_is_refused(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    (tmp_path / "link").symlink_to("nowhere")
    path = {
        "file": file,
        "below a file": file / "out",
        "dangling link": tmp_path / "link" / "out",
        "name too long": tmp_path / ("x" * 300),
    }[kind]
    with pytest.raises(UsageError, match="cannot write"):
        check_output_directory(path)


def test_a_folder_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, who may write anywhere.
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(UsageError, match="no permission to write in"):
        check_output_directory(tmp_path / "out")
