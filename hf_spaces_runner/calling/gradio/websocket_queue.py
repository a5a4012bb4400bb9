"""Speaks the queue of Gradio 3: one websocket a call."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException
from websockets.sync.client import ClientConnection, connect

from hf_spaces_runner.calling.connection import USER_AGENT, Connection
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.queue_call import QueueCall, read_message
from hf_spaces_runner.calling.http_errors import timeout_error
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError

_PATH = "/queue/join"
_WHAT = f"websocket {_PATH}"
_CLOSE_S = 1.0
_POLICY_VIOLATION, _TOO_BIG = 1008, 1009
"""The codes of RFC 6455, section 7.4.1, with which Gradio refuses a stranger, and we a message beyond the limit."""


class WebsocketQueue:
    """The queue of one app, for one session. See `EventQueue`."""

    def __init__(self, connection: Connection, session: str) -> None:
        self._connection = connection
        self._session = session

    def run(self, endpoint: GradioEndpoint, data: list[object], call: QueueCall) -> list[object]:
        """Return what `endpoint` answers to `data`; `call` follows it there. To hang up ends the call on the server.

        Raises:
            SpaceFailedError: the function raised.
            CallTimeoutError: the deadline passed; the message says how far the call had come.
            CallError: the queue is full, the app refuses, or the connection was lost.
            AnswerError: the messages are not what Gradio sends, or larger than allowed.
        """
        who: dict[str, object] = {"fn_index": endpoint.fn_index, "session_hash": self._session}
        try:
            with self._connected(call) as websocket:
                return self._converse(websocket, who, data, call)
        except (CallTimeoutError, TimeoutError) as error:
            where = timeout_error(endpoint.name, self._connection.deadline)
            raise CallTimeoutError(f"{where}: {call.standing}") from error

    def _converse(
        self, websocket: ClientConnection, who: dict[str, object], data: list[object], call: QueueCall
    ) -> list[object]:
        while True:
            self._check_deadline()
            raw = websocket.recv(timeout=self._connection.deadline.remaining_s, decode=False)
            message = read_message(raw, _WHAT, self._connection.limits)
            match message.kind:
                case "send_hash":
                    websocket.send(json.dumps(who))
                case "send_data":
                    websocket.send(json.dumps({"data": data, "event_data": None, **who}))
                case _:
                    outputs = call.take(message)
                    if outputs is not None:
                        return outputs

    @contextmanager
    def _connected(self, call: QueueCall) -> Iterator[ClientConnection]:
        connection = self._connection
        address = urlsplit(connection.base_url)
        self._check_deadline()
        try:
            with (
                connection.own_socket() as own,
                connect(
                    f"ws://{address.netloc}{_PATH}",  # also where the socket is a TLS one: it is made already
                    sock=own,
                    open_timeout=connection.deadline.remaining_s,
                    close_timeout=min(_CLOSE_S, connection.deadline.remaining_s),
                    ping_interval=None,
                    max_size=connection.limits.max_json_bytes,
                    compression=None,
                    user_agent_header=USER_AGENT,
                    additional_headers=connection.headers(),
                    proxy=None,
                ) as websocket,
            ):
                yield websocket
        except ConnectionClosed as error:
            raise self._closed(error, call) from error
        except InvalidStatus as error:
            raise CallError(f"{_WHAT} answered {error.response.status_code}", verdict="refused") from error
        except WebSocketException as error:
            self._check_deadline()
            raise AnswerError(f"{_WHAT} answered something that is not a websocket: {type(error).__name__}") from error
        except TimeoutError:
            raise
        except OSError as error:
            self._check_deadline()
            raise call.ended_early("broke") from error

    def _closed(self, error: ConnectionClosed, call: QueueCall) -> Exception:
        if self._connection.deadline.passed:
            return timeout_error(_WHAT, self._connection.deadline)
        code = error.rcvd.code if error.rcvd is not None else error.sent.code if error.sent is not None else None
        if code == _TOO_BIG:
            return AnswerError(f"{_WHAT} answered more than {self._connection.limits.max_json_bytes} bytes at once")
        if code == _POLICY_VIOLATION:
            return CallError(
                "calling failed: the Space wants a login of its own",
                verdict="login_needed",
                hint="name the user with --auth-user NAME, and the variable that holds the password with --secret",
            )
        return call.ended_early()

    def _check_deadline(self) -> None:
        if self._connection.deadline.passed:
            raise timeout_error(_WHAT, self._connection.deadline)
