"""Converses with a Space that runs on the Hub's machines, by the same callers as with one in a container."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from hf_spaces_runner.calling.caller import AnswerLimits, Caller, Session
from hf_spaces_runner.calling.connected_session import connecting
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.cloud.refusals import SPACES, connection_failure, refusal
from hf_spaces_runner.domain.answer import Answer
from hf_spaces_runner.domain.api import CALLABLE, Api, ApiKind, Spoken
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import AnswerError, CallError, InvalidInputError, NoEndpointError

_ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
_SAYS = {
    ApiKind.GRADIO: ("/config", "dependencies"),
    ApiKind.OPENAPI: ("/openapi.json", "paths"),
    ApiKind.OPENAI: ("/v1/models", "data"),
}
"""What is asked for to find out what a Space speaks, and what the answer then has; in this order."""

_AGAIN = "try again, or look at the Space's address in a browser"
_HINTS = {
    "connection_lost": _AGAIN,
    "login_needed": "give a token that may use it with --secret HF_TOKEN; a login of its own is not supported",
    "queue_full": "try again later: others use it as well",
    "space_error": _AGAIN,
    "unusable_answer": "look at the Space's address in a browser: it may be paused, renamed or gone",
    "space_error_hidden": "the log of the Space says more, to its owner",
}
MakeCaller = Callable[[ApiKind, Api, Remote], Caller]


class RemoteSpaceCaller:
    """The `Caller` for Spaces on the Hub's machines.

    Args:
        make_caller: returns what calls a Space of a kind.
        trust: what certificates must go back to.
        token: a token of the Hub, None for a stranger.
        api: what is known of the Space.
        limits: how much it may say of itself.
    """

    def __init__(
        self,
        make_caller: MakeCaller,
        *,
        trust: Callable[[], ssl.SSLContext],
        token: Secret | None,
        api: Api,
        limits: AnswerLimits | None = None,
    ) -> None:
        self._make_caller = make_caller
        self._trust = trust
        self._token = token
        self._api = api
        self._limits = limits if limits is not None else AnswerLimits()

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> Session:
        """Return a conversation with the Space at `base_url`, which is asked what it speaks. See `Caller.open`."""
        remote = Remote(trust=self._trust(), token=self._token)
        with remote_errors(base_url):
            spoken = self._find_out(base_url, deadline, remote)
            caller = self._make_caller(spoken.kind, self._api, remote)
            session = caller.open(base_url, deadline, description=description or spoken.description, login=login)
        return _RemoteSession(session, base_url)

    def _find_out(self, base_url: str, deadline: Deadline, remote: Remote) -> Spoken:
        if self._api.kind in CALLABLE:
            return Spoken(kind=self._api.kind)
        with connecting(base_url, deadline, self._limits, keep_alive=True, remote=remote) as connection:
            try:
                return _what_it_speaks(connection, base_url)
            finally:
                connection.close()


class _RemoteSession:
    """A `Session` whose failures are told in words that fit: there is no container, and no log."""

    def __init__(self, session: Session, base_url: str) -> None:
        self._session = session
        self._base_url = base_url

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What can be called. See `Session.endpoints`."""
        return self._session.endpoints

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the Space answers to `call`. See `Session.call`."""
        with remote_errors(self._base_url):
            return self._session.call(call, scratch, deadline, on_progress)

    def start_over(self) -> None:
        """Be another visitor. See `Session.start_over`."""
        self._session.start_over()

    def __enter__(self) -> Self:
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._session.__exit__(kind, error, traceback)


@contextmanager
def remote_errors(base_url: str) -> Iterator[None]:
    """Say in each error of the block which remote Space failed, with a hint that fits; it stays of its class.

    Raises:
        CallError: as the block does; `untrusted` or `unreachable` where there was no connection.
        AnswerError: likewise.
    """
    who = f"the remote Space {base_url}"
    try:
        yield
    except InvalidInputError:
        raise  # is about what the user gave
    except (CallError, AnswerError) as error:
        failure = connection_failure(error, who) if error.verdict == "connection_lost" else None
        if failure is not None:
            raise failure from error
        if not error.message.startswith(who):
            error.message = f"{who}: {error.message}"
            error.hint = _HINTS.get(error.verdict, error.hint)
        raise


def _what_it_speaks(connection: Connection, base_url: str) -> Spoken:
    last = 0
    for kind, (path, mark) in _SAYS.items():
        reply = connection.get(path)
        if not reply.ok:
            if reply.status not in _ABSENT:
                raise refusal(reply.status, reply.detail, f"the remote Space {base_url}", SPACES)
            last = reply.status
            continue
        last = 0
        try:
            said = reply.json()
        except AnswerError:
            continue  # a page for people, which some servers give for each path that they do not know
        if isinstance(said, dict) and isinstance(said.get(mark), list | dict):
            return Spoken(kind=kind, description=b"" if kind is ApiKind.OPENAI else reply.raw)
    if last:
        raise refusal(HTTPStatus.NOT_FOUND, "", f"the remote Space {base_url}", SPACES)
    raise NoEndpointError(
        "it answers, and speaks neither Gradio, OpenAPI nor OpenAI's API",
        hint="such a Space can only be used in a browser",
    )
