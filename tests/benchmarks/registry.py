"""Measures how long a registry of the Hub's scale makes a command wait, against reading its YAML."""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.benchmarks.measure import Row, process, seconds_of

HFSR = str(Path(sys.executable).with_name("hfsr"))
MANY, MORE = 50_000, 500_000
LIST = ("list", "--limit", "20")
DISCOVER = ("discover", "--search", "whisper", "--offline")
_YAML_TIMES = 3
_CATEGORIES = ("image_processing", "audio_processing", "text_processing", "specialized")
_WORDS = (
    "whisper",
    "translation",
    "diffusion",
    "portrait",
    "summary",
    "chat",
    "segmentation",
    "voice",
    "table",
    "code",
)
PEAK_OF_CHILD = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
_READ_YAML = "import sys, yaml; yaml.load(open(sys.argv[1], 'rb'), yaml.CSafeLoader)"


def rows(times: int) -> list[Row]:
    """Return what registries of 50,000 and 500,000 entries cost; nothing is left."""
    with tempfile.TemporaryDirectory() as folder:
        many, more = _home(Path(folder), MANY), _home(Path(folder), MORE)
        read_yaml = process([sys.executable, "-c", _READ_YAML, str(_registry_of(many))])
        yaml = [seconds_of(read_yaml) for _ in range(_YAML_TIMES)]
        built = [seconds_of(_hfsr(many, LIST))]
        _change_one_entry(many)
        changed = [seconds_of(_hfsr(many, LIST))]
        _hfsr(more, LIST)()
        taken = {(home, words): _times(home, words, times) for home in (many, more) for words in (LIST, DISCOVER)}
        read = f"PyYAML (C), {MANY:,} entries"
        found = [
            _row(f"index of {MANY:,} entries, built", built, read, yaml, target=1.3),
            _row("the same, one entry changed", changed, read, yaml, target=0.3),
        ]
        for words, name in ((LIST, "hfsr list --limit 20"), (DISCOVER, "hfsr discover --search")):
            ours, larger = taken[many, words], taken[more, words]
            found += [
                Row(
                    name=f"{name}, {MANY:,}",
                    ours_s=statistics.median(ours),
                    other="-",
                    other_s=None,
                    target=0.250,
                    ours_all_s=tuple(ours),
                ),
                _row(f"{name}, {MANY:,}", ours, read, yaml, target=1 / 30),
                _row(f"{name}, {MORE:,}", larger, f"{MANY:,}", ours, target=1.5),
                _memory(f"{name}, {MORE:,}", more, words),
            ]
        return found


def write_registry(file: Path, entries: int) -> None:
    """Write a registry as people would have it, of so many entries, in all categories and with several words."""
    with file.open("w", encoding="utf-8") as text:
        text.write("spaces:\n")
        for number in range(entries):
            word, other = _WORDS[number % len(_WORDS)], _WORDS[number // 7 % len(_WORDS)]
            text.write(
                f"  {word}-{number}:\n    id: {word}-{number}\n"
                f"    docker_image: registry.hf.space/user{number % 977}-{word}-{number}:latest\n"
                f"    description: Space {number}, which does {word} and {other} for whoever asks\n"
                f"    category: {_CATEGORIES[number % 4]}\n    input_type: text\n    output_type: text\n"
                f"    port: 7860\n    status: unverified\n    space_id: user{number % 977}/{word}-{number}\n"
                "    sdk: gradio\n"
            )


def _home(folder: Path, entries: int) -> Path:
    home = folder / str(entries)
    (home / "config").mkdir(parents=True)
    write_registry(_registry_of(home), entries)
    return home


def _registry_of(home: Path) -> Path:
    return home / "config" / "registry.yaml"


def _change_one_entry(home: Path) -> None:
    file = _registry_of(home)
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace(f"Space {MANY // 2},", "Space changed,"), encoding="utf-8")


def _hfsr(home: Path, words: Sequence[str]) -> Callable[[], object]:
    environment = {**os.environ, "HFSR_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return lambda: subprocess.run([HFSR, *words], check=True, capture_output=True, env=environment)


def _times(home: Path, words: Sequence[str], times: int) -> list[float]:
    return [seconds_of(_hfsr(home, words)) for _ in range(times + 1)][1:]


def _row(name: str, ours: Sequence[float], other: str, others: Sequence[float], *, target: float) -> Row:
    return Row(
        name=name,
        ours_s=statistics.median(ours),
        other=other,
        other_s=statistics.median(others),
        target=target,
        ours_all_s=tuple(ours),
        other_all_s=tuple(others),
    )


def _memory(name: str, home: Path, words: Sequence[str]) -> Row:
    """Return the most memory that the command took, in MB."""
    # From a process that is small: what a child's parent had counts as the child's own.
    environment = {**os.environ, "HFSR_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    asked = [sys.executable, "-c", PEAK_OF_CHILD, HFSR, *words]
    printed = subprocess.run(asked, check=True, capture_output=True, text=True, env=environment).stdout
    peak = int(printed) * 1024 / 1e6
    return Row(name=f"{name}, memory", ours_s=peak, other="-", other_s=None, target=60, ours_all_s=(peak,), unit=" MB")
