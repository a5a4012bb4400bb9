"""Calls a Space that describes its API by OpenAPI, as FastAPI apps do."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.calling.answer_files import AnswerFiles
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import ConnectedSession, basic, connecting
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.calling.http_api.exchange import Body, exchange
from hf_spaces_runner.calling.http_api.openapi_schema import read_openapi
from hf_spaces_runner.calling.http_api.operation import OperationEndpoint
from hf_spaces_runner.calling.http_api.operation_request import build_request
from hf_spaces_runner.calling.http_api.outputs import output_of, output_of_body
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.errors import AnswerError, NoEndpointError

_DESCRIPTION = "/openapi.json"
_HTTP_NOT_FOUND = 404


class OpenApiCaller:
    """The `Caller` for the kind `openapi`.

    Args:
        limits: how much an answer may be.
        remote: how Spaces are reached that are not on this machine.
    """

    def __init__(self, limits: AnswerLimits | None = None, *, remote: Remote | None = None) -> None:
        self._limits = limits if limits is not None else AnswerLimits()
        self._remote = remote

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> "OpenApiSession":
        """Return a conversation with the Space at `base_url`; `description` is `/openapi.json`. See `Caller.open`."""
        limits = self._limits
        with connecting(base_url, deadline, limits, remote=self._remote) as connection:
            if login is not None:
                connection.authorize(basic(login))
            document = decode_json(
                description or _fetch_description(connection),
                f"GET {_DESCRIPTION}",
                replace(limits, max_json_weight=limits.max_schema_weight),
            )
            endpoints = read_openapi(document)
            if not endpoints:
                raise NoEndpointError("the Space's OpenAPI description has no operation")
            return OpenApiSession(connection, endpoints)


class OpenApiSession(ConnectedSession[OperationEndpoint]):
    """The `Session` for the kind `openapi`."""

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the Space answers to `call`. See `Session.call`."""
        connection = self._connection
        connection.until(deadline)
        operation, values = choose_and_tell(self._endpoints, call, on_progress)
        files = AnswerFiles(scratch, connection.limits)
        with ExitStack() as stack:
            request = build_request(operation, values, stack)
            body = exchange(connection, request, files, f"calling {operation.name}")
        answer = Answer(endpoint=operation.name, outputs=_outputs(operation, body, files, connection.limits))
        on_progress(Progress(phase=Phase.CALL, message=f"{operation.name} answered", done=True))
        return answer


def _fetch_description(connection: Connection) -> bytes:
    reply = connection.get(_DESCRIPTION)
    if reply.status == _HTTP_NOT_FOUND:
        raise NoEndpointError(f"the Space does not describe its API: GET {_DESCRIPTION} answered 404")
    if not reply.ok:
        raise refused(reply, "reading the Space's OpenAPI description")
    return reply.raw


def _outputs(
    operation: OperationEndpoint, body: Body, files: AnswerFiles, limits: AnswerLimits
) -> tuple[AnswerOutput, ...]:
    """Return one output for each property that the answer should have or has besides, else the answer as one."""
    value = body.value
    if not isinstance(value, dict) or not any(label in value for label in operation.labels):
        return (output_of_body("answer", body, files),)
    if len(value) > limits.max_outputs:
        raise AnswerError(f"{operation.name} answered with more than {limits.max_outputs} outputs")
    labels = [
        *(label for label in operation.labels if label in value),
        *(key for key in value if key not in operation.labels),
    ]
    return tuple(output_of(label, value[label], files) for label in labels)
