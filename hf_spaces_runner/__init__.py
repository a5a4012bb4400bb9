"""Runs Hugging Face Spaces in hardened containers on this machine, and brings their results back."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hf_spaces_runner.domain.result import RunResult
    from hf_spaces_runner.errors import RunnerError
    from hf_spaces_runner.runner import Runner

__version__ = "0.1.0"
__all__ = ["RunResult", "Runner", "RunnerError", "__version__"]

_HOMES = {
    "RunResult": "hf_spaces_runner.domain.result",
    "Runner": "hf_spaces_runner.runner",
    "RunnerError": "hf_spaces_runner.errors",
}


def __getattr__(name: str) -> object:
    """Import the public names on first use: `hfsr --version` must not pay for the engine's SDK."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    return getattr(import_module(_HOMES[name]), name)
