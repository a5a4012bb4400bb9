from pathlib import Path

import pytest

from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.orchestrator.folder_lock import folder_lock


def test_two_do_not_work_on_one_folder(tmp_path: Path) -> None:
    locks = tmp_path / "locks"
    with folder_lock(locks, tmp_path, "hfsr dev"):
        with (
            pytest.raises(UsageError, match=f"another hfsr dev works on {tmp_path}"),
            folder_lock(locks, tmp_path, "hfsr dev"),
        ):
            pytest.fail("it was let in")
        with folder_lock(locks, locks, "hfsr dev"):
            pass
    with folder_lock(locks, tmp_path, "hfsr dev"):
        pass


def test_where_nothing_can_be_written(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("a file")
    with (
        pytest.raises(UsageError, match="nothing can be written in"),
        folder_lock(tmp_path / "locks", tmp_path, "hfsr dev"),
    ):
        pytest.fail("it was let in")
