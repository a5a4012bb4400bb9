"""Asks a port once whether a Gradio app answers there, however slowly or falsely something else may."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from hf_spaces_runner.domain.json_weight import is_too_heavy
from hf_spaces_runner.domain.units import format_duration

_CONFIG_MAX_BYTES = 16 * 1024**2
_CONFIG_MAX_WEIGHT = 400_000
_PIECE_BYTES = 64 * 1024


class NotReadyYet(Exception):  # noqa: N818 - not an error: the next probe may find it ready
    """No Gradio app answers yet; `observed` says what did, None where nothing listens.

    `refused`: nobody took the connection. Docker's proxy takes all of them for as long as the container runs.
    """

    def __init__(self, observed: str | None = None, *, refused: bool = False) -> None:
        super().__init__(observed)
        self.observed = observed
        self.refused = refused


def probe_gradio(port: int, timeout_s: float, *, host: str = "127.0.0.1") -> bytes:
    """Return what `GET /config` answers on `port` of loopback, or of `host`, unread but for being Gradio's.

    An app that asks for a login is ready as well, and says nothing of itself: an empty text.

    Raises:
        NotReadyYet: nothing listens, or it is not, or not yet, a Gradio app.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    stalled = NotReadyYet(f"its port took a connection and finished no answer within {format_duration(timeout_s)}")
    cut = threading.Event()
    try:
        connection.connect()
        with _ends_after(connection.sock, timeout_s, cut):
            connection.request("GET", "/config", headers={"Accept": "application/json"})
            answer = connection.getresponse()
            body = _read(answer)
    except TimeoutError:
        raise stalled from None
    except ConnectionRefusedError:
        raise NotReadyYet(refused=True) from None
    except (OSError, http.client.HTTPException) as error:
        if cut.is_set():
            raise stalled from None
        # A connection that is closed at once is both: Docker's proxy does so while nothing listens behind it.
        broken = isinstance(error, http.client.HTTPException) and not isinstance(error, OSError)
        raise NotReadyYet(
            "its port answered something that is not HTTP, or not to the end" if broken else None
        ) from None
    finally:
        connection.close()
    if cut.is_set():
        raise stalled
    if answer.status == http.client.UNAUTHORIZED:
        return b""
    if answer.status != http.client.OK:
        raise NotReadyYet(f"GET /config on its port answered {answer.status}, not Gradio's configuration")
    if not _is_gradio(body):
        raise NotReadyYet("GET /config on its port answered with something that is not Gradio's configuration")
    return body


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
    """Return whether it is Gradio's. One too large to be looked into may be: the call will say that it is too large."""
    if len(config_json) >= _CONFIG_MAX_BYTES or is_too_heavy(config_json, _CONFIG_MAX_WEIGHT):
        return b'"dependencies"' in config_json
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
