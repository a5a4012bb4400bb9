"""Turns the errors of torch, transformers and tokenizers into ours: the one seam to them."""

from types import TracebackType

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import CallError, LaunchError, MemoryExceededError, RunnerError, UsageError

INSTALL = 'pip install "hf-spaces-runner[local]"'
_NO_MEMORY = ("can't allocate memory", "out of memory", "std::bad_alloc", "cannot allocate memory")
_NEEDS_CODE = ("trust_remote_code", "custom code which must be executed")
_KINDS = (
    *(OSError, ValueError, TypeError, LookupError, AttributeError, RuntimeError, ArithmeticError),
    *(ImportError, AssertionError, MemoryError, EOFError),
)
"""What files of a stranger, and numbers that make no sense, lead to; interrupts and our own errors are not among it."""
_LIBRARIES = ("safetensors", "safetensors_rust", "huggingface_hub", "jinja2", "transformers", "torch")


def not_installed(error: ImportError | None = None) -> UsageError:
    """Return the error for those who want a model in this process, and have not installed what it needs."""
    why = "" if error is None or error.name in {"torch", "transformers"} else f": {one_line(str(error))}"
    return UsageError(f"models in this process need torch and transformers{why}", hint=INSTALL, verdict="no_extra")


class TorchErrors:
    """A block whose errors of those libraries become ours; `doing` is what it does, as in `loading the model x`.

    Raises:
        MemoryExceededError: there was no room.
        LaunchError: where `loads` is set: the model is broken, or of a kind that is not known.
        CallError: else.
    """

    def __init__(self, doing: str, *, loads: bool) -> None:
        self._doing = doing
        self._loads = loads

    def __enter__(self) -> None:
        """Begin the block."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Raise ours in the place of theirs."""
        if error is None or isinstance(error, RunnerError) or not _is_theirs(error):
            return
        raise self._ours(error) from error

    def _ours(self, error: BaseException) -> RunnerError:
        said = one_line(str(error)) or type(error).__name__
        if isinstance(error, MemoryError) or any(words in str(error).casefold() for words in _NO_MEMORY):
            return MemoryExceededError(
                f"{self._doing} failed: there is no memory left",
                hint="end what else runs, shorten the prompt, or name a smaller model with the setting local_model",
            )
        if not self._loads:
            return CallError(f"{self._doing} failed: {said}", hint="name another model", verdict="model_error")
        if any(words in str(error) for words in _NEEDS_CODE):
            return LaunchError(
                f"{self._doing} failed: it brings code of its own, which is never run here",
                hint="name a model that transformers knows with the setting local_model",
                verdict="needs_code",
            )
        return LaunchError(
            f"{self._doing} failed: {said}",
            hint="fetch it anew, or name another with the setting local_model",
            verdict="broken_model",
        )


def _is_theirs(error: BaseException) -> bool:
    # tokenizers raises bare Exception for each file that it cannot read, and a handler for that would hide our bugs.
    return (
        isinstance(error, _KINDS) or type(error) is Exception or type(error).__module__.partition(".")[0] in _LIBRARIES
    )
