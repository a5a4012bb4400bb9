"""Sends data to an endpoint, through the queue or directly, and waits for what it returns.

The protocol is that of `gradio_client` for `sse_v1` to `sse_v3`. A generator's intermediate outputs (whole up to
`sse_v1`, differences since `sse_v2`) are counted and dropped: the last message repeats the final output in full.
"""

import json
import re
import secrets
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from hf_spaces_runner.calling.connection import Connection, Reply
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.event_stream import EventStream
from hf_spaces_runner.calling.http_errors import timeout_error
from hf_spaces_runner.calling.queue_progress import QueueProgress
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.terminal import one_line, printable
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError, SpaceFailedError

_CANCEL_S = 1.0
_LITERAL = re.compile(r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"")
_ESCAPE = re.compile(r"\\(['\"\\nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")
_ESCAPED = {"'": "'", '"': '"', "\\": "\\", "n": "\n", "r": "\r", "t": "\t"}
_MAX_MESSAGE = 4000
_MAX_QUOTED = 10 * _MAX_MESSAGE
_HTTP_OK = 200
_HTTP_BUSY = 503
_HTTP_TOO_MANY = 429
_HTTP_UNAUTHORIZED = frozenset({401, 403})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ticket:
    """A place in an app's queue."""

    prefix: str
    endpoint: Endpoint
    session: str
    event_id: str


def run_direct(connection: Connection, prefix: str, endpoint: Endpoint, data: list[object]) -> list[object]:
    """Return what `endpoint`, which is not queued, answers to `POST run`; raises as `run_queued` does."""
    body = {"data": data, "fn_index": endpoint.fn_index, "session_hash": secrets.token_hex(8)}
    reply = connection.post_json(f"{prefix}/run{endpoint.name}", body)
    if not reply.ok:
        answered = _json_or_none(reply)
        if isinstance(answered, dict) and "error" in answered:
            raise _space_failed(endpoint, answered)
        raise refused(reply, f"calling {endpoint.name}")
    return _data(endpoint, reply.json())


def run_queued(
    connection: Connection, prefix: str, endpoint: Endpoint, data: list[object], on_progress: ProgressCallback
) -> list[object]:
    """Return what `endpoint` answers to `data`, after waiting in the app's queue.

    When the deadline passes or the user interrupts, the app is asked to stop, for a second at most.

    Raises:
        SpaceFailedError: the function raised.
        CallTimeoutError: the deadline passed; the message says how far the call had come.
        CallError: the queue is full, the app refuses, or the connection was lost.
        AnswerError: the stream is not what Gradio sends, or larger than allowed.
    """
    session = secrets.token_hex(8)
    body = {"data": data, "fn_index": endpoint.fn_index, "session_hash": session}
    reply = connection.post_json(f"{prefix}/queue/join", body)
    if not reply.ok:
        raise refused(reply, f"calling {endpoint.name}")
    joined = reply.json()
    event_id = joined.get("event_id") if isinstance(joined, dict) else None
    if not isinstance(event_id, str):
        raise AnswerError(f"the queue took the call to {endpoint.name} and gave no event_id")
    ticket = _Ticket(prefix=prefix, endpoint=endpoint, session=session, event_id=event_id)
    progress = QueueProgress(endpoint.name, on_progress)
    try:
        return _data(endpoint, _listen(connection, ticket, progress))
    except CallTimeoutError as error:
        _cancel(connection, ticket)
        raise CallTimeoutError(f"{timeout_error(endpoint.name, connection.deadline)}: {progress.standing}") from error
    except KeyboardInterrupt:
        _cancel(connection, ticket)
        raise


def refused(reply: Reply, action: str) -> CallError:
    """Return the error for an answer that is not one of success."""
    said = f": {reply.detail}" if reply.detail else ""
    if reply.status in _HTTP_UNAUTHORIZED:
        return CallError(
            f"{action} failed: the Space wants a login of its own ({reply.status}{said})",
            verdict="login_needed",
            hint="a Space with its own login cannot be called",
        )
    if reply.status in (_HTTP_BUSY, _HTTP_TOO_MANY):
        return CallError(
            f"{action} failed: the Space's queue is full ({reply.status}{said})", verdict="queue_full", hint="try again"
        )
    return CallError(f"{action} failed: {reply.what} answered {reply.status}{said}", verdict="refused")


