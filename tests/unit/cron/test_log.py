import os
import stat
from pathlib import Path

import pytest

from hf_spaces_runner.cron.log import MAX_BYTES, OLD_FILES, cleanup_log


def mode(path: Path) -> int:
    """Return the permissions of `path`."""
    return stat.S_IMODE(path.stat().st_mode)


def test_it_is_for_the_user_alone_and_goes_on_where_it_ended(tmp_path: Path) -> None:
    file = tmp_path / "logs" / "cleanup.log"
    before = os.umask(0)
    try:
        for text in ("first", "second \udcff"):
            with cleanup_log(file) as log:
                log.info(text)
    finally:
        os.umask(before)
    assert (mode(file.parent), mode(file)) == (0o700, 0o600)
    first, second = file.read_text(encoding="utf-8").splitlines()
    assert first.endswith(" INFO first")
    assert second.endswith(r" INFO second \udcff")


def test_it_is_rotated_and_the_oldest_goes(tmp_path: Path) -> None:
    file = tmp_path / "cleanup.log"
    with cleanup_log(file) as log:
        for _ in range((OLD_FILES + 2) * 2):
            log.info("x" * (MAX_BYTES // 2))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["cleanup.log", *(f"cleanup.log.{number}" for number in range(1, OLD_FILES + 1))]
    assert all(path.stat().st_size <= MAX_BYTES for path in tmp_path.iterdir())
    assert {mode(path) for path in tmp_path.iterdir()} == {0o600}


def test_a_process_without_the_lock_leaves_the_rotation_to_the_other(tmp_path: Path) -> None:
    file = tmp_path / "cleanup.log"
    file.write_bytes(b"x" * MAX_BYTES)
    with cleanup_log(file, rotate=False) as log:
        log.info("skipped")
    assert [path.name for path in tmp_path.iterdir()] == ["cleanup.log"]
    assert file.read_text(encoding="utf-8").endswith(" INFO skipped\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_sends_the_lines_to_stderr(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cleanup.log"
    file.symlink_to("/dev/full")
    with cleanup_log(file) as log:
        log.info("a line")
    assert capfd.readouterr().err.rstrip().endswith(" INFO a line")
