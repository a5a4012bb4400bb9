"""Decides where a model in this process runs, in which number format, and how many tokens it may write."""

from dataclasses import dataclass

from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidInputError, MemoryExceededError

_BYTES = {"float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "float8_e4m3fn": 1, "float8_e5m2": 1}
_HEADROOM = 1.2
"""For what comes beside the weights: the tokens that it holds, and buffers."""
_SMALLER = "name a smaller model with the setting local_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    """A GPU as torch sees it; `free_bytes` is None where it shares the machine's memory, as Apple's do."""

    device: str
    free_bytes: int | None
    has_bfloat16: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelRoom:
    """Where a model runs: `device` and `dtype` are torch's names, `reason` says why, for people."""

    device: str
    dtype: str
    reason: str

    def __str__(self) -> str:
        """Return it as it is shown."""
        return f"{self.device}, {self.dtype} ({self.reason})"


def choose_room(weights_bytes: int, stored_dtype: str | None, gpu: Gpu | None, free_memory_bytes: int) -> ModelRoom:
    """Return where a model runs: on the GPU if it fits there, in half precision; else on the CPU.

    On a CPU float32 is the fastest, and takes twice the room: it is chosen where that leaves half of the memory free.

    Args:
        weights_bytes: the size of its files.
        stored_dtype: torch's name of the numbers in them; None where the model does not say.
        gpu: the one that torch would use; None where there is none.
        free_memory_bytes: the machine's.

    Raises:
        MemoryExceededError: there is no room for it.
    """
    numbers = weights_bytes // _BYTES.get(stored_dtype or "", 2)
    half = int(numbers * 2 * _HEADROOM)
    if gpu is not None and half <= (free_memory_bytes if gpu.free_bytes is None else gpu.free_bytes):
        dtype = "bfloat16" if gpu.has_bfloat16 else "float16"
        return ModelRoom(device=gpu.device, dtype=dtype, reason="it fits on the GPU")
    why = "there is no GPU" if gpu is None else f"the GPU has no room for {format_size(half)}"
    full = int(numbers * 4 * _HEADROOM)
    if full <= free_memory_bytes // 2:
        return ModelRoom(device="cpu", dtype="float32", reason=why)
    if half <= free_memory_bytes:
        return ModelRoom(device="cpu", dtype="bfloat16", reason=f"{why}, and float32 takes {format_size(full)}")
    raise MemoryExceededError(
        f"the model needs about {format_size(half)} of memory, and {format_size(free_memory_bytes)} are free",
        hint=_SMALLER,
    )


def new_tokens(prompt_tokens: int, max_new_tokens: int, context_tokens: int | None) -> int:
    """Return how many tokens may be written after a prompt of `prompt_tokens`.

    Raises:
        InvalidInputError: the prompt leaves no room for any; it is not cut.
    """
    if context_tokens is None:
        return max_new_tokens
    if prompt_tokens >= context_tokens:
        raise InvalidInputError(
            f"the prompt has {prompt_tokens} tokens, and the model holds {context_tokens} with its answer",
            hint="shorten it, or name a model with a longer context with the setting local_model",
            verdict="prompt_too_long",
        )
    return min(max_new_tokens, context_tokens - prompt_tokens)
