"""Brings the files of a Gradio app's answer into the scratch directory."""

import re
from urllib.parse import quote, urlsplit

from hf_spaces_runner.calling.answer_files import AnswerFiles, embedded
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.gradio.app import GradioApp
from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError

_URL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
_FILE_KEYS = frozenset({"path", "url", "size", "orig_name", "mime_type", "is_stream", "meta"})
_MAX_PATH = 4096
_IN_TEXT = frozenset({"image", "gallery", "annotatedimage", "imageeditor", "sketchpad", "paint"})
"""The components whose images Gradio 3 writes into its answer, as `data:` URLs."""
_HTTP_OK = 200


class Downloads:
    """Fetches the files that an answer names, up to the limits.

    A file on another host is never asked for: it stays the URL that it is.
    """

    def __init__(self, connection: Connection, app: GradioApp, files: AnswerFiles) -> None:
        self._connection = connection
        self._app = app
        self._files = files

    def fetch(self, value: object, component: str = "") -> tuple[object, tuple[AnswerFile, ...]]:
        """Return `value`, an output of `component`, with each file in it replaced by `{"file": NAME}`, and the files.

        Raises:
            AnswerError: too many files, too large, or one that the Space does not give.
            NoSpaceLeftError: the scratch directory's disk is full.
        """
        files: list[AnswerFile] = []
        images_in_text = self._app.is_gradio_3 and component.casefold() in _IN_TEXT

        def keep(file: AnswerFile) -> object:
            files.append(file)
            return {"file": file.original_name}

        def replace(item: object) -> object:  # noqa: PLR0911 - one return a form
            if isinstance(item, str):
                image = embedded(item) if images_in_text else None
                return item if image is None else keep(self._files.write([image], "image"))
            if isinstance(item, list):
                return [replace(child) for child in item]
            if not isinstance(item, dict):
                return item
            plot = item.get("plot")
            image = embedded(plot) if isinstance(plot, str) and plot.startswith("data:image/") else None
            if image is not None:
                return keep(self._files.write([image], "image"))
            if self._app.is_gradio_3 and _is_file_of_gradio_3(item):
                file = self._file_of_gradio_3(item)
                return item.get("name") if file is None else keep(file)
            if not self._is_file(item):
                return {key: replace(child) for key, child in item.items()}
            request_path = self._request_path(item)
            if request_path is None:
                return item.get("url") or item.get("path")
            return keep(self._download(request_path, _original_name(item)))

        return replace(value), tuple(files)

    def _file_of_gradio_3(self, item: dict[str, object]) -> AnswerFile | None:
        """Return the file, which Gradio 3 names or writes into its answer; None where it lies elsewhere."""
        path, data = item.get("name"), item.get("data")
        name = _original_name({"orig_name": item.get("orig_name"), "path": path})
        content = embedded(data) if isinstance(data, str) else None
        if content is not None:
            return self._files.write([content], name or "file")
        request_path = self._request_path({"path": path})
        return None if request_path is None else self._download(request_path, name)

    def _is_file(self, value: dict[str, object]) -> bool:
        if not isinstance(value.get("path"), str) and not isinstance(value.get("url"), str):
            return False
        meta = value.get("meta")
        if isinstance(meta, dict) and meta.get("_type") == "gradio.FileData":
            return True
        return not self._app.marks_files and {"path", "orig_name"} <= value.keys() <= _FILE_KEYS

    def _request_path(self, file: dict[str, object]) -> str | None:
        """Return the path to ask this Space for, or None where the file lies elsewhere."""
        path, url = file.get("path"), file.get("url")
        if file.get("is_stream") is True and isinstance(url, str):
            return self._own_path(url)
        if isinstance(path, str) and path and (not _URL.match(path) or _DRIVE.match(path)):
            if len(path) > _MAX_PATH:
                raise AnswerError(f"the Space named a file by a path of {len(path)} characters")
            return f"{self._app.prefix}/file={quote(path, safe='/', errors='replace')}"
        return self._own_path(url) if isinstance(url, str) else None

    def _own_path(self, url: str) -> str | None:
        """Return the path of a URL at which this Space serves files; None for any other."""
        try:
            split, own = urlsplit(url[:_MAX_PATH]), urlsplit(self._connection.base_url)
        except ValueError:
            return None
        served = (f"{self._app.prefix}/file=", f"{self._app.prefix}/stream/")
        if (split.scheme, split.netloc) != (own.scheme, own.netloc) or not split.path.startswith(served):
            return None
        return quote(split.path, safe="/=%", errors="replace")

    def _download(self, request_path: str, name: str) -> AnswerFile:
        what = f"the file {one_line(name, limit=80) or '(no name)'}"
        with self._connection.stream("GET", request_path) as response:
            if response.status_code != _HTTP_OK:
                raise AnswerError(f"the Space named {what} and does not give it: {response.status_code}")
            return self._files.write(self._connection.chunks(response, what, self._files.limit_bytes), name)


def _is_file_of_gradio_3(value: dict[str, object]) -> bool:
    return isinstance(value.get("name"), str) and value.get("is_file") in (True, False) and "data" in value


def _original_name(file: dict[str, object]) -> str:
    name = file.get("orig_name")
    if not isinstance(name, str) or not name:
        source = file.get("path") or file.get("url")
        name = re.split(r"[/\\]", source)[-1] if isinstance(source, str) else ""
    return name[:_MAX_PATH]
