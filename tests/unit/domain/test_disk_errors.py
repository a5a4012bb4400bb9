import errno
from pathlib import Path

import pytest

from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.errors import NoSpaceLeftError, UsageError


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_no_space_left(number: int) -> None:
    with pytest.raises(NoSpaceLeftError, match="no space left to write out/a"), disk_errors(Path("out/a")):
        raise OSError(number, "full")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOTDIR])
def test_anything_else_cannot_be_written(number: int) -> None:
    with pytest.raises(UsageError, match="cannot write out: why") as caught, disk_errors(Path("out"), "do this"):
        raise OSError(number, "why")
    assert caught.value.hint == "do this"


def test_a_really_full_disk() -> None:
    full = Path("/dev/full")
    with pytest.raises(NoSpaceLeftError), disk_errors(full), full.open("wb", buffering=0) as file:
        file.write(b"x")


def test_other_errors_pass() -> None:
    with pytest.raises(KeyError), disk_errors(Path("out")):
        raise KeyError
