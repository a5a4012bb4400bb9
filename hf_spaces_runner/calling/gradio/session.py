"""Converses with one Gradio app: chooses the endpoint, uploads, calls by the best way there is, downloads."""

import secrets
from pathlib import Path

from hf_spaces_runner.calling.answer_files import AnswerFiles
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import ConnectedSession
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.direct import run_direct
from hf_spaces_runner.calling.gradio.downloads import Downloads
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.event_queue import EventQueue
from hf_spaces_runner.calling.gradio.printed_json import read_printed
from hf_spaces_runner.calling.gradio.queue_call import QueueCall
from hf_spaces_runner.calling.gradio.uploads import upload_files
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.errors import AnswerError


class GradioSession(ConnectedSession[GradioEndpoint]):
    """The `Session` for Gradio. What the app keeps of a visitor (State), and the chats that it shows, go on."""

    def __init__(self, connection: Connection, app: GradioApp, endpoints: tuple[GradioEndpoint, ...]) -> None:
        super().__init__(connection, endpoints)
        self._app = app
        self._session = secrets.token_hex(8)
        self._takes_direct_calls = not app.as_on_hub
        self._chats: dict[tuple[int, int], object] = {}

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the app answers to `call`. See `Session.call`."""
        connection, app = self._connection, self._app
        connection.until(deadline)
        endpoint, values = choose_and_tell(self._endpoints, call, on_progress)
        uploaded = upload_files(connection, app, endpoint.parameters, self._with_chats(endpoint, values))
        data = [None if position is None else uploaded[position] for position in endpoint.slots]
        answered = self._run(endpoint, data, on_progress, explain=call.explain)
        for position, parameter in endpoint.conversations:
            if position < len(answered):
                self._chats[endpoint.fn_index, parameter] = answered[position]
        downloads = Downloads(connection, app, AnswerFiles(scratch, connection.limits))
        answer = Answer(endpoint=endpoint.name, outputs=_read_outputs(endpoint, answered, downloads, connection.limits))
        on_progress(Progress(phase=Phase.CALL, message=f"{endpoint.name} answered", done=True))
        return answer

    def start_over(self) -> None:
        """Be another visitor. See `Session.start_over`."""
        self._session = secrets.token_hex(8)
        self._chats.clear()

    def _with_chats(self, endpoint: GradioEndpoint, values: tuple[object, ...]) -> list[object]:
        """Return `values` with each chat as it was after the last call, where the user gives none."""
        return [
            self._chats.get((endpoint.fn_index, position), value)
            if not value or value == endpoint.parameters[position].default
            else value
            for position, value in enumerate(values)
        ]

    def _run(
        self, endpoint: GradioEndpoint, data: list[object], on_progress: ProgressCallback, *, explain: bool
    ) -> list[object]:
        connection, app = self._connection, self._app
        if not endpoint.queued or (self._takes_direct_calls and not endpoint.generator):
            answered = run_direct(connection, app, endpoint, data, self._session)
            if answered is not None:
                _tell_way("directly", on_progress, explain=explain)
                return read_printed(app, endpoint, answered, connection.limits)
            self._takes_direct_calls = False
        _tell_way("over the app's queue", on_progress, explain=explain)
        call = QueueCall(app, endpoint, connection.limits, on_progress)
        if app.is_gradio_3:
            from hf_spaces_runner.calling.gradio.websocket_queue import (  # noqa: PLC0415 - no other version needs it
                WebsocketQueue,
            )

            return WebsocketQueue(connection, self._session).run(endpoint, data, call)
        return EventQueue(connection, app, self._session).run(endpoint, data, call)


def _tell_way(way: str, on_progress: ProgressCallback, *, explain: bool) -> None:
    if explain:
        on_progress(Progress(phase=Phase.CALL, message=f"called {way}", note=True))


def _read_outputs(
    endpoint: GradioEndpoint, answered: list[object], downloads: Downloads, limits: AnswerLimits
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
            plain, files = downloads.fetch(_without_update(value), returned.component)
            label = returned.label or returned.component
            outputs.append(AnswerOutput(label=label, component=returned.component, value=plain, files=files))
    return tuple(outputs)


def _without_update(value: object) -> object:
    """Return the value inside a `gr.update(...)`, which an app may return in place of one."""
    if isinstance(value, dict) and value.get("__type__") == "update":
        return value.get("value")
    return value