def _listen(connection: Connection, ticket: _Ticket, progress: QueueProgress) -> object:
    path = f"{ticket.prefix}/queue/data"
    endpoint = ticket.endpoint
    limits = connection.limits
    what = f"GET {path}"
    parser = EventStream(max_event_bytes=limits.max_json_bytes)
    events = 0
    with connection.stream("GET", path, params={"session_hash": ticket.session}) as response:
        if response.status_code != _HTTP_OK:
            raise CallError(f"{what} answered {response.status_code}", verdict="refused")
        if not response.headers.get("content-type", "").lower().startswith("text/event-stream"):
            raise AnswerError(f"{what} answered {one_line(response.headers.get('content-type', 'no type'))}, no events")
        for chunk in connection.chunks(response, what, limits.max_stream_bytes):
            for event in parser.feed(chunk):
                events += 1
                if events > limits.max_stream_events:
                    raise AnswerError(f"the Space sent more than {limits.max_stream_events} events")
                if connection.deadline.passed:
                    raise timeout_error(what, connection.deadline)
                message = decode_json(event.data, what, limits)
                if not isinstance(message, dict):
                    raise AnswerError(f"{what} sent an event that is not an object")
                if message.get("event_id") in (None, ticket.event_id) and _is_last(message, endpoint, progress):
                    return message.get("output")
    raise CallError(
        f"the Space ended its stream before {endpoint.name} was done: {progress.standing}",
        verdict="connection_lost",
        hint="the Space may have crashed: look at its last log lines",
    )


def _is_last(message: Mapping[str, object], endpoint: Endpoint, progress: QueueProgress) -> bool:
    """Take one message of the queue; return whether it carries the result."""
    kind = message.get("msg")
    if kind == "process_completed":
        output = message.get("output")
        if message.get("success") is False or (isinstance(output, dict) and "error" in output):
            raise _space_failed(endpoint, output if isinstance(output, dict) else {})
        return True
    if kind == "unexpected_error":
        raise _space_failed(endpoint, {"error": message.get("message")})
    if kind == "queue_full":
        raise CallError("the Space's queue is full", verdict="queue_full", hint="try again")
    if kind in ("close_stream", "Server stopped unexpectedly."):
        raise CallError(
            f"the Space closed its stream before {endpoint.name} was done: {progress.standing}",
            verdict="connection_lost",
        )
    progress.take(message)
    return False


def _space_failed(endpoint: Endpoint, output: Mapping[str, object]) -> SpaceFailedError:
    error = output.get("error")
    if error is None or error == "":
        return SpaceFailedError(
            f"{endpoint.name} failed: the app raised an error and hides its text",
            verdict="space_error_hidden",
            hint="the Space's log says more: hfsr run -v shows it",
        )
    if isinstance(error, str):
        text = unquote_repr(error) if len(error) <= _MAX_QUOTED else error
    else:
        text = json.dumps(error, ensure_ascii=False)
    return SpaceFailedError(f"{endpoint.name} failed: {printable(text[:_MAX_MESSAGE]).strip()}")


def unquote_repr(text: str) -> str:
    r"""Return the text inside a Python string literal: Gradio 4 sends `repr(message)` for a `gr.Error`."""
    if not _LITERAL.fullmatch(text):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1]) or _character(match[1]), text[1:-1])


def _character(escape: str) -> str:
    code = int(escape[1:], 16)
    return chr(code) if code <= sys.maxunicode else "\ufffd"


def _data(endpoint: Endpoint, output: object) -> list[object]:
    data = output.get("data") if isinstance(output, dict) else None
    if not isinstance(data, list):
        raise AnswerError(f"{endpoint.name} answered without a list of outputs")
    return data


def _json_or_none(reply: Reply) -> object:
    try:
        return reply.json()
    except AnswerError:
        return None


def _cancel(connection: Connection, ticket: _Ticket) -> None:
    """Ask the app to stop (Gradio 4.31 and later do); whatever comes of it, the caller's own error counts."""
    body = {"fn_index": ticket.endpoint.fn_index, "session_hash": ticket.session, "event_id": ticket.event_id}
    deadline = Deadline.after(_CANCEL_S, time.monotonic)
    with suppress(RunnerError), Connection(connection.base_url, deadline, connection.limits) as own:
        own.post_json(f"{ticket.prefix}/cancel", body)
