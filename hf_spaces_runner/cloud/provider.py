"""Asks a model of the Hub's inference providers, through huggingface_hub's InferenceClient, as if it were a Space."""

import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.http_api.chat_history import ChatHistory, Message
from hf_spaces_runner.calling.http_api.given_files import as_data_url
from hf_spaces_runner.calling.http_api.openai_endpoints import (
    CHAT,
    ENDPOINTS,
    IMAGES,
    MODEL,
    PROMPT,
    SYSTEM,
    TEXT,
    request_body,
    user_message,
)
from hf_spaces_runner.calling.http_api.text_stream import Choice, TextStream
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.calling.user_file import UserUrl
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.cloud import ROUTER, CloudModel
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError

if TYPE_CHECKING:
    from hf_spaces_runner.cloud.exchange import Exchange

_VERSION = f"{ROUTER}/v1"
_URL = f"{ROUTER}{CHAT}"
_LOST_HINT = "try again, or name another cloud_provider"
_ENDPOINT = next(endpoint for endpoint in ENDPOINTS if endpoint.name == CHAT)
_PIECE = Choice(text="", ended=False)


class ProviderCaller:
    """The `Caller` for a model of the Hub's inference providers.

    Args:
        model: the one that is asked.
        token: the user's, of the Hub; never the one that is saved on this machine.
        trust: what certificates must go back to.
        limits: how much an answer may be.
    """

    def __init__(
        self,
        model: CloudModel,
        *,
        token: Secret,
        trust: Callable[[], ssl.SSLContext],
        limits: AnswerLimits | None = None,
    ) -> None:
        self._model = model
        self._token = token
        self._trust = trust
        self._limits = limits if limits is not None else AnswerLimits()

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> "ProviderSession":
        """Return a conversation with the model; the address is always the router's. See `Caller.open`."""
        del base_url, deadline, description, login
        return ProviderSession(self._model, self._token, self._trust(), self._limits)


class ProviderSession:
    """The `Session` for a model of a provider: what was said in the chat is sent again with each call."""

    def __init__(self, model: CloudModel, token: Secret, trust: ssl.SSLContext, limits: AnswerLimits) -> None:
        self._model = model
        self._token = token
        self._trust = trust
        self._limits = limits
        self._history = ChatHistory(limits.max_json_bytes)

    @property
    def endpoints(self) -> tuple[Endpoint, ...]:
        """What can be called. See `Session.endpoints`."""
        return (_ENDPOINT,)

    def start_over(self) -> None:
        """Be another visitor. See `Session.start_over`."""
        self._history.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Nothing stays open between two calls."""

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the model answers to `call`. See `Session.call`."""
        from hf_spaces_runner.cloud.exchange import Exchange  # noqa: PLC0415 - it loads huggingface_hub

        del scratch  # it answers no files
        endpoint, values = choose_and_tell(self.endpoints, call, on_progress)
        given = dict(zip((parameter.name for parameter in endpoint.parameters), values, strict=True))
        asked = user_message(given.get(PROMPT), _image_urls(given.get(IMAGES)))
        body = request_body(given, self._model.routed)
        del body[PROMPT]
        who = f"the model {body[MODEL]} at {ROUTER}"
        exchange = Exchange(
            url=_URL, who=who, token=self._token, trust=self._trust, deadline=deadline, limits=self._limits
        )
        stream = TextStream(endpoint.name, self._limits, on_progress)
        messages = self._history.messages(asked, given.get(SYSTEM))
        try:
            _write(exchange, messages, body, stream)
        except CallTimeoutError as error:
            error.message = f"{error.message}: {stream.standing}"
            raise
        self._history.remember(asked, stream.text)
        on_progress(Progress(phase=Phase.CALL, message=f"{self._model.name} answered", done=True))
        return Answer(
            endpoint=endpoint.name, outputs=(AnswerOutput(label=TEXT, component="Textbox", value=stream.text),)
        )


def _write(exchange: "Exchange", messages: list[Message], body: dict[str, object], stream: TextStream) -> None:
    """Put into `stream` what the model writes. Raises as `provider_errors` does."""
    from huggingface_hub import InferenceClient  # noqa: PLC0415 - slow to load, and few runs get here

    from hf_spaces_runner.cloud.provider_errors import provider_errors  # noqa: PLC0415 - likewise

    # With an address the library asks nobody who has the model: the router finds that out by its name.
    client = InferenceClient(base_url=_VERSION, token=exchange.token.reveal(), timeout=exchange.deadline.limit_s)
    options: dict[str, Any] = dict(body)
    with exchange.open(), client:
        with provider_errors(exchange.who, exchange.deadline):
            pieces = iter(client.chat_completion(messages, stream=True, **options))
        for choice in _choices(pieces, exchange):
            stream.take(choice)
    if not stream.finished:
        raise CallError(
            f"{exchange.who} ended its stream before it was done: {stream.standing}",
            verdict="connection_lost",
            hint=_LOST_HINT,
        )


def _choices(pieces: Iterator[Any], exchange: "Exchange") -> Iterator[Choice]:
    from hf_spaces_runner.cloud.provider_errors import provider_errors  # noqa: PLC0415 - see above

    while True:
        with provider_errors(exchange.who, exchange.deadline):
            piece = next(pieces, None)
            if piece is None:
                return
            choice = _choice_in(piece.choices)
        yield choice


def _choice_in(choices: object) -> Choice:
    """Return the first of `choices`, as the library read them; an empty one where there is none, as for counts."""
    if not isinstance(choices, list):
        raise AnswerError("no list of choices")
    if not choices:
        return _PIECE
    said = choices[0].delta
    text = None if said is None else said.content
    return Choice(text=text if isinstance(text, str) else "", ended=choices[0].finish_reason is not None)


def _image_urls(images: object) -> list[str]:
    given = images if isinstance(images, list) else []
    return [image.url if isinstance(image, UserUrl) else as_data_url(image, IMAGES) for image in given]
