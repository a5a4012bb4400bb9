"""Hashes of files: right for any size, and kept for large ones until anything about the file changes."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.file_hash import HEAD_BYTES, LargeFileHashes, hash_file
from hf_spaces_runner.registry.snapshot import Snapshots

LARGE = 5 * 1024**2


@pytest.mark.parametrize("size", [0, 1, HEAD_BYTES - 1, HEAD_BYTES, HEAD_BYTES + 1, LARGE])
def test_any_size(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "x").write_bytes(content)
    file, head = hash_file(str(tmp_path / "x"))
    assert (file.path, file.sha256) == (tmp_path / "x", hashlib.sha256(content).hexdigest())
    assert head == content[:HEAD_BYTES]


def test_what_is_no_file_of_its_own_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/etc/passwd")
    for name in ("pipe", "link", "gone"):
        with pytest.raises(InvalidRegistryError, match=name):
            hash_file(str(tmp_path / name))


class Large:
    """A large file, as old as it is said to be, and a record of whether its hash was known."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.path = folder / "model.bin"
        self.path.write_bytes(b"a" * LARGE)
        self._snapshots = Snapshots(folder / "snapshots")
        self._monkeypatch = monkeypatch

    def hash(self, *, later_s: float) -> str:
        now = time.time_ns() + int(later_s * 1e9)
        self._monkeypatch.setattr("hf_spaces_runner.registry.file_hash.time.time_ns", lambda: now)
        hashes = LargeFileHashes(str(self.path.parent), self._snapshots)
        file, _ = hash_file(str(self.path), hashes)
        hashes.keep()
        return file.sha256

    def is_known(self) -> bool:
        hashes = LargeFileHashes(str(self.path.parent), self._snapshots)
        return hashes.find(str(self.path), self.path.stat()) is not None


def test_a_large_file_is_known_until_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(tmp_path, monkeypatch)
    first = large.hash(later_s=60)
    assert large.is_known()
    assert large.hash(later_s=60) == first
    facts = large.path.stat()
    large.path.write_bytes(b"b" * LARGE)
    os.utime(large.path, ns=(facts.st_atime_ns, facts.st_mtime_ns))  # its size and time are as before
    assert not large.is_known()
    assert large.hash(later_s=60) != first


def test_a_file_that_has_just_been_written_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    large = Large(tmp_path, monkeypatch)
    large.hash(later_s=0)
    assert not large.is_known()


def test_nonsense_that_was_kept_is_no_hash(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"a" * LARGE)
    snapshots = Snapshots(tmp_path / "snapshots")
    nonsense: tuple[object, ...] = (
        [],
        {str(tmp_path / "x"): []},
        {str(tmp_path / "x"): "abc"},
        {str(tmp_path / "x"): [1, 2]},
    )
    for kept in nonsense:
        snapshots.keep(f"hashes of {tmp_path}", 1, kept)
        file, _ = hash_file(str(tmp_path / "x"), LargeFileHashes(str(tmp_path), snapshots))
        assert file.sha256 == hashlib.sha256(b"a" * LARGE).hexdigest()
