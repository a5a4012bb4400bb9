"""Measures batches: against bare HTTP, gradio_client and a container an item, the ideal, and plain processes."""

import statistics
import subprocess
import time
import wave
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import httpx
from gradio_client import Client  # type: ignore[import-untyped]

from hf_spaces_runner.batch.sources.spec import SourceSpec
from tests.benchmarks.batch_place import SLEEPING, SPHINX, TRIVIAL, BatchPlace, batch_place
from tests.benchmarks.batch_scale import scale_rows
from tests.benchmarks.measure import Row, seconds_of

SAMPLE = Path(__file__).parents[2] / "registry" / "spaces" / SPHINX / "sample" / "input.wav"
AT_ONCE = 8
ITEMS, MORE_ITEMS = 300, 1500
BY_CLIENT, BY_CONTAINER = 48, 4
"""So many calls are made each of these ways, which would take minutes for all items."""
SLEEPERS, AUDIO_FILES, CORES = 60, 60, 2
_POLL_S = 0.01
_RECOGNISE = """
import sys
sys.path.insert(0, ".")
from multiprocessing import Pool
from pathlib import Path
def work(path):
    from app import transcribe
    return transcribe(path)
with Pool({workers}) as pool:
    said = pool.map(work, sorted(map(str, Path("/wavs").iterdir())), chunksize=1)
assert len(said) == {files} and all(said), said
"""


def rows(rounds: int) -> list[Row]:
    """Return the figures of batches, the first ones from so many rounds; nothing is left on the engine."""
    with batch_place() as place:
        return [*trivial(place, rounds), sleeping(place), *audio(place), *scale_rows(place)]


def trivial(place: BatchPlace, rounds: int) -> list[Row]:
    """Return what an item costs where the Space does next to nothing, with and without the cold start."""
    texts, more_texts = (_texts(place, number) for number in (ITEMS, MORE_ITEMS))
    image = place.image_of(TRIVIAL)
    whole, each = list[float](), list[float]()
    bare_whole, bare_each, by_client = list[float](), list[float](), list[float]()
    for _ in range(rounds):
        ours, _ = place.run(TRIVIAL, texts, containers=1, concurrency=AT_ONCE, total=ITEMS)
        larger, _ = place.run(TRIVIAL, more_texts, containers=1, concurrency=AT_ONCE, total=MORE_ITEMS)
        whole.append(ours / ITEMS)
        # The start and the end of the container, and all else that is done once, cancel out.
        each.append((larger - ours) / (MORE_ITEMS - ITEMS))
        began = time.perf_counter()
        with place.by_hand(image) as url:
            _wait(url)
            bare_calls(url, ITEMS)
            answered = time.perf_counter()
            bare_each.append(seconds_of(partial(bare_calls, url, MORE_ITEMS - ITEMS)) / (MORE_ITEMS - ITEMS))
            by_client.append(seconds_of(partial(client_calls, url, BY_CLIENT)) / BY_CLIENT)
            going = time.perf_counter()
        bare_whole.append((answered - began + time.perf_counter() - going) / ITEMS)
    by_container = [seconds_of(lambda: one_container(place, image)) for _ in range(BY_CONTAINER)]
    bare = f"bare httpx, {AT_ONCE} threads"
    name = f"an item of {ITEMS}, start included"
    without = "an item, without the start"
    return [
        _row(name, whole, f"{bare}, docker run", bare_whole, 1 / 0.70),
        _row(without, each, bare, bare_each, 1 / 0.70),
        _row(name, whole, f"{bare}, already up", bare_each, None),
        _row(without, each, f"gradio_client, {AT_ONCE} threads", by_client, 0.10),
        _row(name, whole, f"gradio_client, {AT_ONCE} threads, already up", by_client, None),
        _row(name, whole, f"a container an item ({BY_CONTAINER} of them)", by_container, 0.01),
    ]


