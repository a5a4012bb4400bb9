"""Asks image registries for many images, several at a time, and gives each answer on as it comes."""

import threading
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from queue import SimpleQueue

from hf_spaces_runner.domain.image_check import ImageCheck
from hf_spaces_runner.errors import ImageRegistryUnreachableError
from hf_spaces_runner.images.docker_login import DockerLogins
from hf_spaces_runner.images.manifest import TIMEOUT_S, Question, check_image, unreachable
from hf_spaces_runner.images.registry_connections import RegistryConnections
from hf_spaces_runner.images.repository_access import repository_of

WORKERS = 8
"""How many images are asked for at a time."""

_MOST_FAILURES = 3


def check_images(
    references: Iterable[str],
    environment: Mapping[str, str],
    *,
    ca_bundle: Path | None,
    plain_hosts: Collection[str],
    architecture: str,
    now: Callable[[], float],
    on_checked: Callable[[ImageCheck], None],
    workers: int = WORKERS,
    timeout_s: float = TIMEOUT_S,
) -> tuple[ImageCheck, ...]:
    """Return what the image registries say of `references`, in their order, each once.

    A host that gives no answer three times in a row is not asked again. What `on_checked`, called in this thread, or
    Ctrl-C raises ends all of it at once.

    Args:
        references: the images; see `ask_manifest`, as for what is not named here.
        environment: see there.
        ca_bundle: see there.
        plain_hosts: see there.
        architecture: see there.
        now: see there.
        on_checked: is told of each answer as it comes.
        workers: how many images are asked for at a time.
        timeout_s: how long one image may take.
    """
    wanted = tuple(dict.fromkeys(references))
    question = Question(architecture=architecture, now=now, timeout_s=timeout_s)
    todo = deque(wanted)
    hosts = _Hosts()
    logins = DockerLogins(environment)
    answers: SimpleQueue[ImageCheck | None] = SimpleQueue()

    def work() -> None:
        try:
            with RegistryConnections(ca_bundle=ca_bundle, plain_hosts=plain_hosts) as connections:
                while True:
                    try:
                        reference = todo.popleft()
                    except IndexError:
                        return
                    answers.put(_check(reference, question, connections, logins, hosts))
        finally:
            answers.put(None)

    # Daemons, not an executor's threads: the interpreter waits for those, though one may hang in a look-up of a host.
    threads = [threading.Thread(target=work, daemon=True) for _ in range(min(workers, len(wanted)))]
    checks: dict[str, ImageCheck] = {}
    try:
        for thread in threads:
            thread.start()
        running = len(threads)
        while running:
            check = answers.get()
            if check is None:
                running -= 1
                continue
            checks[check.image] = check
            on_checked(check)
    finally:
        todo.clear()
    return tuple(checks[reference] for reference in wanted)


class _Hosts:
    """How often in a row each host gave no answer."""

    def __init__(self) -> None:
        self._failures: dict[str, int] = {}
        self._lock = threading.Lock()

    def note(self, host: str, *, answered: bool) -> None:
        with self._lock:
            self._failures[host] = 0 if answered else self._failures.get(host, 0) + 1

    def is_given_up(self, host: str) -> bool:
        with self._lock:
            return self._failures.get(host, 0) >= _MOST_FAILURES


def _check(
    reference: str, question: Question, connections: RegistryConnections, logins: DockerLogins, hosts: _Hosts
) -> ImageCheck:
    try:
        host = repository_of(reference).host
    except ValueError:
        return check_image(reference, question, connections, logins)  # which says so
    if hosts.is_given_up(host):
        return unreachable(reference, f"not asked: {host} gave no answer {_MOST_FAILURES} times in a row", question)
    try:
        check = check_image(reference, question, connections, logins)
    except ImageRegistryUnreachableError as error:
        hosts.note(host, answered=False)
        return unreachable(reference, error.message, question)
    hosts.note(host, answered=True)
    return check
