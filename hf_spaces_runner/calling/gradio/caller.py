"""Calls Gradio apps of the versions 4.9 to 6 over their HTTP API."""

from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.choose_endpoint import choose_endpoint
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.gradio_files import Downloads, upload_files
from hf_spaces_runner.calling.gradio_queue import refused, run_direct, run_queued
from hf_spaces_runner.calling.gradio_schema import GradioApp, read_config, read_endpoints
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.errors import AnswerError, NoEndpointError

_HTTP_NOT_FOUND = 404


class GradioCaller:
    """The `Caller` for Gradio: schema, choice of the endpoint, upload, queue, download, over one connection.

    Args:
        limits: how much an answer may be.
    """

    def __init__(self, limits: AnswerLimits | None = None) -> None:
        self._limits = limits if limits is not None else AnswerLimits()

    def endpoints(self, base_url: str, deadline: Deadline) -> tuple[Endpoint, ...]:
        """Return the endpoints of the app at `base_url`.

        Raises:
            NoEndpointError: it is no Gradio app, or of a version that is not supported.
            CallError: the connection failed or the deadline passed.
            AnswerError: what it says of itself makes no sense.
        """
        with Connection(base_url, deadline, self._limits) as connection:
            return _read_app(connection, b"")[1]

    def call(
        self,
        base_url: str,
        call: Call,
        scratch: Path,
        deadline: Deadline,
        on_progress: ProgressCallback = ignore_progress,
        *,
        config: bytes = b"",
    ) -> Answer:
        """Return what the app at `base_url` answers to `call`, its files fetched into `scratch`.

        `config` is what `GET /config` answered a moment ago; without it, it is asked for.

        Raises:
            NoEndpointError: no endpoint, or several, can take the call.
            InvalidInputError: what is given does not fit the endpoint.
            SpaceFailedError: the app's own code raised.
            CallTimeoutError: the deadline passed.
            CallError: the connection failed, or the app refused.
            AnswerError: the answer cannot be used.
        """
        with Connection(base_url, deadline, self._limits) as connection:
            app, endpoints = _read_app(connection, config)
            endpoint, values = choose_endpoint(endpoints, call)
            on_progress(Progress(phase=Phase.CALL, message=f"calling {endpoint.name}"))
            uploaded = upload_files(connection, app, values)
            data = [None if position is None else uploaded[position] for position in endpoint.slots]
            if endpoint.queued:
                answered = run_queued(connection, app.prefix, endpoint, data, on_progress)
            else:
                answered = run_direct(connection, app.prefix, endpoint, data)
            downloads = Downloads(connection, app, scratch, self._limits)
            answer = Answer(endpoint=endpoint.name, outputs=_read_outputs(endpoint, answered, downloads, self._limits))
        on_progress(Progress(phase=Phase.CALL, message=f"{endpoint.name} answered", done=True))
        return answer


def _read_app(connection: Connection, config_json: bytes) -> tuple[GradioApp, tuple[Endpoint, ...]]:
    if not config_json:
        config_json = _get_config(connection)
    config = _decode_schema(config_json, "GET /config", connection.limits)
    app = read_config(config)
    reply = connection.get(f"{app.prefix}/info")
    if not reply.ok:
        raise refused(reply, "reading the Space's schema")
    endpoints = read_endpoints(config, _decode_schema(reply.raw, reply.what, connection.limits))
    if not endpoints:
        raise NoEndpointError(
            "the Space offers no endpoint: its API is closed", hint="it can only be used in a browser"
        )
    return app, endpoints


def _decode_schema(raw: bytes, what: str, limits: AnswerLimits) -> object:
    return decode_json(raw, what, replace(limits, max_json_weight=limits.max_schema_weight))


def _get_config(connection: Connection) -> bytes:
    reply = connection.get("/config")
    if reply.status == _HTTP_NOT_FOUND:
        raise NoEndpointError(
            "the Space is no Gradio app: GET /config answered 404", hint="only Gradio Spaces can be called so far"
        )
    if not reply.ok:
        raise refused(reply, "reading the Space's schema")
    return reply.raw


def _read_outputs(
    endpoint: Endpoint, answered: list[object], downloads: Downloads, limits: AnswerLimits
) -> tuple[AnswerOutput, ...]:
    if len(answered) > limits.max_outputs:
        raise AnswerError(f"{endpoint.name} answered with more than {limits.max_outputs} outputs")
    if len(answered) != len(endpoint.returns):
        raise AnswerError(
            f"{endpoint.name} answered {len(answered)} outputs where its schema names {len(endpoint.returns)}"
        )
    outputs = []
    for returned, value in zip(endpoint.returns, answered, strict=True):
        if not returned.hidden:
            plain, files = downloads.fetch(_without_update(value))
            label = returned.label or returned.component
            outputs.append(AnswerOutput(label=label, component=returned.component, value=plain, files=files))
    return tuple(outputs)


def _without_update(value: object) -> object:
    """Return the value inside a `gr.update(...)`, which an app may return in place of one."""
    if isinstance(value, dict) and value.get("__type__") == "update":
        return value.get("value")
    return value
