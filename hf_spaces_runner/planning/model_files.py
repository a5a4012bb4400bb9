"""Decides which files of a model are wanted, whether all of them are here, and whether they may be fetched."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import PolicyError

CONFIG, WEIGHTS, INDEX = "config.json", "model.safetensors", "model.safetensors.index.json"
TOKENIZERS = frozenset({"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "spiece.model"})
"""Any one of these is what text is cut up with."""

_SUFFIXES = (".json", ".jinja", ".txt", ".model", ".tiktoken")
_WEIGHTS_SUFFIX = ".safetensors"
_ASK = "--yes fetches it now, the setting model_download = true whenever it is missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """A file of a model's repository; `size_bytes` is 0 where the Hub does not say."""

    name: str
    size_bytes: int


def wanted_files(name: str, files: Iterable[ModelFile]) -> tuple[ModelFile, ...]:
    """Return those of `files` that the model `name` is loaded from: no code, no pickled weights, no other formats.

    Raises:
        PolicyError: it has no weights in safetensors; others run code when they are loaded.
    """
    top = [file for file in files if "/" not in file.name]
    weights = [file for file in top if file.name.endswith(_WEIGHTS_SUFFIX)]
    # Some have a second copy of them beside these, in another order: consolidated.safetensors.
    parts = [file for file in weights if file.name.startswith("model")]
    if not parts:
        raise PolicyError(
            f"the model {name} has no weights in safetensors, and others can hold code",
            hint="name another model with the setting local_model",
            verdict="no_safetensors",
        )
    return (*parts, *(file for file in top if file.name.endswith(_SUFFIXES)))


def missing_files(present: Collection[str], weight_map: Mapping[str, str] | None) -> tuple[str, ...]:
    """Return the names that a folder with the files `present` lacks; a download that was cut off leaves such folders.

    Args:
        present: the names of the files in the folder.
        weight_map: what its index says: the file of each tensor; None where there is no index.
    """
    weights = {WEIGHTS} if weight_map is None else set(weight_map.values())
    missing = sorted(({CONFIG} | weights) - set(present))
    return (*missing, *(() if TOKENIZERS & set(present) else ("tokenizer.json",)))


def why_not_fetched(name: str, *, is_allowed: bool, privacy: bool, is_offline: bool) -> str | None:
    """Return why the model `name`, which is not on this machine, is not fetched; None where it may be."""
    if privacy:
        return f"the model {name} is not on this machine, and nothing is fetched in privacy mode"
    if is_offline:
        return f"the model {name} is not on this machine, and HF_HUB_OFFLINE is set"
    if not is_allowed:
        return f"the model {name} is not on this machine, and nobody allowed to fetch it"
    return None


def check_fetch(
    name: str, size_bytes: int | None, *, is_allowed: bool, privacy: bool = False, is_offline: bool = False
) -> None:
    """Refuse to fetch the model `name` where that is not allowed.

    Args:
        name: its Hub id.
        size_bytes: how much that would be; None where nobody asked.
        is_allowed: whether the user said so, for now or in the settings.
        privacy: whether nothing leaves this machine.
        is_offline: whether the Hub is not to be asked.

    Raises:
        PolicyError: it is not, with the size, and what would allow it.
    """
    why_not = why_not_fetched(name, is_allowed=is_allowed, privacy=privacy, is_offline=is_offline)
    if why_not is None:
        return
    if privacy:
        hint = "run it once without --privacy-mode, or name a model that is here with the setting local_model"
    elif is_offline:
        hint = "unset HF_HUB_OFFLINE to have it fetched, or name a folder with the setting local_model"
    else:
        hint = _ASK
    size = "" if size_bytes is None else f" ({format_size(size_bytes)})"
    raise PolicyError(f"{why_not}{size}", hint=hint, verdict="model_not_fetched")
