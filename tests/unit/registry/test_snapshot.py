import json
import os
from pathlib import Path

import pytest

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import read
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.read import read_registry
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.yaml_source import read_yaml

ENTRY = """
spaces:
  mine:
    id: mine
    docker_image: registry.hf.space/user-mine:latest
    description: {description}
    category: specialized
    input_type: text
    output_type: text
    port: 7861
    status: available
    sdk: docker
    source: folder
    inputs: {{steps: 5, nested: [1, {{a: null}}]}}
    env: {{A: b}}
    memory: 1g
    cap_add: [SYS_NICE]
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "registry.yaml"
    path.write_text(ENTRY.format(description="first"))
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Return the files that were read as YAML, in order."""
    seen: list[Path] = []

    def counted(path: Path) -> object:
        seen.append(path)
        return read_yaml(path)

    monkeypatch.setattr(read, "read_yaml", counted)
    return seen


def test_a_file_is_read_once_and_comes_back_the_same(file: Path, tmp_path: Path, reads: list[Path]) -> None:
    first = load_registry(file, Snapshots(tmp_path / "cache"))
    assert reads == [bundled_registry_directory() / "registry.yaml", file]
    again = load_registry(file, Snapshots(tmp_path / "cache"))
    assert len(reads) == 2
    assert again == first
    assert again.spaces["mine"] == read_registry(file, origin=str(file)).spaces["mine"]
    assert again.spaces["mine"].source == tmp_path / "folder"


def test_a_changed_file_is_read_again(file: Path, tmp_path: Path, reads: list[Path]) -> None:
    load_registry(file, Snapshots(tmp_path / "cache"))
    before = file.stat()
    file.write_text(ENTRY.format(description="other"))  # of the same length
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert load_registry(file, Snapshots(tmp_path / "cache")).spaces["mine"].description == "other"
    assert reads.count(file) == 2


def test_a_file_that_was_removed_or_broken_since_is_not_served_from_memory(file: Path, tmp_path: Path) -> None:
    load_registry(file, Snapshots(tmp_path / "cache"))
    file.write_text("spaces: [")
    with pytest.raises(InvalidRegistryError):
        load_registry(file, Snapshots(tmp_path / "cache"))
    file.unlink()
    with pytest.raises(InvalidRegistryError):
        load_registry(file, Snapshots(tmp_path / "cache"))


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"made_of": null}', b'{"made_of": 1, "value": 2}', b"\xff", b"[" * 100]
)
def test_a_snapshot_that_is_damaged_is_made_anew(file: Path, tmp_path: Path, content: bytes) -> None:
    expected = load_registry(file, Snapshots(tmp_path / "cache"))
    for snapshot in (tmp_path / "cache").iterdir():
        snapshot.write_bytes(content)
    assert load_registry(file, Snapshots(tmp_path / "cache")) == expected
    assert all(json.loads(snapshot.read_text())["value"]["spaces"] for snapshot in (tmp_path / "cache").iterdir())


def test_a_snapshot_with_other_fields_is_made_anew(file: Path, tmp_path: Path) -> None:
    expected = load_registry(file, Snapshots(tmp_path / "cache"))
    for snapshot in (tmp_path / "cache").iterdir():
        content = json.loads(snapshot.read_text())
        content["value"]["spaces"] = {key: {**space, "new": 1} for key, space in content["value"]["spaces"].items()}
        snapshot.write_text(json.dumps(content))
    assert load_registry(file, Snapshots(tmp_path / "cache")) == expected


def test_without_a_place_for_snapshots_all_goes_on(file: Path, tmp_path: Path) -> None:
    (tmp_path / "occupied").write_text("")
    assert "mine" in load_registry(file, Snapshots(tmp_path / "occupied" / "cache")).spaces
