"""Brings the user's files into a Gradio app."""

import base64
import mimetypes
from collections.abc import Sequence

from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.endpoint import Parameter
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.calling.user_file import UserBytes, UserFile, UserUrl, opened_file
from hf_spaces_runner.errors import AnswerError, InvalidInputError

_HTTP_TOO_LARGE = 413
_BY_TEXT = frozenset({"image", "sketchpad", "paint", "imagemask"})
"""The components that Gradio 3 takes as `data:` URLs, and not as uploaded files."""


def upload_files(
    connection: Connection, app: GradioApp, parameters: Sequence[Parameter], values: Sequence[object]
) -> list[object]:
    """Return `values`, one for each of `parameters`, with each file uploaded, once, and replaced by its Gradio form.

    Raises:
        InvalidInputError: a file cannot be read, is no regular file, or is larger than the app takes.
        CallError: the upload failed; also as `Connection.stream`.
    """
    uploaded: dict[UserFile | UserBytes, dict[str, object]] = {}

    def replace(value: object, *, by_text: bool) -> object:
        if isinstance(value, UserUrl):
            return _named_by_url(app, value)
        if isinstance(value, UserFile | UserBytes):
            if by_text:
                return _as_text(value, app)
            if value not in uploaded:
                uploaded[value] = _upload(connection, app, value)
            return uploaded[value]
        if isinstance(value, dict):
            return {key: replace(item, by_text=by_text) for key, item in value.items()}
        return [replace(item, by_text=by_text) for item in value] if isinstance(value, list) else value

    return [
        replace(value, by_text=app.is_gradio_3 and parameter.component.casefold() in _BY_TEXT)
        for parameter, value in zip(parameters, values, strict=True)
    ]


def _named_by_url(app: GradioApp, value: UserUrl) -> dict[str, object]:
    if app.is_gradio_3:
        raise InvalidInputError(
            f"this Space runs on Gradio {app.version[0]}, which fetches no address itself",
            hint="download the file, and give it with -i NAME=@PATH",
        )
    return {"path": value.url, "url": value.url, "meta": {"_type": "gradio.FileData"}}


def _upload(connection: Connection, app: GradioApp, given: UserFile | UserBytes) -> dict[str, object]:
    with opened_file(given, app.max_file_bytes) as (name, file):
        reply = connection.post_file(f"{app.prefix}/upload", name, file)
    if reply.status == _HTTP_TOO_LARGE:
        raise InvalidInputError(f"the file {name} is larger than the Space takes")
    if not reply.ok:
        raise refused(reply, f"uploading {name}")
    paths = reply.json()
    if not isinstance(paths, list) or len(paths) != 1 or not isinstance(paths[0], str):
        raise AnswerError("the Space took an upload and did not say where it put it")
    if app.is_gradio_3:
        return {"name": paths[0], "data": None, "is_file": True, "orig_name": name}
    return {"path": paths[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}


def _as_text(given: UserFile | UserBytes, app: GradioApp) -> str:
    with opened_file(given, app.max_file_bytes) as (name, file):
        encoded = base64.b64encode(file.read()).decode()
    return f"data:{mimetypes.guess_type(name)[0] or 'application/octet-stream'};base64,{encoded}"
