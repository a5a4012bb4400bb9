"""Measures calls to one trivial function of a real Gradio app, against gradio_client and bare httpx."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import docker
import httpx
from gradio_client import Client  # type: ignore[import-untyped]

from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.calling.gradio.session import GradioSession
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.request import InputValue
from tests.benchmarks.measure import Row, seconds_of
from tests.engine.apps import GradioApps

VERSION = "5.49.1"
AT_ONCE = 8
_FILE_BYTES = 200 * 1000**2
_LIMIT_S = 300.0


def rows(times: int) -> list[Row]:
    """Return what calls cost, each figure from `times` calls or more; nothing is left on the engine."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        client = docker.from_env()
        stack.callback(client.close)
        apps = GradioApps(client, folder, stack)
        direct = apps.base_url(VERSION, "trivial", as_on_hub=False)
        queued = apps.base_url(VERSION, "trivial")
        return [
            _against_gradio_client("a call, directly", direct, times, target=0.10),
            _against_gradio_client("a call, over the queue", queued, times, target=0.75),
            _at_once(direct, times),
            _large_file(direct, folder),
        ]


def _against_gradio_client(name: str, url: str, times: int, *, target: float) -> Row:
    with _session(url) as session, tempfile.TemporaryDirectory() as scratch:
        call = Call(prompt="hello", endpoint="echo")
        oracle = Client(url, token=False, verbose=False, analytics_enabled=False)
        mine: list[float] = []
        theirs: list[float] = []
        for number in range(times + 3):  # the first ones warm up
            ours_s = seconds_of(lambda: session.call(call, Path(scratch), _deadline()))
            other_s = seconds_of(lambda: oracle.predict("hello", api_name="/echo"))
            if number >= 3:
                mine.append(ours_s)
                theirs.append(other_s)
    return _row(name, mine, "gradio_client", theirs, target)


def _at_once(url: str, times: int) -> Row:
    """Return the time for a call with eight at once; 0.75 of the calls a second are 1.33 of the time for each."""
    calls = max(times, 25)
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(4):
        bare_s = _seconds_a_call(lambda: _many_by_httpx(url, calls), calls)
        ours_s = _seconds_a_call(lambda: _many_of_ours(url, calls), calls)
        if number:
            mine.append(ours_s)
            theirs.append(bare_s)
    return _row(f"a call, {AT_ONCE} at once", mine, "bare httpx", theirs, 1 / 0.75)


def _seconds_a_call(one: Callable[[], float], calls: int) -> float:
    """Return the time for each of all calls, where `one` is what one of the threads does, and how long it took."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        taken = list(pool.map(lambda _: one(), range(AT_ONCE)))
    return max(taken) / (calls * AT_ONCE)


def _many_of_ours(url: str, calls: int) -> float:
    with _session(url) as session, tempfile.TemporaryDirectory() as scratch:
        call = Call(prompt="hello", endpoint="echo")
        return seconds_of(lambda: [session.call(call, Path(scratch), _deadline()) for _ in range(calls)])


def _many_by_httpx(url: str, calls: int) -> float:
    with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP on loopback
        client.get(f"{url}/config")
        address = f"{url}/gradio_api/run/echo"
        return seconds_of(lambda: [client.post(address, json={"data": ["hello"]}).json() for _ in range(calls)])


def _large_file(url: str, folder: Path) -> Row:
    """Return the memory that a file of 200 MB takes on its way there and back, in a process of its own; in MB."""
    ended = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.calling", url, str(folder)], check=True, capture_output=True, text=True
    )
    more_mb = float(json.loads(ended.stdout)["more_mb"])
    return Row(
        name="200 MB up and down",
        ours_s=more_mb,
        other="-",
        other_s=None,
        target=50.0,
        ours_all_s=(more_mb,),
        unit=" MB",
    )


def send_large_file(url: str, folder: Path) -> float:
    """Send 200 MB there and back; return by how many MB the process's peak memory grew."""
    given = folder / "large.bin"
    given.write_bytes(b"")
    with given.open("r+b") as file:
        file.truncate(_FILE_BYTES)
    with _session(url) as session:
        small = folder / "small"
        small.mkdir()
        session.call(Call(prompt="warm", endpoint="echo"), small, _deadline())
        before_kb = _peak_memory_kb()
        large = folder / "large"
        large.mkdir()
        answer = session.call(Call(inputs=(InputValue(path=given),), endpoint="same_file"), large, _deadline())
        after_kb = _peak_memory_kb()
    (file_back,) = answer.outputs[0].files
    if file_back.path.stat().st_size != _FILE_BYTES:
        raise SystemExit("the file came back with another size")
    return (after_kb - before_kb) * 1024 / 1e6


def _peak_memory_kb() -> int:
    """Return the most that this process had in memory; not `ru_maxrss`, which counts what its parent had as well."""
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


@contextmanager
def _session(url: str) -> Iterator[GradioSession]:
    with GradioCaller().open(url, _deadline()) as session:
        yield session


def _deadline() -> Deadline:
    return Deadline.after(_LIMIT_S, time.monotonic)


def _row(name: str, mine: list[float], other: str, theirs: list[float], target: float) -> Row:
    return Row(
        name=name,
        ours_s=statistics.median(mine),
        other=other,
        other_s=statistics.median(theirs),
        target=target,
        ours_all_s=tuple(mine),
        other_all_s=tuple(theirs),
    )


if __name__ == "__main__":
    print(json.dumps({"more_mb": send_large_file(sys.argv[1], Path(sys.argv[2]))}))  # noqa: T201 - its answer
