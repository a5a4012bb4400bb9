"""Speaks the queue of Gradio 4 to 6: a place taken by a request, and server-sent events about it."""

import time
from collections.abc import Generator
from contextlib import closing, suppress

from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.event_stream import EventStream
from hf_spaces_runner.calling.gradio.app import GradioApp, Protocol
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.queue_call import Message, QueueCall, read_message
from hf_spaces_runner.calling.http_errors import timeout_error
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError

_CANCEL_S = 1.0
_HTTP_OK = 200


class EventQueue:
    """The queue of one app, for one session.

    Gradio 4.9 and later take the data with the place in the queue (`sse_v1` to `sse_v3`); the first releases of Gradio
    4 (`sse`) open the events first, and ask for the data when it is the call's turn.
    """

    def __init__(self, connection: Connection, app: GradioApp, session: str) -> None:
        self._connection = connection
        self._app = app
        self._session = session

    def run(self, endpoint: GradioEndpoint, data: list[object], call: QueueCall) -> list[object]:
        """Return what `endpoint` answers to `data`; `call` follows it there.

        When the deadline passes or the user interrupts, the app is asked to stop, for a second at most.

        Raises:
            SpaceFailedError: the function raised.
            CallTimeoutError: the deadline passed; the message says how far the call had come.
            CallError: the queue is full, the app refuses, or the connection was lost.
            AnswerError: the stream is not what Gradio sends, or larger than allowed.
        """
        early = self._app.protocol is Protocol.SSE
        event_id = None if early else self._join(endpoint, data)
        try:
            if early:
                return self._listen_and_send(endpoint, data, call)
            return self._listen(event_id, call)
        except CallTimeoutError as error:
            self._cancel(endpoint, event_id)
            where = timeout_error(endpoint.name, self._connection.deadline)
            raise CallTimeoutError(f"{where}: {call.standing}") from error
        except KeyboardInterrupt:
            self._cancel(endpoint, event_id)
            raise

    def _join(self, endpoint: GradioEndpoint, data: list[object]) -> str:
        body = {"data": data, "fn_index": endpoint.fn_index, "session_hash": self._session}
        reply = self._connection.post_json(f"{self._app.prefix}/queue/join", body)
        if not reply.ok:
            raise refused(reply, f"calling {endpoint.name}")
        joined = reply.json()
        event_id = joined.get("event_id") if isinstance(joined, dict) else None
        if not isinstance(event_id, str):
            raise AnswerError(f"the queue took the call to {endpoint.name} and gave no event_id")
        return event_id

    def _listen(self, event_id: str | None, call: QueueCall) -> list[object]:
        with closing(self._messages("/queue/data", {"session_hash": self._session})) as messages:
            for message in messages:
                if message.content.get("event_id") in (None, event_id):
                    outputs = call.take(message)
                    if outputs is not None:
                        return outputs
        raise call.ended_early()

    def _listen_and_send(self, endpoint: GradioEndpoint, data: list[object], call: QueueCall) -> list[object]:
        place = {"fn_index": str(endpoint.fn_index), "session_hash": self._session}
        with closing(self._messages("/queue/join", place)) as messages:
            for message in messages:
                if message.kind == "send_data":
                    self._send(endpoint, data, message)
                    continue
                outputs = call.take(message)
                if outputs is not None:
                    return outputs
        raise call.ended_early()

    def _send(self, endpoint: GradioEndpoint, data: list[object], message: Message) -> None:
        body = {
            "event_id": message.content.get("event_id"),
            "data": data,
            "fn_index": endpoint.fn_index,
            "session_hash": self._session,
        }
        reply = self._connection.post_json(f"{self._app.prefix}/queue/data", body)
        if not reply.ok:
            raise refused(reply, f"calling {endpoint.name}")

    def _messages(self, path: str, query: dict[str, str]) -> Generator[Message, None, None]:
        path = f"{self._app.prefix}{path}"
        what = f"GET {path}"
        connection = self._connection
        limits = connection.limits
        parser = EventStream(max_event_bytes=limits.max_json_bytes)
        with connection.stream("GET", path, params=query) as response:
            if response.status_code != _HTTP_OK:
                raise CallError(f"{what} answered {response.status_code}", verdict="refused")
            type_ = response.headers.get("content-type", "no type")
            if not type_.lower().startswith("text/event-stream"):
                raise AnswerError(f"{what} answered {one_line(type_)}, no events")
            for chunk in connection.chunks(response, what, limits.max_stream_bytes):
                for event in parser.feed(chunk):
                    if connection.deadline.passed:
                        raise timeout_error(what, connection.deadline)
                    yield read_message(event.data, what, limits)

    def _cancel(self, endpoint: GradioEndpoint, event_id: str | None) -> None:
        """Ask the app to stop (Gradio 4.31 and later do); whatever comes of it, the caller's own error counts."""
        if event_id is None:
            return  # the app notices that nobody listens any more
        body = {"fn_index": endpoint.fn_index, "session_hash": self._session, "event_id": event_id}
        deadline = Deadline.after(_CANCEL_S, time.monotonic)
        connection = self._connection
        again = Connection(connection.base_url, deadline, connection.limits, remote=connection.remote)
        with suppress(RunnerError), again as own:
            own.post_json(f"{self._app.prefix}/cancel", body)
