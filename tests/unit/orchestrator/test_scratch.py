import errno
import stat
from pathlib import Path

import pytest

from hf_spaces_runner.errors import NoSpaceLeftError, UsageError
from hf_spaces_runner.orchestrator.ownership import own_name
from hf_spaces_runner.orchestrator.scratch import owner_of_scratch, scratch_directory


def test_it_is_private_and_says_whose_it_is(tmp_path: Path) -> None:
    parent = tmp_path / "cache" / "scratch"
    with scratch_directory(parent, "run") as scratch:
        assert scratch == parent / f"run~{own_name()}"
        assert owner_of_scratch(scratch) == own_name()
        assert stat.S_IMODE(scratch.stat().st_mode) == 0o700
        (scratch / "deep" / "er").mkdir(parents=True)
        (scratch / "deep" / "file").write_text("x", encoding="utf-8")
    assert list(parent.iterdir()) == []


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), SystemExit(1), GeneratorExit()])
def test_it_is_gone_whatever_happened(tmp_path: Path, error: BaseException) -> None:
    with pytest.raises(type(error)), scratch_directory(tmp_path, "run"):
        raise error
    assert list(tmp_path.iterdir()) == []


def test_it_may_be_gone_already_or_hold_a_link_that_leads_out(tmp_path: Path) -> None:
    with scratch_directory(tmp_path, "run") as scratch:
        scratch.rmdir()
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").touch()
    with scratch_directory(tmp_path / "own", "run") as scratch:
        (scratch / "link").symlink_to(kept)
    assert (kept / "file").exists()


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/none"])
def test_a_place_where_nothing_can_be_made_is_told(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    scratch = scratch_directory(tmp_path / place, "run")
    with pytest.raises(UsageError, match="nothing can be written in") as caught, scratch:
        pytest.fail("there was no such place")
    assert "HFSR_HOME" in (caught.value.hint or "")
    assert (tmp_path / "file").exists()


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "mkdir", full)
    with pytest.raises(NoSpaceLeftError, match="no space left in"), scratch_directory(tmp_path, "run"):
        pytest.fail("the disk was full")


def test_a_folder_of_that_name_that_was_there_before_stays(tmp_path: Path) -> None:
    other = tmp_path / f"run~{own_name()}"
    other.mkdir()
    (other / "file").touch()
    with pytest.raises(UsageError, match="File exists"), scratch_directory(tmp_path, "run"):
        pytest.fail("the folder was there")
    assert (other / "file").exists()
