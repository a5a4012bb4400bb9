"""Asks a port for one path, however slowly or falsely something there may answer."""

import http.client
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from hf_spaces_runner.domain.units import format_duration

MAX_BYTES = 16 * 1024**2
_PIECE_BYTES = 64 * 1024


class NotReadyYet(Exception):  # noqa: N818 - not an error: the next probe may find it ready
    """Nothing that is ready answers; `observed` says what did, None where nothing listens.

    `refused`: nobody took the connection. Docker's proxy takes all of them for as long as the container runs.
    """

    def __init__(self, observed: str | None = None, *, refused: bool = False) -> None:
        super().__init__(observed)
        self.observed = observed
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Got:
    """An answer; `body` is cut at `MAX_BYTES`."""

    status: int
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == http.client.OK


def http_get(port: int, path: str, timeout_s: float, *, host: str = "127.0.0.1") -> Got:
    """Return what `GET path` answers on `port` of loopback, or of `host`.

    Raises:
        NotReadyYet: nothing listens, or it does not finish its answer in time, or does not speak HTTP.
    """
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    stalled = NotReadyYet(f"its port took a connection and finished no answer within {format_duration(timeout_s)}")
    cut = threading.Event()
    try:
        connection.connect()
        with _ends_after(connection.sock, timeout_s, cut):
            connection.request("GET", path, headers={"Accept": "application/json, */*;q=0.5"})
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
    return Got(answer.status, body)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """Return the answer's body, or as much of it as is looked at.

    Not `read(n)`: it takes a chunk of size -1 for "all there is", whatever n says.
    """
    pieces = []
    size = 0
    while size < MAX_BYTES and (piece := answer.read1(_PIECE_BYTES)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces)


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
