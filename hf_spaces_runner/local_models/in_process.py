"""Has a language model in this process write, with torch and transformers, and stops it in time."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.domain.writing import Message, OnPiece, Sampling, Written, ignore_piece
from hf_spaces_runner.errors import CallTimeoutError
from hf_spaces_runner.local_models.torch_errors import TorchErrors
from hf_spaces_runner.planning.model_room import ModelRoom, new_tokens

if TYPE_CHECKING:
    from types import ModuleType

DEFAULT_MAX_NEW_TOKENS = 1024


class _LateError(Exception):
    """The deadline passed between two layers of the model."""


class InProcessModel:
    """A model in memory, for several threads: they write one after the other.

    `room` says where it runs, `context_tokens` how many tokens it holds, None where it does not say.
    """

    def __init__(self, name: str, room: ModelRoom, model: Any, tokenizer: Any, torch: "ModuleType") -> None:  # noqa: ANN401
        self.name = name
        self.room = room
        self.context_tokens = _context_of(model.config)
        self._model = model
        self._tokenizer = tokenizer
        self._torch = torch
        self._lock = threading.Lock()

    def generate(
        self,
        asked: str | Sequence[Message],
        *,
        deadline: Deadline,
        max_new_tokens: int = DEFAULT_MAX_NEW_TOKENS,
        sampling: Sampling | None = None,
        on_piece: OnPiece = ignore_piece,
    ) -> Written:
        """Return what the model writes.

        Args:
            asked: a prompt, or a chat up to what the user says last.
            deadline: looked at before each layer, so it holds within a moment, even in a long prompt.
            max_new_tokens: how long the text may be; less where the context holds no more.
            sampling: how to choose tokens.
            on_piece: told each new piece of the text, some words long, in this thread; what it raises ends the call.

        Raises:
            InvalidInputError: the prompt is too long for the model.
            CallTimeoutError: the deadline passed; what was written until then, only `on_piece` has got.
            MemoryExceededError: there is no room for the prompt.
            CallError: the model failed.
        """
        with held(self._lock, deadline, f"the model {self.name} was still writing for others"):
            with TorchErrors(f"the prompt for the model {self.name}", loads=False):
                inputs = self._encode([{"role": "user", "content": asked}] if isinstance(asked, str) else asked)
            prompt_tokens = int(inputs["input_ids"].shape[-1])
            allowed = new_tokens(prompt_tokens, max_new_tokens, self.context_tokens)
            return self._write(inputs, prompt_tokens, allowed, sampling or Sampling(), deadline, on_piece)

    def _encode(self, messages: Sequence[Message]) -> Any:  # noqa: ANN401
        if self._tokenizer.chat_template is None:  # it was not made for chats: the words alone, then
            plain = "\n\n".join(message["content"] for message in messages)
            return self._tokenizer(plain, return_tensors="pt")
        return self._tokenizer.apply_chat_template(
            [dict(message) for message in messages],
            add_generation_prompt=True,
            return_dict=True,
            return_tensors="pt",
            enable_thinking=False,  # SmolLM3 and others else write pages of thoughts first; unknown to the rest
        )

    def _write(
        self,
        inputs: Any,  # noqa: ANN401
        prompt_tokens: int,
        allowed: int,
        sampling: Sampling,
        deadline: Deadline,
        on_piece: OnPiece,
    ) -> Written:
        pieces: list[str] = []
        heard: list[BaseException] = []

        def take(text: str) -> None:
            pieces.append(text)
            try:
                on_piece(text)
            except BaseException as error:
                heard.append(error)  # the listener's own: it goes out as it came
                raise

        kept = {name: inputs[name].to(self._model.device) for name in ("input_ids", "attention_mask")}
        try:
            with (
                TorchErrors(f"the model {self.name}", loads=False),
                self._stopping_at(deadline),
                self._seeded(sampling.seed),
            ):
                output = self._model.generate(
                    **kept,
                    **self._choosing(sampling),
                    max_new_tokens=allowed,
                    streamer=_streamer(self._tokenizer, take),
                )
        except _LateError:
            said = sum(map(len, pieces))
            standing = f"it had written {said} characters" if said else "it had written nothing"
            limit = format_duration(deadline.limit_s)
            raise CallTimeoutError(f"the model {self.name} was not done after {limit}; {standing}") from None
        except BaseException:
            if heard:
                raise heard[0] from None
            raise
        count = int(output.shape[-1]) - prompt_tokens
        return Written(text="".join(pieces), prompt_tokens=prompt_tokens, new_tokens=count, is_whole=count < allowed)

    def _choosing(self, sampling: Sampling) -> dict[str, object]:
        tokens = self._tokenizer
        pad = tokens.pad_token_id if tokens.pad_token_id is not None else tokens.eos_token_id
        chosen: dict[str, object] = {"pad_token_id": pad}
        if sampling.temperature == 0:
            return chosen | {"do_sample": False, "temperature": None, "top_p": None, "top_k": None}
        given = {"temperature": sampling.temperature, "top_p": sampling.top_p}
        given = {name: value for name, value in given.items() if value is not None}
        return chosen | given | ({"do_sample": True} if given else {})

    @contextmanager
    def _stopping_at(self, deadline: Deadline) -> Iterator[None]:
        """Look at the clock before each layer; transformers does so after each token only, so not in a prompt."""

        def look(*_: object) -> None:
            if deadline.passed:
                raise _LateError

        lists = self._torch.nn.ModuleList
        layers = [layer for module in self._model.modules() if isinstance(module, lists) for layer in module]
        hooks = [layer.register_forward_pre_hook(look) for layer in (*layers, self._model)]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @contextmanager
    def _seeded(self, seed: int | None) -> Iterator[None]:
        """Seed the block; the process's own randomness goes on as it was."""
        if seed is None:
            yield
            return
        device = self._model.device
        with self._torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            self._torch.manual_seed(seed)
            yield


def _context_of(config: Any) -> int | None:  # noqa: ANN401
    found = getattr(config.get_text_config(), "max_position_embeddings", None)
    return found if isinstance(found, int) and found > 0 else None


def _streamer(tokenizer: Any, take: OnPiece) -> Any:  # noqa: ANN401
    from transformers import TextStreamer  # noqa: PLC0415 - see _load

    class _Streamer(TextStreamer):  # type: ignore[misc, unused-ignore]
        def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
            del stream_end
            if text:
                take(text)

    return _Streamer(tokenizer, skip_prompt=True, skip_special_tokens=True)


@contextmanager
def held(lock: threading.Lock, deadline: Deadline, why: str) -> Iterator[None]:
    """Hold `lock` in the block. Raises CallTimeoutError, which says `why`, where the deadline passes before that."""
    if not lock.acquire(timeout=deadline.remaining_s):
        raise CallTimeoutError(f"{why} after {format_duration(deadline.limit_s)}")
    try:
        yield
    finally:
        lock.release()
