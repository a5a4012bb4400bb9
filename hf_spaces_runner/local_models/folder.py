"""Finds the folder on this machine that a model is loaded from, without a look at the network."""

import json
import os
from importlib.util import find_spec
from pathlib import Path

from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import LaunchError, UsageError
from hf_spaces_runner.planning.model_files import CONFIG, INDEX, missing_files

DEFAULT_MODEL = "HuggingFaceTB/SmolLM3-3B"
_MAX_JSON_BYTES = 64 * 1024**2
_MAX_TEXT_BYTES = 256 * 1024**2
"""The largest tokenizers take 40 MiB; transformers reads whatever is there, and takes many times as much memory."""


def is_installed() -> bool:
    """Return whether the extra `local` is there; nothing of it is loaded."""
    return find_spec("torch") is not None and find_spec("transformers") is not None


def is_folder_name(name: str) -> bool:
    """Return whether `name` names a folder, not a model of the Hub."""
    return name.startswith((".", "/", "~")) or (name != "" and Path(name).is_dir())


def find_folder(name: str) -> Path | None:
    """Return the folder of the model `name`; None for one of the Hub that is not, or not wholly, on this machine.

    Raises:
        UsageError: `name` is a folder that is not there.
        LaunchError: it is there, and lacks files, or has one that nobody should read.
    """
    if not is_folder_name(name):
        folder = _downloaded(name)
        return folder if folder is not None and not _missing(folder) else None
    folder = Path(name).expanduser().absolute()
    if not folder.is_dir():
        raise UsageError(f"the model folder {folder} is not there", hint="correct the setting local_model")
    if missing := _missing(folder):
        raise LaunchError(
            f"the model folder {folder} lacks {', '.join(missing[:3])}",
            hint="a model of transformers is wanted there, with its weights in safetensors",
            verdict="broken_model",
        )
    if large := _too_large(folder):
        raise LaunchError(
            f"{large[0]} in the model folder {folder} is larger than {format_size(_MAX_TEXT_BYTES)}",
            hint="fetch the model anew, or name another with the setting local_model",
            verdict="broken_model",
        )
    return folder


def weights_bytes(folder: Path) -> int:
    """Return the size of the weights in `folder`."""
    return sum(file.stat().st_size for file in folder.glob("model*.safetensors"))


def stored_dtype(folder: Path) -> str | None:
    """Return torch's name of the numbers that the weights in `folder` are stored as; None where it does not say."""
    config = _json(folder / CONFIG)
    found = config.get("dtype", config.get("torch_dtype"))
    return found.removeprefix("torch.") if isinstance(found, str) else None


def describe(folder: Path | None) -> str:
    """Return what `hfsr status` says of a model's folder."""
    return "not on this machine" if folder is None else f"on this machine, {format_size(weights_bytes(folder))}"


def _downloaded(name: str) -> Path | None:
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - slow to load, and few runs need a model
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError  # noqa: PLC0415

    try:
        return Path(snapshot_download(name, local_files_only=True, token=False))
    except (LocalEntryNotFoundError, HFValidationError):
        return None


def _too_large(folder: Path) -> tuple[str, ...]:
    """Return the names of the files in `folder` that are read whole, and are too large for that."""
    texts = (entry for entry in os.scandir(folder) if entry.name.endswith((".json", ".jinja", ".txt", ".model")))
    return tuple(sorted(entry.name for entry in texts if entry.is_file() and entry.stat().st_size > _MAX_TEXT_BYTES))


def _missing(folder: Path) -> tuple[str, ...]:
    present = {entry.name for entry in os.scandir(folder) if entry.is_file()}  # a link to nothing is no file
    if INDEX not in present:
        return missing_files(present, None)
    found = _json(folder / INDEX).get("weight_map")
    weight_map = {str(key): str(value) for key, value in found.items()} if isinstance(found, dict) else None
    return missing_files(present, weight_map)


def _json(path: Path) -> dict[str, object]:
    """Return the object in `path`; an empty one where there is none: loading the model then says what is wrong."""
    try:
        if path.stat().st_size > _MAX_JSON_BYTES:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
