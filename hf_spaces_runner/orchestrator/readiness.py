"""Waits until the Space in a container answers, and says why when it never does."""

import http.client
import json
import math
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.launch import ContainerState, ContainerStatus
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import (
    ContainerExitedError,
    LaunchError,
    MemoryExceededError,
    NotReadyError,
    StartupTimeoutError,
)
from hf_spaces_runner.orchestrator.engine import Container
from hf_spaces_runner.orchestrator.evidence import last_words, log_evidence

_PROBE_TIMEOUT_S = 10.0
# Parsed JSON takes up to twenty times its text, and the text is written by the Space.
_CONFIG_MAX_BYTES = 16 * 1024**2
_PIECE_BYTES = 64 * 1024
_LOOK_EVERY_S = 0.1
# The init process of the container, and every shell, say so when a command cannot be executed or is not there.
_NO_COMMAND = frozenset({126, 127})
_SHORTEST_S, _LONGEST_S, _SHARE = 0.01, 0.5, 0.01


def wait_until_ready(
    container: Container,
    deadline: Deadline,
    on_progress: ProgressCallback,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Poll the Space's `/config` until it is Gradio's, looking after the container in between.

    The pause between two polls is 1 % of the time waited so far, from 10 ms to 0.5 s: what is lost to polling stays
    in proportion to what the Space itself takes. Source: `GET /config` answers with `dependencies` in every Gradio
    version, and is never prefixed.

    Raises:
        ContainerExitedError: the container ended by itself.
        MemoryExceededError: it was ended for using more memory than its cap.
        LaunchError: its command is not there.
        StartupTimeoutError: nothing answered before `deadline`, or something that is not Gradio.
    """
    observed = "nothing answered on its port"
    looked_at = -math.inf
    on_progress(Progress(phase=Phase.READY, message=f"waiting for {container.name}"))
    while True:
        now = deadline.clock()
        if now - looked_at >= _LOOK_EVERY_S:
            looked_at = now
            _raise_if_over(container, container.state())
        if container.port:
            ready, observed = _probe(container.port, min(_PROBE_TIMEOUT_S, max(deadline.remaining_s, 0.1)), observed)
            if ready:
                on_progress(Progress(phase=Phase.READY, message="ready", done=True))
                return
        if deadline.passed:
            _raise_if_over(container, container.state())
            raise _never_ready(container, deadline, observed)
        waited_s = deadline.limit_s - deadline.remaining_s
        sleep(min(_LONGEST_S, max(_SHORTEST_S, waited_s * _SHARE)))


def _raise_if_over(container: Container, state: ContainerState) -> None:
    if state.status is not ContainerStatus.EXITED:
        return
    evidence = log_evidence(container)
    if state.oom_killed:
        raise MemoryExceededError(
            f"{container.name} was ended while it started: it needed more memory than its cap", evidence=evidence
        )
    said = state.error or last_words(evidence)
    if state.exit_code in _NO_COMMAND:
        raise LaunchError(
            f"the image of {container.name} has no such command{f': {said}' if said else ''}",
            verdict="command_not_found",
            hint="look at the command that --dry-run prints: the image may not be one of a Space",
            evidence=evidence,
        )
    raise ContainerExitedError(
        f"{container.name} ended with exit code {state.exit_code} before it answered"
        + (f": {said}" if said else " and printed nothing"),
        evidence=evidence,
    )


def _never_ready(container: Container, deadline: Deadline, observed: str) -> NotReadyError:
    limit = format_duration(deadline.limit_s)
    return StartupTimeoutError(
        f"{container.name} was not ready within {limit}: {observed}", evidence=log_evidence(container)
    )


def _probe(port: int, timeout_s: float, observed: str) -> tuple[bool, str]:
    """Return whether Gradio answers on `port`, and what was seen; a refused connection leaves `observed` as it was."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout_s)
    stalled = f"its port took a connection and finished no answer within {format_duration(timeout_s)}"
    cut = threading.Event()
    try:
        connection.connect()
        with _ends_after(connection.sock, timeout_s, cut):
            connection.request("GET", "/config", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = _read(answer)
    except OSError as error:
        return False, stalled if cut.is_set() or isinstance(error, TimeoutError) else observed
    except http.client.HTTPException:
        return False, stalled if cut.is_set() else "its port answered something that is not HTTP, or not to the end"
    finally:
        connection.close()
    if cut.is_set():
        return False, stalled
    if answer.status == http.client.UNAUTHORIZED:
        return True, "it asks for a login"
    if answer.status != http.client.OK:
        return False, f"GET /config on its port answered {answer.status}, not Gradio's configuration"
    return _is_gradio(body), "GET /config on its port answered with something that is not Gradio's configuration"


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return the answer's body, or as much of it as is looked at.

    Not `read(n)`: it takes a chunk of size -1 for "all there is", whatever n says.
    """
    pieces = []
    size = 0
    while size < _CONFIG_MAX_BYTES and (piece := answer.read1(_PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


def _is_gradio(config_json: bytes) -> bool:
    try:
        config = json.loads(config_json)
    except (ValueError, RecursionError):
        return False
    return isinstance(config, dict) and isinstance(config.get("dependencies"), list)


@contextmanager
def _ends_after(connection: socket.socket, timeout_s: float, cut: threading.Event) -> Iterator[None]:
    """Cut the connection at the timeout, and set `cut`: the socket's own begins anew with each byte of a slow Space."""
    timer = threading.Timer(timeout_s, _cut, [connection, cut])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: socket.socket, cut: threading.Event) -> None:
    cut.set()
    with suppress(OSError):  # it ended by itself at the same moment
        connection.shutdown(socket.SHUT_RDWR)
