"""Finds the model servers that listen at some addresses, all at once and within a bounded time."""

import socket
import threading
import time
from collections.abc import Sequence
from queue import Empty, SimpleQueue

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.model import FoundServer
from hf_spaces_runner.domain.server_address import host_and_port, is_loopback, server_address
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError
from hf_spaces_runner.local_models.kinds import identify
from hf_spaces_runner.local_models.line import Connect, Said

MODELS = "/v1/models"
MAX_SERVERS = 32
_GRACE_S = 0.25
"""For threads that are a moment late; one may hang for long in a look-up of a host."""

_UNAUTHORIZED = frozenset({401, 403})


def find_servers(
    addresses: Sequence[str], connect: Connect, *, timeout_s: float = 0.5, anywhere: bool = False
) -> tuple[FoundServer, ...]:
    """Return what listens at `addresses`, in their order, each once; the first 32 are asked.

    Nothing is loaded or generated, and no credentials are sent. Where nothing listens, `connect` is not called.

    Args:
        addresses: as `server_address` takes them.
        connect: opens a connection to an address, up to a deadline.
        timeout_s: how long each server has to say what it is; all are asked at the same time.
        anywhere: whether other machines may be asked.
    """
    wanted = tuple(dict.fromkeys(addresses))[:MAX_SERVERS]
    answers: SimpleQueue[tuple[str, FoundServer]] = SimpleQueue()
    deadline = Deadline.after(timeout_s, time.monotonic)

    def ask(address: str) -> None:
        answers.put((address, _look_at(address, connect, deadline, anywhere=anywhere)))

    # Daemons, not an executor's threads: the interpreter waits for those, though one may hang in a look-up of a host.
    for address in wanted:
        threading.Thread(target=ask, args=[address], daemon=True).start()
    found: dict[str, FoundServer] = {}
    while len(found) < len(wanted):
        try:
            address, server = answers.get(timeout=deadline.remaining_s + _GRACE_S)
        except Empty:
            break
        found[address] = server
    return tuple(
        found.get(address) or FoundServer(address=_shown(address), why_not=_late(deadline)) for address in wanted
    )


def _look_at(text: str, connect: Connect, deadline: Deadline, *, anywhere: bool) -> FoundServer:
    try:
        address = server_address(text)
    except ValueError as error:
        return FoundServer(address=_shown(text), why_not=str(error))
    if not (anywhere or is_loopback(address)):
        return FoundServer(address=address, why_not="it is not on this machine (127.0.0.1, ::1 or localhost)")
    why_not = _knock(address, deadline)
    if why_not is not None:
        return FoundServer(address=address, why_not=why_not)
    try:
        with connect(address, deadline) as line:
            listed = _model_list(line.get(MODELS))
            kind, models = identify(line, address, listed)
    except CallTimeoutError:
        return FoundServer(address=address, why_not=_late(deadline))
    except (CallError, AnswerError) as error:
        return FoundServer(address=address, why_not=one_line(error.message))
    return FoundServer(address=address, kind=kind, models=models)


def _knock(address: str, deadline: Deadline) -> str | None:
    """Return why nobody can be asked; most often nothing listens, and then nobody needs an HTTP library."""
    try:
        with socket.create_connection(host_and_port(address), timeout=max(deadline.remaining_s, 0.001)):
            return None
    except TimeoutError:
        return _late(deadline)
    except ConnectionRefusedError:
        return "nothing listens there"
    except (OSError, UnicodeError) as error:  # the latter for a part of a name that is too long
        reason = getattr(error, "strerror", None)
        return f"it cannot be reached: {one_line(reason if isinstance(reason, str) else type(error).__name__)}"


def _model_list(said: Said) -> dict[str, object]:
    """Return the list of models that was asked for.

    Raises:
        CallError: the server refuses to give it.
        AnswerError: it is none, so no model server is there.
    """
    if said.status in _UNAUTHORIZED:
        raise CallError(f"it wants a key ({said.status}), and none is sent", verdict="login_needed")
    if not said.ok:
        raise CallError(f"something else listens there: GET {MODELS} answered {said.status}", verdict="refused")
    content = said.json()
    # Ollama's list is null where it has no models.
    if isinstance(content, dict) and "data" in content and isinstance(content["data"], list | None):
        return content
    raise AnswerError(f"something else listens there: GET {MODELS} answered no list of models")


def _late(deadline: Deadline) -> str:
    return f"it did not say what it is within {format_duration(deadline.limit_s)}"


def _shown(address: str) -> str:
    return one_line(address, limit=100)
