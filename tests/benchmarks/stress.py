"""`make stress`: kills, crowds and restarts, counted by the engine's events; prints a table and saves it as JSON."""

import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import docker

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.progress import ignore_progress
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.images.acquire import Images
from tests.benchmarks.engine_events import EngineEvents
from tests.engine.images import script_image
from tests.engine.own_engine import OwnEngine

HFSR = [sys.executable, "-m", "hf_spaces_runner"]
ECHO = Path(__file__).parents[1] / "engine" / "echo_space.py"
NAME = "stress"
HOLDERS = 3
QUIET = ("--format", "quiet")
ENGINE_UNAVAILABLE = 4
BATCH_ITEMS = 100
_TIMES = re.compile(rb'"[a-z]+_s":[0-9.e-]+')
LONGEST_S = 120
"""When a command counts as hanging."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one kind of stress: `figures` by name, and whether all that was asked for was reached."""

    name: str
    met: bool
    figures: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where commands run: `image` is a small Space, `home` holds our state; `prefix` leads to the engine's network."""

    image: str
    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()

    def start(self, *words: str, **changes: str) -> subprocess.Popen[str]:
        """Start a command of ours."""
        return subprocess.Popen(
            [*self.prefix, *HFSR, *words],
            env={**os.environ, "HFSR_HOME": str(self.home), "HFSR_HF_CACHE": "none", **self.environment, **changes},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, text: str, *words: str) -> subprocess.Popen[str]:
        """Start `hfsr run` of the small Space."""
        return self.start("run", text, "--hf-space", self.image, "--pull", "never", "--fresh", *words)

    def batch(self, texts: Path, output: Path) -> subprocess.Popen[str]:
        """Start `hfsr batch` of the small Space, for each line of `texts`."""
        how = ("--pull", "never", "--containers", "1", "-e", "SLEEP_S=0.02", *QUIET)
        return self.start("batch", "--hf-space", self.image, "--prompts", str(texts), "-o", str(output), *how)

    def scratch_folders(self) -> int:
        """Return how many scratch folders there are."""
        scratch = self.home / "cache" / "scratch"
        return len(list(scratch.iterdir())) if scratch.is_dir() else 0


def containers(client: docker.DockerClient, *, running_only: bool = False) -> int:
    """Return how many containers of the small Space the engine has: others may have theirs beside it."""
    return len(client.api.containers(all=not running_only, filters={"label": f"{LABEL}.space=hfsr-test-{NAME}"}))


def killed_runs(client: docker.DockerClient, place: Place, times: int, seed: int = 1) -> Outcome:
    """Kill runs at random moments, and look what is left after the next command, whichever that is."""
    moments = random.Random(seed)  # noqa: S311 - nothing secret
    next_commands = ("list", "ps", "cleanup")
    left = {"containers": 0, "scratch_folders": 0, "held_slots": 0}
    with_container, complaints = 0, list[str]()
    started = time.monotonic()
    process = place.run("hello")
    _finish(process)
    whole_s = time.monotonic() - started
    if process.returncode != 0:
        raise RuntimeError("a run that nobody kills does not succeed")
    for number in range(times):
        process = place.run("hello")
        time.sleep(moments.uniform(0.0, whole_s))
        process.kill()
        process.communicate()
        with_container += containers(client) > 0
        following = place.start(next_commands[number % len(next_commands)], *QUIET)
        _, complained = following.communicate(timeout=LONGEST_S)
        if following.returncode != 0:
            complaints.append(complained.strip()[-300:])
        left["containers"] += containers(client)
        left["scratch_folders"] += place.scratch_folders()
        left["held_slots"] += containers(client, running_only=True)
    figures = {"runs": times, "killed_with_a_container": with_container, **left, "complaints": complaints[:3]}
    return Outcome(name="killed by SIGKILL", met=not any(left.values()) and not complaints, figures=figures)


