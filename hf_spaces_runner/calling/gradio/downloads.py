"""Brings the user's files into a Gradio app, and the files of its answer into the scratch directory."""

import base64
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote, urlsplit

from hf_spaces_runner.calling.bind_inputs import UserFile
from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connection import Connection
from hf_spaces_runner.calling.gradio_queue import refused
from hf_spaces_runner.calling.gradio_schema import GradioApp
from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError, InvalidInputError

_URL = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_DRIVE = re.compile(r"[a-z]:[\\/]", re.IGNORECASE)
_FILE_KEYS = frozenset({"path", "url", "size", "orig_name", "mime_type", "is_stream", "meta"})
_MAX_PATH = 4096
_HTTP_OK = 200
_HTTP_TOO_LARGE = 413


def upload_files(connection: Connection, app: GradioApp, values: Sequence[object]) -> list[object]:
    """Return `values` with each `UserFile` uploaded, once, and replaced by what Gradio calls it.

    Raises:
        InvalidInputError: a file cannot be read, is no regular file, or is larger than the app takes.
        CallError: the upload failed; also as `Connection.stream`.
    """
    uploaded: dict[Path, dict[str, object]] = {}

    def replace(value: object) -> object:
        if isinstance(value, UserFile):
            if value.path not in uploaded:
                uploaded[value.path] = _upload(connection, app, value.path)
            return uploaded[value.path]
        if isinstance(value, dict):
            return {key: replace(item) for key, item in value.items()}
        return [replace(item) for item in value] if isinstance(value, list) else value

    return [replace(value) for value in values]


def _upload(connection: Connection, app: GradioApp, path: Path) -> dict[str, object]:
    name = safe_name(path.name, "file")
    with _opened(path, app.max_file_bytes) as file:
        reply = connection.post_file(f"{app.prefix}/upload", name, file)
    if reply.status == _HTTP_TOO_LARGE:
        raise InvalidInputError(f"the file {path} is larger than the Space takes")
    if not reply.ok:
        raise refused(reply, f"uploading {path}")
    paths = reply.json()
    if not isinstance(paths, list) or len(paths) != 1 or not isinstance(paths[0], str):
        raise AnswerError("the Space took an upload and did not say where it put it")
    return {"path": paths[0], "orig_name": name, "meta": {"_type": "gradio.FileData"}}


@contextmanager
def _opened(path: Path, max_bytes: int | None) -> Iterator[BinaryIO]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise InvalidInputError(f"{path} is not a file", hint="name a file, not a folder or a device")
        if max_bytes is not None and status.st_size > max_bytes:
            raise InvalidInputError(
                f"the file {path} has {format_size(status.st_size)}, the Space takes {format_size(max_bytes)} at most"
            )
        file = path.open("rb")
    except OSError as error:
        raise InvalidInputError(
            f"cannot read the file {path}: {error.strerror or error}", hint="check the path and its permissions"
        ) from error
    with file:
        yield file


class Downloads:
    """Fetches the files that an answer names, up to the limits.

    Each goes to `scratch/NUMBER`; the name that the Space gave it is only remembered. A file on another host is never
    asked for: it stays the URL that it is.
    """

    def __init__(self, connection: Connection, app: GradioApp, scratch: Path, limits: AnswerLimits) -> None:
        self._connection = connection
        self._app = app
        self._scratch = scratch
        self._limits = limits
        self._left_bytes = limits.max_total_bytes
        self._count = 0

    def fetch(self, value: object) -> tuple[object, tuple[AnswerFile, ...]]:
        """Return `value` with each file in it replaced by `{"file": NAME}`, and the files.

        Raises:
            AnswerError: too many files, too large, or one that the Space does not give.
            NoSpaceLeftError: the scratch directory's disk is full.
        """
        files: list[AnswerFile] = []

        def replace(item: object) -> object:
            if isinstance(item, dict):
                embedded = _embedded_image(item)
                if embedded is not None:
                    files.append(AnswerFile(path=self._write([embedded]), original_name="image"))
                    return {"file": "image"}
                if not self._is_file(item):
                    return {key: replace(child) for key, child in item.items()}
                request_path = self._request_path(item)
                if request_path is None:
                    return item.get("url") or item.get("path")
                name = _original_name(item)
                files.append(AnswerFile(path=self._download(request_path, name), original_name=name))
                return {"file": name}
            return [replace(child) for child in item] if isinstance(item, list) else item

        return replace(value), tuple(files)

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

    def _download(self, request_path: str, name: str) -> Path:
        what = f"the file {one_line(name, limit=80) or '(no name)'}"
        limit_bytes = min(self._limits.max_file_bytes, self._left_bytes)
        with self._connection.stream("GET", request_path) as response:
            if response.status_code != _HTTP_OK:
                raise AnswerError(f"the Space named {what} and does not give it: {response.status_code}")
            return self._write(self._connection.chunks(response, what, limit_bytes))

    def _write(self, chunks: Iterable[bytes]) -> Path:
        if self._count >= self._limits.max_files:
            raise AnswerError(f"the Space answered with more than {self._limits.max_files} files")
        self._count += 1
        target = self._scratch / f"{self._count}"
        with disk_errors(target), target.open("xb") as file:
            for chunk in chunks:
                self._left_bytes -= file.write(chunk)
        return target


def _embedded_image(value: dict[str, object]) -> bytes | None:
    """Return the image that a Plot holds as a `data:` URL; it was counted as JSON already."""
    plot = value.get("plot")
    if not isinstance(plot, str):
        return None
    head, _, encoded = plot.partition(",")
    if not head.startswith("data:image/") or not head.endswith(";base64"):
        return None
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return None


def _original_name(file: dict[str, object]) -> str:
    name = file.get("orig_name")
    if not isinstance(name, str) or not name:
        source = file.get("path") or file.get("url")
        name = re.split(r"[/\\]", source)[-1] if isinstance(source, str) else ""
    return name[:_MAX_PATH]
