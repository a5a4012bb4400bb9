"""Measures calls to one trivial function of a real Gradio app, against gradio_client and bare httpx."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import docker
import httpx
from gradio_client import Client  # type: ignore[import-untyped]

from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.calling.gradio.session import GradioSession
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.request import InputValue
from tests.benchmarks.measure import Row, compare, per_call, together
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
            _against_gradio_client("a call, directly", direct, times, directly=True, target=0.10),
            _against_gradio_client("a call, over the queue", queued, times, directly=False, target=0.75),
            _at_once(direct, times),
            _large_file(direct, folder),
        ]


def _against_gradio_client(name: str, url: str, times: int, *, directly: bool, target: float) -> Row:
    with _calling(url, directly=directly) as ours:
        oracle = Client(url, token=False, verbose=False, analytics_enabled=False)
        other = partial(oracle.predict, "hello", api_name="/echo")
        try:
            return compare(name, ours, "gradio_client", other, target=target, times=times)
        finally:
            oracle.close()


def _at_once(url: str, times: int) -> Row:
    """Return the time for a call with eight at once; 0.75 of the calls a second are 1.33 of the time for each.

    Bare httpx names no session, so Gradio makes one for each call, about a sixth of its time: ours can be the faster.
    """
    rounds, calls = 5, max(times // 2, 25)
    with ExitStack() as stack:
        ours = [_repeated(stack.enter_context(_calling(url, directly=True)), calls) for _ in range(AT_ONCE)]
        bare = [_repeated(stack.enter_context(_bare(url)), calls) for _ in range(AT_ONCE)]
        row = compare(
            f"a call, {AT_ONCE} at once",
            lambda: together(ours),
            "bare httpx",
            lambda: together(bare),
            target=1 / 0.75,
            times=rounds,
        )
        return per_call(calls * AT_ONCE, row)


def _repeated(call: Callable[[], object], times: int) -> Callable[[], object]:
    return lambda: [call() for _ in range(times)]


@contextmanager
def _calling(url: str, *, directly: bool) -> Iterator[Callable[[], object]]:
    """Yield the action of one call over a session of ours; fail if the calls did not go the way that they should."""
    with _session(url) as session, tempfile.TemporaryDirectory() as scratch:
        call = Call(prompt="hello", endpoint="echo")
        yield lambda: session.call(call, Path(scratch), _deadline())
        if session._takes_direct_calls != directly:
            raise RuntimeError(f"the app at {url} was called another way than is measured")


@contextmanager
def _bare(url: str) -> Iterator[Callable[[], object]]:
    with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - plain HTTP on loopback
        address, body = f"{url}/gradio_api/run/echo", {"data": ["hello"]}
        yield lambda: client.post(address, json=body).raise_for_status().json()


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
    """Send 200 MB there and back; return how far the process's peak memory was above what it had before, in MB."""
    given = folder / "large.bin"
    with given.open("xb") as file:
        file.truncate(_FILE_BYTES)
    scratch = folder / "large"
    scratch.mkdir()
    with _session(url) as session:
        session.call(Call(prompt="warm", endpoint="echo"), scratch, _deadline())
        before_kb = _memory_kb("VmRSS")
        answer = session.call(Call(inputs=(InputValue(path=given),), endpoint="same_file"), scratch, _deadline())
        peak_kb = _memory_kb("VmHWM")
    (file_back,) = answer.outputs[0].files
    if file_back.path.stat().st_size != _FILE_BYTES:
        raise SystemExit("the file came back with another size")
    return (peak_kb - before_kb) * 1024 / 1e6


def _memory_kb(name: str) -> int:
    """Return what this process has in memory (VmRSS), or the most that it ever had (VmHWM).

    Not `ru_maxrss`, which counts what its parent had as well.
    """
    status = Path("/proc/self/status").read_text("ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:"))


@contextmanager
def _session(url: str) -> Iterator[GradioSession]:
    with GradioCaller().open(url, _deadline()) as session:
        yield session


def _deadline() -> Deadline:
    return Deadline.after(_LIMIT_S, time.monotonic)


if __name__ == "__main__":
    print(json.dumps({"more_mb": send_large_file(sys.argv[1], Path(sys.argv[2]))}))  # noqa: T201 - its answer