def killed_batches(client: docker.DockerClient, place: Place, times: int, seed: int = 1) -> Outcome:
    """Kill batches at random moments, give the same command again, and compare what they wrote with an undisturbed one.

    Each item must stand there once, with the same bytes but for the times that were measured.
    """
    moments = random.Random(seed)  # noqa: S311 - nothing secret
    differing, killed_midway, complaints = list[int](), 0, list[str]()
    with tempfile.TemporaryDirectory(prefix="hfsr-stress-") as folder:
        texts = Path(folder) / "texts.txt"
        texts.write_text("".join(f"text {number}\n" for number in range(BATCH_ITEMS)), encoding="utf-8")
        undisturbed = Path(folder) / "undisturbed"
        started = time.monotonic()
        process = place.batch(texts, undisturbed)
        _, complained = process.communicate(timeout=LONGEST_S)
        whole_s = time.monotonic() - started
        expected = _results(undisturbed)
        if process.returncode != 0 or len(expected) != BATCH_ITEMS:
            raise RuntimeError(f"a batch that nobody kills does not succeed: {complained}")
        for number in range(times):
            output = Path(folder) / str(number)
            process = place.batch(texts, output)
            time.sleep(moments.uniform(0.0, whole_s))
            process.kill()
            process.communicate()
            killed_midway += 0 < len(_results(output)) < BATCH_ITEMS
            resumed = place.batch(texts, output)
            _, complained = resumed.communicate(timeout=LONGEST_S)
            if resumed.returncode != 0:
                complaints.append(complained.strip()[-300:])
            if _results(output) != expected:
                differing.append(number)
    left = {"containers": containers(client), "scratch_folders": place.scratch_folders()}
    figures = {"batches": times, "killed_midway": killed_midway, "differing": differing, **left}
    met = not (differing or complaints or any(left.values()))
    return Outcome(name="killed batches", met=met, figures={**figures, "complaints": complaints[:3]})


def _results(output: Path) -> list[bytes]:
    """Return the lines that stand in the results of a batch, without the times that were measured."""
    file = output / "results.jsonl"
    return _TIMES.sub(b"", file.read_bytes()).splitlines() if file.exists() else []


def crowd(client: docker.DockerClient, place: Place, processes: int, runs: int, *, most: int = 3) -> Outcome:
    """Run many at once, each one after the other, and count from the engine's events how many ran at the same time."""
    good, bad = 0, []
    with EngineEvents(client) as events:
        waiting = [(worker, 0, place.run(f"{worker}-0")) for worker in range(processes)]
        while waiting:
            still = []
            for worker, number, process in waiting:
                if process.poll() is None:
                    still.append((worker, number, process))
                    continue
                said, complained = process.communicate()
                if process.returncode == 0 and said.strip() == f"{worker}-{number}":
                    good += 1
                else:
                    bad.append(complained.strip()[-300:])
                if number + 1 < runs:
                    still.append((worker, number + 1, place.run(f"{worker}-{number + 1}")))
            waiting = still
            time.sleep(0.01)
        history = events.taken()
    figures = {
        "runs": processes * runs,
        "succeeded": good,
        "most_at_once": history.most_at_once,
        **_spread("hand_over_ms", history.hand_overs_ms),
        "failures": bad[:3],
    }
    return Outcome(name="a crowd", met=good == processes * runs and history.most_at_once <= most, figures=figures)


def hand_over(client: docker.DockerClient, place: Place, times: int, *, target_ms: float = 300) -> Outcome:
    """Let one wait for a slot, free one, and take from the engine's events how long it was free.

    The target is for what is ours: until the next one is being started. How long the engine takes for that is its own.
    """
    acted: list[float] = []
    running: list[float] = []
    for number in range(times):
        holders = [place.run("hello", "-e", "SLEEP_S=60") for _ in range(HOLDERS)]
        _until(lambda: containers(client, running_only=True) == HOLDERS)
        waiter = place.run(str(number))
        _until(lambda: containers(client) == HOLDERS + 1)
        time.sleep(0.5)  # it shall be waiting, not on its way there
        with EngineEvents(client) as events:
            holders[0].send_signal(signal.SIGTERM)
            _finish(waiter)
            history = events.taken()
            acted += history.acted_ms[:1]
            running += history.hand_overs_ms[:1]
        for holder in holders:
            holder.send_signal(signal.SIGTERM)
            _finish(holder)
    figures = {
        "times": len(running),
        **_spread("until_being_started_ms", acted),
        **_spread("until_running_ms", running),
    }
    met = len(acted) == len(running) == times and max(acted) <= target_ms
    return Outcome(name="a slot is handed over", met=met, figures=figures)


