"""Calls a function without the queue: one request, one answer."""

from hf_spaces_runner.calling.connection import Connection, Reply
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.gradio.app_errors import space_failed
from hf_spaces_runner.calling.gradio.endpoint import GradioEndpoint
from hf_spaces_runner.calling.gradio.queue_call import outputs_of
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.errors import AnswerError

_CLOSED = frozenset({401, 404, 405})
"""What Gradio answers for a function whose app wants it in the queue (`api_open` of `Blocks.queue`), by version."""


def run_direct(
    connection: Connection, app: GradioApp, endpoint: GradioEndpoint, data: list[object], session: str
) -> list[object] | None:
    """Return what `endpoint` answers to `POST run`; None where the app wants it in the queue.

    Raises:
        SpaceFailedError: the function raised.
        CallTimeoutError: the deadline passed.
        CallError: the app refuses, or the connection was lost.
        AnswerError: the answer is not what Gradio sends, or larger than allowed.
    """
    # `fn_index` says which; Gradio wants some name in the path all the same.
    name = endpoint.name if not endpoint.name[1:].isdigit() else "/predict"
    body = {"data": data, "fn_index": endpoint.fn_index, "session_hash": session}
    reply = connection.post_json(f"{app.prefix}/run{name}", body)
    if reply.ok:
        return outputs_of(endpoint.name, reply.json())
    if endpoint.queued and reply.status in _CLOSED:
        return None
    answered = _json_or_none(reply)
    if isinstance(answered, dict) and "error" in answered:
        raise space_failed(endpoint.name, answered)
    raise refused(reply, f"calling {endpoint.name}")


def _json_or_none(reply: Reply) -> object:
    try:
        return reply.json()
    except AnswerError:
        return None
