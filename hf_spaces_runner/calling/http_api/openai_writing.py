"""Lets a server like OpenAI's write a text, piece by piece where it can."""

from collections.abc import Iterable

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connection import Connection, Reply
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.event_stream import EventStream
from hf_spaces_runner.calling.http_api.media_type import plain_type
from hf_spaces_runner.calling.http_api.openai_errors import call_failed, raise_error
from hf_spaces_runner.calling.http_api.text_stream import Choice, TextStream
from hf_spaces_runner.calling.http_api.wire import json_body
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError

_EVENTS = "text/event-stream"
_DONE = b"[DONE]"


def write_text(connection: Connection, endpoint: str, body: dict[str, object], stream: TextStream) -> None:
    """Put into `stream` what the server writes; one that does not stream is waited for.

    Raises:
        SpaceFailedError: the server says that it failed.
        NoEndpointError: it has no such endpoint.
        CallTimeoutError: the deadline passed; the message says how far it had come.
        CallError: it refuses, or the connection was lost.
        AnswerError: it answers what OpenAI's would not, or more than allowed.
    """
    what = f"POST {endpoint}"
    try:
        with connection.stream("POST", endpoint, **json_body(body | {"stream": True})) as response:
            reply = Reply(what=what, status=response.status_code, raw=b"", limits=connection.limits)
            if not reply.ok:
                raise call_failed(connection.read(response, what), endpoint)
            if plain_type(response.headers.get("content-type", "")) == _EVENTS:
                chunks = connection.chunks(response, what, connection.limits.max_stream_bytes)
                _take_events(chunks, endpoint, connection.limits, stream)
            else:
                _take_whole(connection.read(response, what).json(), endpoint, stream)
    except CallTimeoutError as error:
        raise CallTimeoutError(f"{error}: {stream.standing}") from error


def _take_whole(content: object, endpoint: str, stream: TextStream) -> None:
    raise_error(content, endpoint)
    choice = Choice.read(content, endpoint)
    if choice is None:
        raise AnswerError(f"{endpoint} answered an empty list of choices")
    stream.take(choice)


def _take_events(chunks: Iterable[bytes], endpoint: str, limits: AnswerLimits, stream: TextStream) -> None:
    parser = EventStream(max_event_bytes=limits.max_json_bytes)
    for chunk in chunks:
        for event in parser.feed(chunk):
            if event.data.strip() == _DONE:
                return
            content = decode_json(event.data, endpoint, limits)
            raise_error(content, endpoint)
            stream.take(Choice.read(content, endpoint))
    if not stream.finished:
        raise CallError(
            f"the Space ended its stream before {endpoint} was done: {stream.standing}",
            verdict="connection_lost",
            hint="the Space may have crashed: look at its last log lines",
        )
