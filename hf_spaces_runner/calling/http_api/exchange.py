"""Sends one request to a Space and reads its answer as what it is: JSON, text or a file."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from hf_spaces_runner.calling.answer_files import AnswerFiles
from hf_spaces_runner.calling.connection import Connection, Reply
from hf_spaces_runner.calling.http_api.media_type import extension_of, is_json, is_text, plain_type
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.domain.answer import AnswerFile
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, CallError, SpaceFailedError

_HTTP_SERVER_ERROR = 500
_HTTP_BUSY = 503
_SAYS_NOTHING = frozenset({"", "internal server error"})
_MAX_HEADER = 2000
_FILENAME = re.compile(
    r"""filename\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|(?P<token>[^;\s"]+))|filename\*\s*=\s*[\w-]*'[^']*'(?P<coded>[^;\s]+)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent: `path` is percent-encoded, `body` is as httpx takes it."""

    method: str
    path: str
    query: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The request in the words of messages."""
        return f"{self.method} {one_line(self.path)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """An answer: decoded JSON, a text, or a file. `media_type` is what the Space calls it, empty where it does not."""

    media_type: str
    value: object = None
    is_text: bool = False
    file: AnswerFile | None = None


def exchange(connection: Connection, request: Request, files: AnswerFiles, action: str) -> Body:
    """Return what the Space answers to `request`; `action` is what it is sent for.

    Many apps call JSON a text: a text that is an object or a list of JSON is read as that.

    Raises:
        SpaceFailedError: the app says that it failed.
        CallError: the Space refuses; also as `Connection.stream`.
        AnswerError: the answer is not what it is said to be, or more than allowed.
    """
    with connection.stream(request.method, request.path, params=request.query or None, **request.body) as response:
        type_ = plain_type(response.headers.get("content-type", ""))
        reply = Reply(what=request.what, status=response.status_code, raw=b"", limits=connection.limits)
        if not reply.ok:
            raise failed(connection.read(response, request.what), action)
        if is_json(type_) or is_text(type_) or not type_:
            return _read(connection.read(response, request.what), type_)
        name = _name(response.headers.get("content-disposition", ""), type_)
        chunks = connection.chunks(response, request.what, files.limit_bytes)
        return Body(media_type=type_, file=files.write(chunks, name))


def failed(reply: Reply, action: str) -> CallError:
    """Return the error for `reply`, which is not one of success and ended `action`."""
    if reply.status < _HTTP_SERVER_ERROR or reply.status == _HTTP_BUSY:
        return refused(reply, action)
    said = reply.detail
    if said.casefold() in _SAYS_NOTHING:
        return SpaceFailedError(
            f"{action} failed: {reply.what} answered {reply.status}, and the app hides why",
            verdict="space_error_hidden",
            hint="the Space's log says more: hfsr run -v shows it",
        )
    return SpaceFailedError(f"{action} failed: the app answered {reply.status}: {said}")


def _read(reply: Reply, type_: str) -> Body:
    if not reply.raw.strip():
        return Body(media_type=type_)
    if is_json(type_):
        return Body(media_type=type_, value=reply.json())
    if reply.raw.lstrip()[:1] in (b"{", b"["):
        try:
            return Body(media_type=type_, value=reply.json())
        except AnswerError:
            pass  # a text may begin so as well
    return Body(media_type=type_, value=reply.raw.decode(errors="replace"), is_text=True)


def _name(disposition: str, type_: str) -> str:
    """Return the name that the Space gives the file it answers, whatever it may be."""
    found = {
        kind: text
        for match in _FILENAME.finditer(disposition[:_MAX_HEADER])
        for kind, text in match.groupdict().items()
        if text
    }
    if "coded" in found:
        return unquote(found["coded"], errors="replace")
    name = found.get("quoted", found.get("token", ""))
    return re.sub(r"\\(.)", r"\1", name) or f"answer{extension_of(type_)}"
