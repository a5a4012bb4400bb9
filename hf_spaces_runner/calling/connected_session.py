"""Holds what all conversations have in common: a connection, and what can be called."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Generic, Self, TypeVar

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.domain.call import Login
from hf_spaces_runner.domain.deadline import Deadline

SomeEndpoint = TypeVar("SomeEndpoint", bound=Endpoint)


class ConnectedSession(Generic[SomeEndpoint]):
    """The part of a `Session` that ends: it closes its connection."""

    def __init__(self, connection: Connection, endpoints: tuple[SomeEndpoint, ...]) -> None:
        self._connection = connection
        self._endpoints = endpoints

    @property
    def endpoints(self) -> tuple[SomeEndpoint, ...]:
        """What can be called. See `Session.endpoints`."""
        return self._endpoints

    def start_over(self) -> None:
        """Be another visitor, which is nothing where Spaces keep nothing of one. See `Session.start_over`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()


@contextmanager
def connecting(
    base_url: str,
    deadline: Deadline,
    limits: AnswerLimits,
    *,
    keep_alive: bool = False,
    remote: Remote | None = None,
) -> Iterator[Connection]:
    """Yield what requests go over, which stays open after the block, unless the block fails.

    `keep_alive` False: a server of FastAPI's kind hangs up after each error, and after seconds without a request.
    `remote` is for a Space that is not on this machine.
    """
    connection = Connection(base_url, deadline, limits, keep_alive=keep_alive, remote=remote)
    connection.__enter__()
    try:
        yield connection
    except BaseException:
        connection.close()
        raise


def basic(login: Login) -> str:
    """Return the credentials of HTTP's own login (RFC 7617): what a Space asks for that knows user and password."""
    return f"Basic {base64.b64encode(f'{login.user}:{login.password.reveal()}'.encode()).decode()}"