def engine_restarts(times: int, seed: int = 1) -> Outcome:
    """Stop and kill an engine of our own in the middle of runs; each run must end, and nothing be left once it is back.

    The machine's own engine is not touched.
    """
    moments = random.Random(seed)  # noqa: S311 - nothing secret
    hanging, left, codes, unclear = 0, {"containers": 0, "scratch_folders": 0}, dict[str, int](), list[str]()
    with OwnEngine() as engine:
        client = engine.start()
        place = _place(client, engine.folder / "home", {"DOCKER_HOST": engine.address}, tuple(engine.inside))
        for number in range(times):
            runs = [place.run("hello", "-e", "SLEEP_S=0.3") for _ in range(2)]
            time.sleep(moments.uniform(0.2, 1.5))
            engine.stop(signal.SIGKILL if number % 2 else signal.SIGTERM)
            for process in runs:
                try:
                    _, complained = process.communicate(timeout=LONGEST_S)
                except subprocess.TimeoutExpired:
                    hanging += 1
                    process.kill()
                    _, complained = process.communicate()
                codes[str(process.returncode)] = codes.get(str(process.returncode), 0) + 1
                if process.returncode not in {0, ENGINE_UNAVAILABLE}:
                    unclear.append(complained.strip()[-300:])
            client = engine.start()
            _finish(place.start("ps", *QUIET))
            left["containers"] += containers(client)
            left["scratch_folders"] += place.scratch_folders()
    met = not hanging and not any(left.values()) and set(codes) <= {"0", "4"}
    figures = {"restarts": times, "hanging": hanging, **left, "exit_codes": codes, "unclear": unclear[:3]}
    return Outcome(name="the engine restarts", met=met, figures=figures)


def small_space(client: docker.DockerClient, locks: Path) -> str:
    """Build the small Space and return its image."""
    base = Images(client, lock_directory=locks).acquire_base(Settings().base_image, "3.11", ignore_progress)
    return script_image(client, NAME, ECHO.read_text(encoding="utf-8"), base=base)


def _place(
    client: docker.DockerClient, home: Path, environment: dict[str, str] | None = None, prefix: tuple[str, ...] = ()
) -> Place:
    machine = docker.from_env()
    image = small_space(machine, home / "locks")
    if environment:
        client.images.load(b"".join(machine.images.get(image).save(named=image)))
    machine.close()
    return Place(image=image, home=home, environment=environment or {}, prefix=prefix)


def _finish(process: subprocess.Popen[str]) -> None:
    process.communicate(timeout=LONGEST_S)


def _until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + LONGEST_S
    while not reached():
        if time.monotonic() > end:
            raise TimeoutError("what was waited for never came")
        time.sleep(0.02)


def _spread(name: str, values: list[float]) -> dict[str, object]:
    if not values:
        return {}
    ordered = sorted(values)
    return {
        f"{name}_median": round(statistics.median(ordered)),
        f"{name}_p95": round(ordered[int(len(ordered) * 0.95)]),
        f"{name}_max": round(ordered[-1]),
    }


def main(target: Path) -> int:
    """Do everything at full length, print the table, save it, and return 1 where something was missed."""
    client = docker.from_env()
    with tempfile.TemporaryDirectory(prefix="hfsr-stress-") as folder:
        place = _place(client, Path(folder))
        outcomes = []
        stresses: tuple[Callable[[], Outcome], ...] = (
            lambda: killed_runs(client, place, 200),
            lambda: killed_batches(client, place, 100),
            lambda: crowd(client, place, 8, 10),
            lambda: hand_over(client, place, 20),
            lambda: engine_restarts(50),
        )
        for stress in stresses:
            outcomes.append(stress())
            print(in_words(outcomes[-1]), flush=True)  # noqa: T201 - printing is this program's purpose
    client.close()
    target.write_text(json.dumps([asdict(outcome) for outcome in outcomes], indent=2) + "\n", encoding="utf-8")
    print(f"saved to {target}")  # noqa: T201
    return 0 if all(outcome.met for outcome in outcomes) else 1


def in_words(outcome: Outcome) -> str:
    """Return the outcome as one line."""
    figures = ", ".join(f"{name} {value}" for name, value in outcome.figures.items() if value != [])
    return f"{outcome.name:22} {'met   ' if outcome.met else 'MISSED'}  {figures}"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "stress.json")))
