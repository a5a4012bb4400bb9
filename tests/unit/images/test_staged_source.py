import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hf_spaces_runner.errors import BuildError
from hf_spaces_runner.images.staged_source import StagedSource, digests_of


def staged(source: StagedSource) -> dict[str, str]:
    found = (path for path in source.folder.rglob("*") if not path.is_dir())
    return {path.relative_to(source.folder).as_posix(): path.read_text() for path in found}


def files_of(folder: Path, texts: Mapping[str, str]) -> dict[str, Path]:
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return {name: folder / name for name in texts}


def test_the_copy_becomes_what_the_source_is(tmp_path: Path) -> None:
    source = StagedSource(tmp_path / "staged")
    own = tmp_path / "own"
    source.sync(files_of(own, {"app.py": "1", "a/b/c.txt": "2", "a/d.txt": "3"}))
    assert staged(source) == {"app.py": "1", "a/b/c.txt": "2", "a/d.txt": "3"}
    source.sync(files_of(own, {"app.py": "one", "a/d.txt": "3", "new.py": "4"}))
    assert staged(source) == {"app.py": "one", "a/d.txt": "3", "new.py": "4"}
    assert not (source.folder / "a" / "b").exists()
    source.sync(files_of(tmp_path / "other", {"a": "a file now"}))
    assert staged(source) == {"a": "a file now"}


def test_a_change_of_the_same_size_and_moment_is_seen(tmp_path: Path) -> None:
    source = StagedSource(tmp_path / "staged")
    files = files_of(tmp_path / "own", {"app.py": "1"})
    source.sync(files)
    before = files["app.py"].stat()
    files["app.py"].write_text("2")
    os.utime(files["app.py"], ns=(before.st_atime_ns, before.st_mtime_ns))
    source.sync(files)
    assert staged(source) == {"app.py": "2"}


def test_what_has_not_changed_is_left_alone(tmp_path: Path) -> None:
    source = StagedSource(tmp_path / "staged")
    files = files_of(tmp_path / "own", {"app.py": "1"})
    os.utime(files["app.py"], (1, 1))
    source.sync(files)
    first = (source.folder / "app.py").stat().st_ino
    source.sync(files)
    assert (source.folder / "app.py").stat().st_ino == first


def test_everybody_may_read_a_copy_and_it_is_no_link(tmp_path: Path) -> None:
    files = files_of(tmp_path / "own", {"a/app.py": "1", "a/run.sh": "2"})
    files["a/app.py"].chmod(0o600)
    files["a/run.sh"].chmod(0o700)
    before = os.umask(0o077)
    try:
        source = StagedSource(tmp_path / "staged")
        source.sync(files)
    finally:
        os.umask(before)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in source.folder.rglob("*")}
    assert modes == {"a": "0o755", "app.py": "0o644", "run.sh": "0o755"}
    assert oct(source.folder.stat().st_mode & 0o777) == "0o755"
    assert oct(source.folder.parent.stat().st_mode & 0o777) == "0o700"
    assert (source.folder / "a" / "app.py").stat().st_nlink == 1
    files["a/app.py"].write_text("changed in place")
    assert (source.folder / "a" / "app.py").read_text() == "1"


def test_a_file_that_is_gone_meanwhile(tmp_path: Path) -> None:
    source = StagedSource(tmp_path / "staged")
    with pytest.raises(BuildError, match=r"cannot read .*gone\.py: No such file"):
        source.sync({"gone.py": tmp_path / "gone.py"})
    with pytest.raises(BuildError, match=r"cannot read .*gone\.py: No such file"):
        digests_of({"gone.py": tmp_path / "gone.py"})
