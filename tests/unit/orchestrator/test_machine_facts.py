from pathlib import Path

import certifi
import pytest

from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.orchestrator.machine_facts import count_certificates, free_disk_bytes, read_machine_facts


def refusal(path: Path) -> str:
    (folder,) = read_machine_facts({"state": path}, {}).folders
    assert (folder.name, folder.path) == ("state", path)
    return folder.refusal


def test_a_folder_that_is_there_is_written_to_and_left_as_it_was(tmp_path: Path) -> None:
    (folder,) = read_machine_facts({"state": tmp_path}, {}).folders
    assert folder.refusal == ""
    assert folder.free_bytes
    assert folder.file_system
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_yet_is_not_made(tmp_path: Path) -> None:
    assert refusal(tmp_path / "a" / "b") == ""
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_which_nothing_can_be_made(tmp_path: Path) -> None:
    # Nobody may make a file there, root neither.
    assert refusal(Path("/proc/self")) != ""
    (tmp_path / "file").touch()
    assert refusal(tmp_path / "file") == f"{tmp_path}/file is not a folder"
    assert refusal(tmp_path / "file" / "below" / "it") == f"{tmp_path}/file is not a folder"
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    assert refusal(tmp_path / "dangling") == f"{tmp_path}/dangling is not a folder"


def test_the_file_system_is_that_of_the_folder_and_not_of_the_root() -> None:
    folders = read_machine_facts({"proc": Path("/proc/self"), "root": Path("/")}, {}).folders
    assert folders[0].file_system == "proc"
    assert folders[1].file_system != "proc"


def test_the_disk_of_a_folder_that_is_not_there_is_that_of_the_one_above(tmp_path: Path) -> None:
    free = free_disk_bytes(tmp_path / "a" / "b")
    assert free is not None
    assert free > 0


def test_memory_and_gpus(tmp_path: Path) -> None:
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    facts = read_machine_facts({}, {"PATH": str(tmp_path)})
    assert facts.free_memory_bytes
    assert facts.gpus >= 1
    assert facts.folders == ()


def test_certificates_are_counted() -> None:
    assert count_certificates(None) is None
    count = count_certificates(Path(certifi.where()))
    assert count == Path(certifi.where()).read_text(encoding="ascii").count("BEGIN CERTIFICATE")


@pytest.mark.parametrize(
    ("content", "reason"),
    [(None, "No such file or directory"), (b"", "no certificate in it"), (b"\xff garbage", "no certificate in it")],
)
def test_a_bundle_that_holds_no_certificate_is_refused(tmp_path: Path, content: bytes | None, reason: str) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        bundle.write_bytes(content)
    with pytest.raises(ConfigurationError, match=reason) as caught:
        count_certificates(bundle)
    assert str(bundle) in caught.value.message
    assert "ca_bundle" in (caught.value.hint or "")
