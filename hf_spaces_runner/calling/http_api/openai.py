"""Calls a Space or a model server that speaks as OpenAI's does: vLLM, llama.cpp, Ollama, text-generation-inference."""

from contextlib import nullcontext
from pathlib import Path

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.connected_session import ConnectedSession, connecting
from hf_spaces_runner.calling.connection import Connection, Reply
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.http_api.chat_history import ChatHistory, Message
from hf_spaces_runner.calling.http_api.given_files import as_data_url
from hf_spaces_runner.calling.http_api.model_errors import model_errors
from hf_spaces_runner.calling.http_api.openai_endpoints import (
    CHAT,
    EMBEDDING,
    EMBEDDINGS,
    ENDPOINTS,
    IMAGES,
    MAX_TOKENS,
    MODEL,
    MODELS,
    PROMPT,
    SYSTEM,
    TEXT,
    request_body,
    user_message,
)
from hf_spaces_runner.calling.http_api.openai_errors import call_failed, raise_error
from hf_spaces_runner.calling.http_api.openai_writing import write_text
from hf_spaces_runner.calling.http_api.text_stream import TextStream
from hf_spaces_runner.calling.refused import refused
from hf_spaces_runner.calling.remote import Remote
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.calling.user_file import UserUrl
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.errors import AnswerError

_UNAUTHORIZED = frozenset({401, 403})


class OpenAiCaller:
    """The `Caller` for the kind `openai`.

    Args:
        limits: how much an answer may be.
        model: the model that was chosen, on a server that is no Space; failures are told in its words. None asks the
            server, and takes its first, for calls that name none.
        max_tokens: how much a text may be, for calls that do not say; None leaves that to the server.
        remote: how Spaces are reached that are not on this machine.
    """

    def __init__(
        self,
        limits: AnswerLimits | None = None,
        *,
        model: str | None = None,
        max_tokens: int | None = None,
        remote: Remote | None = None,
    ) -> None:
        self._limits = limits if limits is not None else AnswerLimits()
        self._model = model
        self._max_tokens = max_tokens
        self._remote = remote

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> "OpenAiSession":
        """Return a conversation with the server at `base_url`; a password is its API key. See `Caller.open`."""
        del description
        with connecting(base_url, deadline, self._limits, remote=self._remote) as connection:
            if login is not None:
                connection.authorize(f"Bearer {login.password.reveal()}")
            return OpenAiSession(connection, model=self._model, max_tokens=self._max_tokens)


class OpenAiSession(ConnectedSession[Endpoint]):
    """The `Session` for the kind `openai`: what was said in the chat is sent again with each call."""

    def __init__(self, connection: Connection, *, model: str | None = None, max_tokens: int | None = None) -> None:
        super().__init__(connection, ENDPOINTS)
        self._history = ChatHistory(connection.limits.max_json_bytes)
        self._model = model
        self._models: list[str] | None = None
        self._max_tokens = max_tokens

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the server answers to `call`. See `Session.call`."""
        del scratch  # it answers no files
        with model_errors(self._model, self._connection.base_url) if self._model is not None else nullcontext():
            return self._call(call, deadline, on_progress)

    def start_over(self) -> None:
        """Be another visitor. See `Session.start_over`."""
        self._history.clear()

    def _call(self, call: Call, deadline: Deadline, on_progress: ProgressCallback) -> Answer:
        self._connection.until(deadline)
        endpoint, values = choose_and_tell(self._endpoints, call, on_progress)
        given = dict(zip((parameter.name for parameter in endpoint.parameters), values, strict=True))
        asked = user_message(given.get(PROMPT), _image_urls(given.get(IMAGES)))
        body = request_body(given, self._default_model() if given.get(MODEL) is None else None)
        if endpoint.name == EMBEDDINGS:
            output = AnswerOutput(label=EMBEDDING, component="JSON", value=self._embed(body))
        else:
            if self._max_tokens is not None:
                body.setdefault(MAX_TOKENS, self._max_tokens)
            stream = TextStream(endpoint.name, self._connection.limits, on_progress)
            if endpoint.name == CHAT:
                del body[PROMPT]
                body["messages"] = self._history.messages(asked, given.get(SYSTEM))
            write_text(self._connection, endpoint.name, body, stream)
            if endpoint.name == CHAT:
                self._history.remember(asked, stream.text)
            output = AnswerOutput(label=TEXT, component="Textbox", value=stream.text)
        on_progress(Progress(phase=Phase.CALL, message=f"{endpoint.name} answered", done=True))
        return Answer(endpoint=endpoint.name, outputs=(output,))

    def _default_model(self) -> str | None:
        """Return the model that was chosen, else the first that the server names, if it does: not all need one."""
        if self._model is not None:
            return self._model
        if self._models is None:
            reply = self._connection.get(MODELS)
            if reply.status in _UNAUTHORIZED:
                raise refused(reply, "asking for the models")
            self._models = _models_in(reply) if reply.ok else []
        return next(iter(self._models), None)

    def _embed(self, body: Message) -> object:
        reply = self._connection.post_json(EMBEDDINGS, body)
        if not reply.ok:
            raise call_failed(reply, EMBEDDINGS)
        content = reply.json()
        raise_error(content, EMBEDDINGS)
        data = content.get("data") if isinstance(content, dict) else None
        first = data[0] if isinstance(data, list) and data else None
        if not isinstance(first, dict) or "embedding" not in first:
            raise AnswerError(f"{EMBEDDINGS} answered no embedding")
        return first["embedding"]


def _models_in(reply: Reply) -> list[str]:
    try:
        content = reply.json()
    except AnswerError:
        return []  # a page for people, which some servers give for each path that they do not know
    data = content.get("data") if isinstance(content, dict) else None
    names = [model.get("id") for model in data if isinstance(model, dict)] if isinstance(data, list) else []
    return [name for name in names if isinstance(name, str)]


def _image_urls(images: object) -> list[str]:
    given = images if isinstance(images, list) else []
    return [image.url if isinstance(image, UserUrl) else as_data_url(image, IMAGES) for image in given]
