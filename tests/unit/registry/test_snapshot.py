import os
from pathlib import Path

import pytest

from hf_spaces_runner.registry.snapshot import Snapshots, fingerprint

VALUE = {"path": "/x", "list": [1, None]}


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path / "cache")


def test_what_was_kept_is_found_as_long_as_it_is_made_of_the_same(snapshots: Snapshots, tmp_path: Path) -> None:
    snapshots.keep("name", [1, 2], {"path": Path("/x"), "list": [1, None]})
    assert snapshots.find("name", [1, 2]) == VALUE
    assert Snapshots(tmp_path / "cache").find("name", [1, 2]) == VALUE
    assert snapshots.find("name", [1, 3]) is None
    assert snapshots.find("other", [1, 2]) is None


def test_another_version_made_something_else(snapshots: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    snapshots.keep("name", 1, VALUE)
    monkeypatch.setattr("hf_spaces_runner.registry.snapshot.__version__", "0.0.0")
    assert snapshots.find("name", 1) is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"made_of": null}', b'{"made_of": 1, "value": 2}', b"\xff", b"[" * 100_000]
)
def test_one_that_is_damaged_is_not_there_and_is_replaced(snapshots: Snapshots, tmp_path: Path, content: bytes) -> None:
    snapshots.keep("name", 1, VALUE)
    (file,) = (tmp_path / "cache").iterdir()
    file.write_bytes(content)
    assert snapshots.find("name", 1) is None
    snapshots.keep("name", 1, VALUE)
    assert snapshots.find("name", 1) == VALUE


def test_without_a_place_for_snapshots_all_goes_on(tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    snapshots = Snapshots(tmp_path / "occupied" / "cache")
    snapshots.keep("name", 1, VALUE)
    assert snapshots.find("name", 1) is None


def test_a_fingerprint_changes_with_the_file_though_its_time_and_length_stay(tmp_path: Path) -> None:
    file = tmp_path / "file"
    assert fingerprint(file) == []
    file.write_text("first")
    first, before = fingerprint(file), file.stat()
    assert fingerprint(file) == first
    file.write_text("other")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert fingerprint(file) != first
