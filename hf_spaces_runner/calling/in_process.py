"""Calls a language model in this process as if it were a Space: one endpoint that chats."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, cast

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.endpoint import Endpoint
from hf_spaces_runner.calling.http_api.chat_history import ChatHistory
from hf_spaces_runner.calling.http_api.openai_endpoints import CHAT, ENDPOINTS, MAX_TOKENS, PROMPT, SYSTEM, TEXT
from hf_spaces_runner.calling.http_api.text_stream import Choice, TextStream
from hf_spaces_runner.calling.tell_choice import choose_and_tell
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.call import Call, Login
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback, ignore_progress
from hf_spaces_runner.domain.writing import Message, OnPiece, Sampling, Written

_NAME = "chat"
_PARAMETERS = frozenset({PROMPT, SYSTEM, MAX_TOKENS, "temperature", "top_p", "seed"})
_ENDPOINT = Endpoint(
    name=_NAME,
    parameters=tuple(
        parameter
        for endpoint in ENDPOINTS
        if endpoint.name == CHAT
        for parameter in endpoint.parameters
        if parameter.name in _PARAMETERS
    ),
    returns=ENDPOINTS[0].returns,
)


class Writer(Protocol):
    """A model in memory: `InProcessModel`."""

    def generate(
        self,
        asked: str | Sequence[Message],
        *,
        deadline: Deadline,
        max_new_tokens: int,
        sampling: Sampling | None,
        on_piece: OnPiece,
    ) -> Written:
        """Return what the model writes."""
        ...


class InProcessCaller:
    """The `Caller` for a model in this process; an address means nothing to it.

    Args:
        load: returns the model, loaded now if it was not, up to a deadline.
        max_new_tokens: how long a text may be, for calls that do not say.
        limits: how much an answer may be.
    """

    def __init__(
        self, load: Callable[[Deadline], Writer], *, max_new_tokens: int, limits: AnswerLimits | None = None
    ) -> None:
        self._load = load
        self._max_new_tokens = max_new_tokens
        self._limits = limits if limits is not None else AnswerLimits()

    def open(
        self, base_url: str, deadline: Deadline, *, description: bytes = b"", login: Login | None = None
    ) -> "InProcessSession":
        """Return a conversation with the model. See `Caller.open`; raises as `load` does."""
        del base_url, description, login
        return InProcessSession(self._load(deadline), max_new_tokens=self._max_new_tokens, limits=self._limits)


class InProcessSession:
    """The `Session` for a model in this process: what was said in the chat is said again with each call."""

    def __init__(self, model: Writer, *, max_new_tokens: int, limits: AnswerLimits) -> None:
        self._model = model
        self._max_new_tokens = max_new_tokens
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
        """Leave the model where it is: the next conversation need not load it again."""

    def call(
        self, call: Call, scratch: Path, deadline: Deadline, on_progress: ProgressCallback = ignore_progress
    ) -> Answer:
        """Return what the model answers to `call`. See `Session.call`."""
        del scratch  # it answers no files
        endpoint, values = choose_and_tell(self.endpoints, call, on_progress)
        given = dict(zip((parameter.name for parameter in endpoint.parameters), values, strict=True))
        asked: dict[str, object] = {"role": "user", "content": given[PROMPT]}
        stream = TextStream(_NAME, self._limits, on_progress)
        wanted = given.get(MAX_TOKENS)
        written = self._model.generate(
            cast("list[Message]", self._history.messages(asked, given.get(SYSTEM))),
            deadline=deadline,
            max_new_tokens=wanted if isinstance(wanted, int) else self._max_new_tokens,
            sampling=Sampling(
                temperature=_number(given.get("temperature")),
                top_p=_number(given.get("top_p")),
                seed=seed if isinstance(seed := given.get("seed"), int) else None,
            ),
            on_piece=lambda text: stream.take(Choice(text=text, ended=False)),
        )
        self._history.remember(asked, written.text)
        ending = "" if written.is_whole else f"; it was cut off at {written.new_tokens} tokens"
        on_progress(Progress(phase=Phase.CALL, message=f"{_NAME} answered{ending}", done=True))
        return Answer(endpoint=_NAME, outputs=(AnswerOutput(label=TEXT, component="Textbox", value=written.text),))


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
