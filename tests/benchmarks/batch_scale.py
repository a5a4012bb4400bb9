"""Measures what a batch of a million items takes beyond its calls: memory, and the journal's time."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from hf_spaces_runner.batch.folder import hold_batch_folder
from hf_spaces_runner.batch.journal import Journal
from tests.benchmarks.batch_place import TRIVIAL, BatchPlace
from tests.benchmarks.measure import Row
from tests.benchmarks.registry import HFSR, PEAK_OF_CHILD

FEW, MANY, JOURNALED = 1_000, 1_000_000, 20_000


def scale_rows(place: BatchPlace) -> list[Row]:
    """Return the memory of a batch that reads a million items and runs a thousand, and the journal's time an item."""
    few, many = _rows_file(place, FEW), _rows_file(place, MANY)
    alone_mb = _peak_mb(place, few)
    last, drawn = ("--offset", str(MANY - FEW)), ("--shuffle", "--limit", str(FEW))
    return [
        _more(f"the last {FEW:,} of {MANY:,} rows, memory", _peak_mb(place, many, *last), alone_mb),
        _more(f"{FEW:,} drawn of {MANY:,} rows, memory", _peak_mb(place, many, *drawn), alone_mb),
        _journal(place.folder / "journaled"),
    ]


def _rows_file(place: BatchPlace, number: int) -> Path:
    path = place.folder / f"{number}.jsonl"
    with path.open("w", encoding="utf-8") as file:
        file.writelines(f'{{"id": "row-{line}", "text": "I love number {line}"}}\n' for line in range(number))
    return path


def _peak_mb(place: BatchPlace, file: Path, *words: str) -> float:
    """Return the most memory that `hfsr batch` took for a thousand items of `file`, in MB."""
    output = Path(tempfile.mkdtemp(dir=place.folder)) / "results"
    batch = (HFSR, "batch", "--hf-space", TRIVIAL, str(file), "-o", str(output), "--concurrency", "8", *words)
    asked = [sys.executable, "-c", PEAK_OF_CHILD, *batch, "--containers", "1"]
    ended = subprocess.run(asked, check=True, capture_output=True, text=True, env=place.environment)
    with (output / "results.jsonl").open("rb") as results:
        if sum(1 for _ in results) != FEW:
            raise RuntimeError(f"not {FEW:,} items of {file.name} were run")
    return int(ended.stdout) * 1024 / 1e6


def _more(name: str, peak_mb: float, alone_mb: float) -> Row:
    """Return how much more that is than a batch of so few takes."""
    more = peak_mb - alone_mb
    return Row(
        name=name, ours_s=more, other="-", other_s=None, target=50, ours_all_s=(more, peak_mb, alone_mb), unit=" MB"
    )


def _journal(root: Path) -> Row:
    """Return how long it takes the journal to claim an item and to have it on the disk."""
    body = b'{"status":"ok",' + b'"text":"' + b"x" * 600 + b'","files":[]}'
    with hold_batch_folder(root, command="bench", fresh=False) as folder:
        began = time.perf_counter()
        with Journal.open(folder) as journal:
            for line in range(JOURNALED):
                number, _ = journal.claim(f"key {line}")
                journal.finish(f"key {line}", number, body, ok=True)
            journal.flush()
        taken_s = (time.perf_counter() - began) / JOURNALED
    return Row(
        name="the journal, an item", ours_s=taken_s, other="-", other_s=None, target=0.0002, ours_all_s=(taken_s,)
    )
