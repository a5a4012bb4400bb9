"""Calls a Space whose one endpoint its registry entry describes."""

import secrets
from pathlib import Path

from hf_spaces_runner.calling.answer_files import AnswerFiles
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import ConnectedSession, basic, connecting
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.endpoint import Endpoint, ParameterKind
from hf_spaces_runner.calling.http_api.exchange import Body, Request, exchange
from hf_spaces_runner.calling.http_api.given_files import in_base64
from hf_spaces_runner.calling.http_api.outputs import output_of, output_of_body
from hf_spaces_runner.calling.http_api.template import SESSION, fill_template, find_results, read_template
from hf_spaces_runner.calling.http_api.wire import json_body, query_of, url_path
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.api import Api
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError

_PAGE = "text/html"


class HttpCaller:
    """The `Caller` for the kind `http`.

    Args:
        api: what the registry says of the endpoint.
        limits: how much an answer may be.
        remote: how Spaces are reached that are not on this machine.
    """

    def __init__(self, api: Api, limits: AnswerLimits | None = None, *, remote: Remote | None = None) -> None:
        self._api = api
        self._limits = limits if limits is not None else AnswerLimits()
        self._remote = remote

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> "HttpSession":
        """Return a conversation with the Space at `base_url`, which is asked nothing. See `Caller.open`."""
        del description
        with connecting(base_url, deadline, self._limits, remote=self._remote) as connection:
            if login is not None:
                connection.authorize(basic(login))
            return HttpSession(connection, self._api)


class HttpSession(ConnectedSession[Endpoint]):
    """The `Session` for the kind `http`; `$session` is one name to its end."""

    def __init__(self, connection: Connection, api: Api) -> None:
        super().__init__(connection, (read_template(api),))
        self._api = api
        self._name = secrets.token_hex(8)

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the Space answers to `call`. See `Session.call`."""
        connection = self._connection
        connection.until(deadline)
        endpoint, values = choose_and_tell(self._endpoints, call, on_progress)
        request = self._request(endpoint, values)
        files = AnswerFiles(scratch, connection.limits)
        body = exchange(connection, request, files, f"calling {endpoint.name}")
        answer = Answer(endpoint=endpoint.name, outputs=self._outputs(body, request.what, files))
        on_progress(Progress(phase=Phase.CALL, message=f"{endpoint.name} answered", done=True))
        return answer

    def start_over(self) -> None:
        """Be another visitor. See `Session.start_over`."""
        self._name = secrets.token_hex(8)

    def _request(self, endpoint: Endpoint, values: tuple[object, ...]) -> Request:
        named: dict[str, object] = {SESSION: self._name}
        for parameter, value in zip(endpoint.parameters, values, strict=True):
            is_file = parameter.kind is ParameterKind.FILE and value is not None and value is not parameter.default
            named[parameter.name] = in_base64(value, parameter.name) if is_file else value
        filled = fill_template(self._api.request, named)
        path = url_path(self._api.path)
        if self._api.method == "GET":
            return Request(method="GET", path=path, query=query_of(filled if isinstance(filled, dict) else {}))
        return Request(method=self._api.method, path=path, body=json_body(filled))

    def _outputs(self, body: Body, what: str, files: AnswerFiles) -> tuple[AnswerOutput, ...]:
        results = self._api.results
        label = next(iter(results), "answer")
        if body.file is not None:
            return (output_of_body(label, body, files),)
        if body.is_text:
            if body.media_type == _PAGE and any(results.values()):
                raise AnswerError(
                    f"{what} answered a web page where JSON was expected: {one_line(str(body.value), limit=80)}",
                    hint="correct api.path of the Space's registry entry",
                )
            return (output_of_body(label, body, files),)
        return tuple(output_of(name, value, files) for name, value in find_results(body.value, results, what))
