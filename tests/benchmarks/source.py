"""Measures how long the folder of a Space takes to be read and hashed, which every run of it begins with."""

import tempfile
from collections.abc import Callable
from pathlib import Path

from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import read_space_source
from tests.benchmarks.measure import Row, alone

MANY = 10_000
_IN_A_FOLDER = 100
_LARGE_BYTES = 256 * 1024**2
_GITIGNORE = "__pycache__/\n*.py[cod]\n.venv/\n/build\n*.log\ndata/**/cache\n!keep.log\n"


def rows(times: int) -> list[Row]:
    """Return what a folder of 10,000 small files costs, and one with a large file; nothing is left."""
    with tempfile.TemporaryDirectory() as place:
        many, ignoring, large = (_space(Path(place) / name) for name in ("many", "ignoring", "large"))
        for folder in (many, ignoring):
            _fill(folder)
        (ignoring / ".gitignore").write_text(_GITIGNORE)
        (large / "model.bin").write_bytes(b"\0" * _LARGE_BYTES)
        snapshots = Snapshots(Path(place) / "snapshots")
        return [
            alone(f"context of {MANY:,} files, hashed", _read(many), target_s=1.0, times=times),
            alone("the same with a .gitignore", _read(ignoring), target_s=1.0, times=times),
            alone(f"a file of {_LARGE_BYTES // 1024**2} MiB, hashed", _read(large), target_s=None, times=times),
            alone("the same, known", _read(large, snapshots), target_s=None, times=times),
        ]


def _space(folder: Path) -> Path:
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: gradio\nsdk_version: 5.49.1\n---\n")
    return folder


def _fill(folder: Path) -> None:
    for number in range(MANY):
        path = folder / f"part {number // _IN_A_FOLDER}" / f"{number}.txt"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{number}\n" * 100)


def _read(folder: Path, snapshots: Snapshots | None = None) -> Callable[[], object]:
    return lambda: read_space_source(folder, snapshots)
