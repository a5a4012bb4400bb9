"""Puts the text together that a server like OpenAI's writes, and tells how far it has come."""

from dataclasses import dataclass, field
from typing import Self

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import AnswerError

_SHOWN_AT_ONCE = 10_000
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The first choice of an answer, or of one piece of it; `ended` says whether it is complete with that."""

    text: str = field(repr=False)
    ended: bool

    @classmethod
    def read(cls, content: object, endpoint: str) -> Self | None:
        """Return the choice in `content`; None where the list is empty, as in the piece that only counts tokens.

        Raises:
            AnswerError: it is not what OpenAI's server answers.
        """
        choices = content.get("choices") if isinstance(content, dict) else None
        if not isinstance(choices, list) or not all(isinstance(choice, dict) for choice in choices[:1]):
            raise AnswerError(f"{endpoint} answered no list of choices: this is not OpenAI's API")
        if not choices:
            return None
        choice = choices[0]
        said = choice.get("delta", choice.get("message", choice))
        return cls(text=_text_of(said), ended=choice.get("finish_reason") is not None)


class TextStream:
    """The text so far of one call. `finished` says whether the server named a reason to end."""

    def __init__(self, endpoint: str, limits: AnswerLimits, on_progress: ProgressCallback) -> None:
        self._endpoint = endpoint
        self._limits = limits
        self._on_progress = on_progress
        self._pieces: list[str] = []
        self._length = 0
        self._shown = 0
        self._events = 0
        self.finished = False

    @property
    def text(self) -> str:
        """All that has been written."""
        return "".join(self._pieces)

    @property
    def standing(self) -> str:
        """How far the call has come, in a few words."""
        return f"it had written {self._length} characters" if self._length else "it had written nothing"

    def take(self, choice: Choice | None) -> None:
        """Take the next piece, and tell of it; a long text is told of each time that it has grown by a hundredth.

        Raises:
            AnswerError: the text is too long, or comes in too many pieces.
        """
        self._events += 1
        if self._events > self._limits.max_stream_events:
            raise AnswerError(f"the Space sent more than {self._limits.max_stream_events} events")
        if choice is None:
            return
        self.finished = self.finished or choice.ended
        if not choice.text:
            return
        self._length += len(choice.text)
        if self._length > self._limits.max_json_bytes:
            raise AnswerError(f"{self._endpoint} answered more than {format_size(self._limits.max_json_bytes)} of text")
        self._pieces.append(choice.text)
        if self._length <= _SHOWN_AT_ONCE or self._length - self._shown >= self._length // _STEPS:
            self._shown = self._length
            self._on_progress(
                Progress(
                    phase=Phase.CALL,
                    message=f"{self._endpoint} has written {self._length} characters",
                    completed=self._events,
                    partial=printable(self.text),
                )
            )


def _text_of(said: object) -> str:
    content = said.get("content", said.get("text")) if isinstance(said, dict) else said
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""