def bare_calls(url: str, calls: int) -> None:
    """Make so many direct calls in 8 threads, as one would by hand."""
    numbers = iter(range(calls))

    def work() -> None:
        with httpx.Client(trust_env=False) as client:
            for number in numbers:
                body = {"data": [f"I love number {number}"]}
                client.post(f"{url}/gradio_api/run/echo", json=body).raise_for_status().json()

    _in_threads(work)


def client_calls(url: str, calls: int) -> None:
    """Make so many calls of gradio_client in 8 threads."""
    client = Client(url, token=False, verbose=False, analytics_enabled=False)
    numbers = iter(range(calls))

    def work() -> None:
        for number in numbers:
            client.predict(f"I love number {number}", api_name="/echo")

    try:
        _in_threads(work)
    finally:
        client.close()


def one_container(place: BatchPlace, image: str) -> None:
    """Start a container, call it once, and remove it, with nothing else."""
    with place.by_hand(image) as url:
        _wait(url)
        httpx.post(f"{url}/gradio_api/run/echo", json={"data": ["hello"]}, trust_env=False).raise_for_status()


def sleeping(place: BatchPlace) -> Row:
    """Return how long calls of a second take over three containers, against a third of their number and one start."""
    taken, summary = place.run(SLEEPING, _texts(place, SLEEPERS), containers=3, total=SLEEPERS)
    cold_start_s = summary.cold_starts_s / summary.containers_started
    ideal = SLEEPERS / 3 + cold_start_s
    return _row(f"{SLEEPERS} calls of 1 s, 3 containers", [taken], "a third of that + one start", [ideal], 1.15)


def audio(place: BatchPlace) -> list[Row]:
    """Return how long recordings take in two containers, against processes of the same image and number."""
    folder = place.folder / "recordings"
    folder.mkdir()
    for number in range(AUDIO_FILES):
        _write_recording(folder / f"{number:02}.wav", number)
    taken, _ = place.run(SPHINX, SourceSpec(inputs=(folder,)), containers=CORES, total=AUDIO_FILES)
    script = _RECOGNISE.format(workers=CORES, files=AUDIO_FILES)
    words = ["docker", "run", "--rm", "--volume", f"{folder}:/wavs:ro", "--network", "none"]
    plain = seconds_of(lambda: subprocess.run([*words, place.image_of(SPHINX), "python", "-c", script], check=True))
    return [_row(f"{AUDIO_FILES} recordings, {CORES} containers", [taken], f"{CORES} processes", [plain], 1 / 0.90)]


def _write_recording(path: Path, number: int) -> None:
    """Write the sample with some more silence at its end, so that no two are the same."""
    with wave.open(str(SAMPLE), "rb") as sample, wave.open(str(path), "wb") as copy:
        copy.setparams(sample.getparams())
        copy.writeframes(sample.readframes(sample.getnframes()))
        copy.writeframes(bytes(number * sample.getsampwidth() * sample.getnchannels()))


def _texts(place: BatchPlace, number: int) -> SourceSpec:
    path = place.folder / f"{number}.txt"
    path.write_text("".join(f"I love number {line}\n" for line in range(number)), encoding="utf-8")
    return SourceSpec(prompts=path)


def _in_threads(work: Callable[[], None]) -> None:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for ended in [pool.submit(work) for _ in range(AT_ONCE)]:
            ended.result()


def _wait(url: str) -> None:
    with httpx.Client(trust_env=False) as client:
        while True:
            with suppress(httpx.TransportError):
                if client.get(f"{url}/config").is_success:
                    return
            time.sleep(_POLL_S)


def _row(name: str, ours: list[float], other: str, others: list[float], target: float | None) -> Row:
    return Row(
        name=name,
        ours_s=statistics.median(ours),
        other=other,
        other_s=statistics.median(others),
        target=target,
        ours_all_s=tuple(ours),
        other_all_s=tuple(others),
    )
