"""Nothing of the user's is lost: full disks, kills, many writers at once, links, and places that cannot be written."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError, RegistryError, UsageError
from hf_spaces_runner.registry.write import RegistryFileWriter
from tests.unit.registry.registry_texts import entry, read, without_root

KEPT = f"# mine\nspaces:\n{entry('kept')}# end\n"
WRITERS, ADDED_BY_EACH, KILLS = 20, 3, 8
ADD = """
import sys
from pathlib import Path
from tests.unit.registry.test_write import fields
from hf_spaces_runner.registry.write import RegistryFileWriter
writer = RegistryFileWriter(Path(sys.argv[1]), Path(sys.argv[2]))
print("ready", flush=True)
for number in range(int(sys.argv[4])):
    writer.add(fields(f"{sys.argv[3]}-{number}"))
"""


def fields(entry_id: str, **more: object) -> dict[str, object]:
    return {
        "id": entry_id,
        "docker_image": "host/x:1",
        "description": "d",
        "category": "specialized",
        "input_type": "text",
        "output_type": "text",
        "port": 7860,
        "status": "available",
        **more,
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "registry.yaml"
    path.write_text(KEPT, encoding="utf-8")
    return path


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    return tmp_path / "locks"


@pytest.fixture
def writer(file: Path, locks: Path) -> RegistryFileWriter:
    return RegistryFileWriter(file, locks)


def ids(file: Path) -> list[str]:
    spaces, faults = read(file)
    assert faults == ()
    return [space.id for space in spaces]


def alone(file: Path) -> bool:
    return [path for path in file.parent.iterdir() if path.is_file()] == [file]


def adder(file: Path, locks: Path, name: str, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", ADD, str(file), str(locks), name, str(count)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def test_entries_come_change_and_go(writer: RegistryFileWriter, file: Path) -> None:
    writer.add(fields("new"))
    assert writer.set_status("new", "disabled")
    writer.add(fields("new", status="available", tags=["x"]), replaces=True)
    assert ids(file) == ["kept", "new"]
    assert read(file)[0][1].tags == ("x",)
    assert writer.remove("new")
    assert file.read_text(encoding="utf-8") == KEPT
    assert not writer.remove("new")
    assert not writer.set_status("new", "x")
    assert alone(file)


def test_an_entry_takes_the_place_of_no_other_unasked(writer: RegistryFileWriter, file: Path) -> None:
    with pytest.raises(UsageError, match="there is an entry 'kept' already") as caught:
        writer.add(fields("kept"))
    assert "--replace" in str(caught.value.hint)
    assert file.read_text(encoding="utf-8") == KEPT


def test_an_entry_needs_a_category_that_is_there(writer: RegistryFileWriter, file: Path) -> None:
    with pytest.raises(UsageError, match="there is no category 'specialised'; did you mean specialized") as caught:
        writer.add(fields("new", category="specialised"))
    assert "`  specialised: []`" in str(caught.value.hint)
    assert file.read_text(encoding="utf-8") == KEPT
    file.write_text(KEPT + "categories:\n  specialised: []\n", encoding="utf-8")
    writer.add(fields("new", category="specialised"))
    assert ids(file) == ["kept", "new"]


def test_an_entry_that_would_not_be_read_again_is_not_written(writer: RegistryFileWriter, file: Path) -> None:
    with pytest.raises(InvalidRegistryError, match="'new' would be longer than 1 MiB; it is as it was"):
        writer.add(fields("new", env={"A": "x" * 2**20}))
    assert file.read_text(encoding="utf-8") == KEPT


def test_a_file_that_is_not_there_is_made_and_only_where_something_is_added(tmp_path: Path, locks: Path) -> None:
    file = tmp_path / "a" / "b" / "own.yaml"
    writer = RegistryFileWriter(file, locks)
    assert not writer.remove("x")
    assert not writer.set_status("x", "y")
    assert not file.parent.exists()
    writer.add(fields("x"))
    assert ids(file) == ["x"]
    assert file.read_text(encoding="utf-8").startswith("# The Spaces of your own")
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_an_empty_file_gets_its_first_entry(tmp_path: Path, locks: Path) -> None:
    (tmp_path / "own.yaml").touch()
    RegistryFileWriter(tmp_path / "own.yaml", locks).add(fields("x"))
    assert ids(tmp_path / "own.yaml") == ["x"]


def test_a_link_stays_and_its_target_changes(file: Path, locks: Path, tmp_path: Path) -> None:
    (tmp_path / "first.yaml").symlink_to("second.yaml")
    (tmp_path / "second.yaml").symlink_to(file)
    RegistryFileWriter(tmp_path / "first.yaml", locks).add(fields("new"))
    assert (tmp_path / "first.yaml").readlink() == Path("second.yaml")
    assert (tmp_path / "second.yaml").readlink() == file
    assert ids(file) == ["kept", "new"]
    assert alone(file)


def test_a_link_to_nothing_gets_its_target(tmp_path: Path, locks: Path) -> None:
    (tmp_path / "link.yaml").symlink_to(tmp_path / "there" / "own.yaml")
    RegistryFileWriter(tmp_path / "link.yaml", locks).add(fields("new"))
    assert ids(tmp_path / "there" / "own.yaml") == ["new"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_the_mode_of_the_file_stays(writer: RegistryFileWriter, file: Path, mode: int) -> None:
    file.chmod(mode)
    writer.add(fields("new"))
    assert file.stat().st_mode & 0o7777 == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_the_owner_of_the_file_stays(writer: RegistryFileWriter, file: Path) -> None:
    os.chown(file, 12345, 54321)
    writer.add(fields("new"))
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 54321)


def test_a_file_that_does_not_change_is_not_written(writer: RegistryFileWriter, file: Path) -> None:
    before = file.stat()
    assert writer.set_status("kept", "available")
    assert not writer.remove("none")
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_folder_that_may_not_be_written(file: Path, locks: Path) -> None:
    locks.mkdir(mode=0o777)
    locks.chmod(0o777)
    file.parent.chmod(0o555)
    _open_the_way_to(file)
    with without_root(), pytest.raises(RegistryError, match="cannot be written: Permission denied; it is as it was"):
        RegistryFileWriter(file, locks).add(fields("new"))
    assert file.read_text(encoding="utf-8") == KEPT
    assert alone(file)


def test_a_folder_that_may_not_be_looked_into(file: Path, locks: Path) -> None:
    locks.mkdir()
    locks.chmod(0o777)
    _open_the_way_to(file)
    file.parent.chmod(0)
    with without_root():
        writer = RegistryFileWriter(file, locks)
        with pytest.raises(RegistryError, match="Permission denied"):
            writer.remove("kept")
        with pytest.raises(RegistryError, match="Permission denied"):
            writer.set_status("kept", "x")
    file.parent.chmod(0o755)


def test_a_folder_of_locks_that_may_not_be_written_is_named(file: Path, tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("", encoding="utf-8")
    with pytest.raises(RegistryError, match=rf"cannot be written: File exists \({tmp_path}/locks\)"):
        RegistryFileWriter(file, tmp_path / "locks").add(fields("new"))


@pytest.mark.parametrize("kind", ["directory", "pipe", "loop", "below a file"])
def test_what_is_no_file_is_not_written(tmp_path: Path, locks: Path, kind: str) -> None:
    path = tmp_path / "own.yaml"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path)
    else:
        path.touch()
        path /= "below"
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RegistryError) as caught:
        RegistryFileWriter(path, locks).add(fields("new"))
    assert str(path) in caught.value.message
    assert sorted(one for one in tmp_path.rglob("*") if locks not in {one, one.parent}) == before


@pytest.mark.parametrize("text", ['{"spaces": {}}', "spaces: {a: {}}", f"{KEPT}---\n", f"spaces:\n{entry('kept') * 2}"])
def test_a_file_that_cannot_be_edited_stays_as_it_is(writer: RegistryFileWriter, file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    before = file.stat()
    for change in (
        lambda: writer.add(fields("kept"), replaces=True),
        lambda: writer.remove("kept"),
        lambda: writer.set_status("kept", "x"),
    ):
        with pytest.raises(InvalidRegistryError, match="cannot be edited"):
            change()
    assert file.read_text(encoding="utf-8") == text
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert alone(file)


def test_a_full_disk_leaves_the_old_file(writer: RegistryFileWriter, file: Path) -> None:
    # The interpreter ignores SIGXFSZ: a write past the limit fails, as one to a full disk does.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for limit in (0, 1, len(KEPT), len(KEPT) + 1):
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
        try:
            with pytest.raises(RegistryError, match="cannot be written: File too large; it is as it was"):
                writer.add(fields("new"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert file.read_text(encoding="utf-8") == KEPT
        assert alone(file)
    writer.add(fields("new"))
    assert ids(file) == ["kept", "new"]


def test_a_kill_in_the_middle_leaves_a_whole_file(writer: RegistryFileWriter, file: Path, locks: Path) -> None:
    for kill in range(KILLS):
        process = adder(file, locks, f"kill-{kill}", 100_000)
        assert process.stdout is not None
        process.stdout.readline()
        end, before = time.monotonic() + 30, file.stat().st_ino
        while file.stat().st_ino == before and time.monotonic() < end:
            """It has written nothing yet."""
        # A little later each time, so that all steps of a write are met.
        until = time.monotonic() + kill * 0.0007
        while time.monotonic() < until:
            """It writes."""
        process.send_signal(signal.SIGKILL)
        process.communicate()
        text = file.read_text(encoding="utf-8")
        assert text.startswith(KEPT.removesuffix("# end\n"))
        assert text.endswith("# end\n")
        found = ids(file)
        mine = [one for one in found if one.startswith(f"kill-{kill}-")]
        assert mine == [f"kill-{kill}-{number}" for number in range(len(mine))]
        assert mine
        writer.add(fields(f"after-{kill}"))
        assert ids(file) == [*found, f"after-{kill}"]
        assert alone(file)


def test_many_processes_at_once_lose_nothing(file: Path, locks: Path) -> None:
    processes = [adder(file, locks, f"p{number}", ADDED_BY_EACH) for number in range(WRITERS)]
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * WRITERS
    found = ids(file)
    wanted = {f"p{process}-{number}" for process in range(WRITERS) for number in range(ADDED_BY_EACH)}
    assert found[0] == "kept"
    assert sorted(found[1:]) == sorted(wanted)
    assert alone(file)


def test_a_large_file_is_edited_one_entry_at_a_time(writer: RegistryFileWriter, file: Path) -> None:
    names = [f"user-{number}" for number in range(50_000)]
    text = "spaces:\n" + "".join(map(entry, names)) + "categories:\n  mine: []\n"
    file.write_text(text, encoding="utf-8")
    writer.add(fields("new"))
    assert writer.set_status("user-25000", "disabled")
    assert writer.remove("user-0")
    assert writer.remove("new")
    before, changed, behind = text.removeprefix("spaces:\n" + entry("user-0")).partition(entry("user-25000"))
    changed = changed.replace("available", "disabled")
    assert file.read_text(encoding="utf-8") == f"spaces:\n{before}{changed}{behind}"


def _open_the_way_to(file: Path) -> None:
    """Let others than root come to `file`: pytest's folders are its owner's alone."""
    for folder in file.parents:
        if folder.stat().st_uid == os.geteuid() and folder.is_relative_to(file.parents[2].parents[1]):
            folder.chmod(folder.stat().st_mode | 0o011)


def test_a_link_that_came_with_the_folder_leads_nowhere(file: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "of-mine"
    elsewhere.write_text("mine\n", encoding="utf-8")
    elsewhere.chmod(0o600)
    (file.parent / f".{file.name}.new").symlink_to(elsewhere)
    RegistryFileWriter(file, tmp_path / "locks").add(fields("new"))
    assert elsewhere.read_text(encoding="utf-8") == "mine\n"
    assert elsewhere.stat().st_mode & 0o777 == 0o600
    assert not file.is_symlink()
    assert list(file.parent.iterdir()) == [file]
    assert "new:" in file.read_text(encoding="utf-8")
