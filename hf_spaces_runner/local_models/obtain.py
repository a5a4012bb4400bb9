"""Brings a model onto this machine, where it is not there and may be fetched."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import LaunchError
from hf_spaces_runner.local_models.folder import find_folder, is_folder_name, is_installed
from hf_spaces_runner.local_models.torch_errors import INSTALL, not_installed
from hf_spaces_runner.planning.model_files import ModelFile, check_fetch, wanted_files, why_not_fetched


class Repository(Protocol):
    """Where a model is fetched from: `ModelRepository` of the Hub."""

    def files(self) -> tuple[ModelFile, ...]:
        """Return all files that the model has."""
        ...

    def fetch(self, files: Sequence[ModelFile], on_progress: ProgressCallback) -> None:
        """Fetch `files` to where `find_folder` finds them."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """Whether a model may be fetched. `is_allowed`: by `--yes` or the setting. `is_offline`: HF_HUB_OFFLINE is set."""

    is_allowed: bool
    privacy: bool = False
    is_offline: bool = False


def obtain(
    name: str, permission: Permission, repository: Callable[[str], Repository], on_progress: ProgressCallback
) -> Path:
    """Return the folder of the model `name`, fetched now if it was not on this machine.

    The Hub is asked only for what is missing, and neither in privacy nor offline.

    Raises:
        UsageError: torch or transformers is not installed, or the folder that is named is not there.
        PolicyError: it is not here and may not be fetched, or has no safetensors.
        NoSpaceLeftError: the disk has no room for it.
        HubError: the Hub did not give it.
        LaunchError: it lacks files.
    """
    if not is_installed():
        raise not_installed()
    folder = find_folder(name)
    if folder is not None:
        return folder
    if permission.privacy or permission.is_offline:
        check_fetch(
            name, None, is_allowed=permission.is_allowed, privacy=permission.privacy, is_offline=permission.is_offline
        )
    source = repository(name)
    files = wanted_files(name, source.files())
    size = sum(file.size_bytes for file in files)
    check_fetch(name, size, is_allowed=permission.is_allowed)
    warning = f"fetching the model {name}, {format_size(size)}, once"
    on_progress(Progress(phase=Phase.PULL, message=warning, warning=True))
    source.fetch(files, on_progress)
    folder = find_folder(name)
    if folder is None:
        raise LaunchError(
            f"the model {name} was fetched, and lacks files that transformers needs",
            hint="name another model with the setting local_model",
            verdict="broken_model",
        )
    return folder


def why_not(name: str, permission: Permission) -> str | None:
    """Return why the model `name` cannot answer, without a question to the Hub; None where it can, or may be fetched.

    Raises:
        UsageError: the folder that is named is not there.
        LaunchError: it lacks files.
    """
    if not is_installed():
        return f"torch is not installed: {INSTALL}"
    if is_folder_name(name) or find_folder(name) is not None:
        find_folder(name)
        return None
    return why_not_fetched(
        name, is_allowed=permission.is_allowed, privacy=permission.privacy, is_offline=permission.is_offline
    )
