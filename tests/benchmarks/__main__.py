"""`make bench`: measures, prints a table, and saves it as JSON."""

import json
import platform
import subprocess
import sys
from pathlib import Path

from tests.benchmarks import batch, build, calling, overhead, registry, source
from tests.benchmarks.bare_floor import call_by_hand
from tests.benchmarks.measure import SECONDS, Row, alone, compare, process

PYTHON = sys.executable
HFSR = str(Path(PYTHON).with_name("hfsr"))
SENTENCE = "I love it"
MILLISECONDS_BELOW = 0.1
_BATCH_ROUNDS = 3
_FIRST_BUILDS = 2
RUN = [HFSR, "run", SENTENCE, "--hf-space", "vader-sentiment", "--no-cache"]


def main(target: Path, times: int) -> None:
    """Measure everything `times` times, print the table, and save it to `target`."""
    rows = [
        *(start_up(times * 2), listing(times * 2), one_run(times)),
        *calling.rows(times * 10),
        *overhead.rows(times * 6),
        *registry.rows(times),
        *source.rows(times),
        *build.rows(times),
        *build.first_builds(_FIRST_BUILDS),
        *batch.rows(_BATCH_ROUNDS),
    ]
    print(table(rows))  # noqa: T201 - printing is this program's purpose
    target.write_text(json.dumps({"machine": machine(), "rows": [as_json(row) for row in rows]}, indent=2) + "\n")
    print(f"saved to {target}")  # noqa: T201


def start_up(times: int) -> Row:
    """`hfsr --version` against the import that it cannot do without."""
    ours, click = process([HFSR, "--version"]), process([PYTHON, "-c", "import click"])
    return compare("hfsr --version", ours, "import click", click, target=2, times=times)


def listing(times: int) -> Row:
    """`hfsr list`, by itself."""
    return alone("hfsr list", process([HFSR, "list"]), target_s=0.150, times=times)


def one_run(times: int) -> Row:
    """`hfsr run` on an image that is built, against doing the same by hand."""
    subprocess.run([HFSR, "pull", "vader-sentiment", "--pull", "missing"], check=True)
    dry = subprocess.run([*RUN, "--dry-run", "--json"], check=True, capture_output=True, text=True)
    docker_run = json.loads(dry.stdout)["candidates"][0]["docker_run"]
    return compare(
        "hfsr run",
        process(RUN),
        "docker run, poll, POST, docker rm",
        lambda: call_by_hand(docker_run, "/analyze", [SENTENCE]),
        target=1.15,
        times=times,
    )


def table(rows: list[Row]) -> str:
    """Return the rows as lines of text."""
    heads = ("what", "median", "against", "median", "figure", "target", "")
    cells = [heads, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(heads))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in cells)


def _cells(row: Row) -> tuple[str, ...]:
    unit = row.unit if row.other_s is None else "x"
    other = "-" if row.other_s is None else _amount(row.other_s, row.unit)
    figure = _amount(row.figure, unit) if row.other_s is None else f"{row.figure:.2f}x"
    target, verdict = "-", ""
    if row.target is not None:
        target, verdict = f"<= {row.target:.3g}{unit}", "met" if row.met else "MISSED"
    return (row.name, _amount(row.ours_s, row.unit), row.other, other, figure, target, verdict)


def _amount(value: float, unit: str) -> str:
    if unit == SECONDS:
        return f"{value * 1000:.1f} ms" if value < MILLISECONDS_BELOW else f"{value:.3f} s"
    return f"{value:.1f}{unit}"


def as_json(row: Row) -> dict[str, object]:
    """Return a row with all its samples, for whoever wants to look closer."""
    return {
        "name": row.name,
        "ours_s": row.ours_s,
        "other": row.other,
        "other_s": row.other_s,
        "figure": row.figure,
        "unit": "ratio" if row.other_s is not None else row.unit.strip(),
        "target": row.target,
        "met": None if row.target is None else row.met,
        "ours_all_s": row.ours_all_s,
        "other_all_s": row.other_all_s,
    }


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    return {"python": platform.python_version(), "platform": platform.platform()}


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "bench.json"), int(sys.argv[2]) if len(sys.argv) > 2 else 7)
