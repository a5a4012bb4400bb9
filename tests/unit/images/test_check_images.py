"""Many images asked for at once: each once, hosts that do not answer left alone, and an end at once."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.images.check_images import WORKERS, check_images
from tests.unit.images.puppet_registry import Asked, PuppetRegistry, Said, puppet_registry

pytestmark = pytest.mark.network

SCRIPT = """
import sys
from hf_spaces_runner.images.check_images import check_images

check_images(
    [f"{sys.argv[1]}/app{number}" for number in range(50)], {}, ca_bundle=None, plain_hosts=(), architecture="amd64",
    now=lambda: 0.0, on_checked=print, timeout_s=100,
)
"""


class Listed(list[ImageCheck]):
    """What was told, in the order in which it came, all of it in this thread."""

    def __init__(self) -> None:
        self._thread = threading.get_ident()

    def __call__(self, check: ImageCheck) -> None:
        assert threading.get_ident() == self._thread
        self.append(check)


@pytest.fixture
def registry() -> Iterator[PuppetRegistry]:
    with puppet_registry() as registry:
        yield registry


@pytest.fixture
def silent_host() -> Iterator[str]:
    """Return a host whose port is taken by nobody who listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{taken.getsockname()[1]}"


def check(references: list[str], told: Listed, *, workers: int = WORKERS) -> tuple[ImageCheck, ...]:
    return check_images(
        references,
        dict(os.environ),
        ca_bundle=None,
        plain_hosts=(),
        architecture="amd64",
        now=lambda: 5.0,
        on_checked=told,
        workers=workers,
    )


def test_no_images() -> None:
    assert check([], Listed()) == ()


def test_each_image_is_asked_for_once_and_told_of(registry: PuppetRegistry) -> None:
    for number in range(20):
        registry.put_image(f"app{number}")
    references = [f"{registry.host}/app{number % 25}" for number in range(50)]
    told = Listed()
    checks = check(references, told)
    assert [found.image for found in checks] == references[:25]
    assert [found.status for found in checks] == [ImageStatus.AVAILABLE] * 20 + [ImageStatus.GONE] * 5
    assert sorted(told, key=str) == sorted(checks, key=str)
    asked = [path for path in registry.paths() if "/manifests/" in path]
    assert len(asked) == len(set(asked)) == 25


def test_eight_are_asked_for_at_a_time(registry: PuppetRegistry) -> None:
    together = threading.Barrier(WORKERS)

    def wait_for_the_others(_: Asked) -> Said:
        together.wait(60)
        return Said(status=404)

    for number in range(WORKERS):
        registry.answers[f"/v2/app{number}/manifests/latest"] = wait_for_the_others
    checks = check([f"{registry.host}/app{number}" for number in range(WORKERS)], Listed())
    assert {found.status for found in checks} == {ImageStatus.GONE}


def test_a_host_that_does_not_answer_is_left_alone(registry: PuppetRegistry, silent_host: str) -> None:
    registry.put_image("app")
    dead = [f"{silent_host}/app{number}" for number in range(10)]
    checks = check([*dead, f"{registry.host}/app"], Listed(), workers=1)
    messages = [found.message for found in checks]
    assert [found.status for found in checks] == [ImageStatus.UNREACHABLE] * 10 + [ImageStatus.AVAILABLE]
    assert all("cannot be reached" in message for message in messages[:3])
    assert set(messages[3:10]) == {f"not asked: {silent_host} gave no answer 3 times in a row"}


def test_only_failures_in_a_row_count_and_nonsense_is_an_answer(registry: PuppetRegistry) -> None:
    for number, status in enumerate([503, 503, 404, 503, 503, 200, 200, 200, 200, 503, 503, 503, 404]):
        registry.answers[f"/v2/app{number}/manifests/latest"] = Said(status=status, body=b"nonsense")
    checks = check([f"{registry.host}/app{number}" for number in range(13)], Listed(), workers=1)
    assert [found.message.startswith("not asked") for found in checks] == [False] * 12 + [True]


def test_a_reference_that_is_none_stands_in_nobodys_way(registry: PuppetRegistry) -> None:
    registry.put_image("app")
    checks = check(["UPPER", "a b", "c:d:e", f"{registry.host}/app"], Listed(), workers=1)
    assert [found.status for found in checks] == [ImageStatus.UNREACHABLE] * 3 + [ImageStatus.AVAILABLE]
    assert all(found.message.startswith("not an image reference") for found in checks[:3])


def test_what_on_checked_raises_ends_it(registry: PuppetRegistry) -> None:
    def refuse(_: ImageCheck) -> None:
        raise InterruptedError

    before = set(threading.enumerate())
    with pytest.raises(InterruptedError):
        check_images(
            [f"{registry.host}/app{number}" for number in range(500)],
            {},
            ca_bundle=None,
            plain_hosts=(),
            architecture="amd64",
            now=lambda: 0.0,
            on_checked=refuse,
        )
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert len(registry.asked) < 500


def test_ctrl_c_ends_it_while_all_wait(registry: PuppetRegistry) -> None:
    waiting = threading.Semaphore(0)

    def drip(_: Asked) -> Said:
        waiting.release()
        return Said(body=b" " * 100_000, drip_s=0.05)

    for number in range(50):
        registry.answers[f"/v2/app{number}/manifests/latest"] = drip
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, registry.host], stderr=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        for _ in range(WORKERS):
            assert waiting.acquire(timeout=60)
        process.send_signal(signal.SIGINT)
        # Each image has 100 s, and its answer goes on for longer: only an end that waits for nobody comes in time.
        out, error = process.communicate(timeout=60)
    assert error.strip().endswith(b"KeyboardInterrupt")
    assert (process.returncode, out) == (-signal.SIGINT, b"")
