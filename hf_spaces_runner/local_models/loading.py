"""Loads a language model into this process, once, where there is room for it."""

import threading
from pathlib import Path
from typing import Any

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.local_models.folder import stored_dtype, weights_bytes
from hf_spaces_runner.local_models.in_process import InProcessModel, held
from hf_spaces_runner.local_models.torch_errors import TorchErrors, not_installed
from hf_spaces_runner.planning.model_room import Gpu, choose_room

_loaded: dict[Path, InProcessModel] = {}
_loading = threading.Lock()


def load(name: str, folder: Path, *, deadline: Deadline, free_memory_bytes: int) -> InProcessModel:
    """Return the model in `folder`, in memory; it is loaded once a process, and stays.

    Code that comes with it is not run, and only safetensors are read. The deadline holds for the wait for another
    thread that loads, not for the loading.

    Args:
        name: what it is called in messages.
        folder: see `find_folder`.
        deadline: when waiting ends.
        free_memory_bytes: the machine's.

    Raises:
        UsageError: torch or transformers is not installed.
        MemoryExceededError: there is no room for it.
        LaunchError: it is broken, or of a kind that transformers does not know.
        CallTimeoutError: the deadline passed.
    """
    with held(_loading, deadline, f"the model {name} was still being loaded"):
        if folder not in _loaded:
            _loaded[folder] = _load(name, folder, free_memory_bytes)
        return _loaded[folder]


def is_loaded(folder: Path) -> bool:
    """Return whether the model in `folder` is in memory."""
    return folder in _loaded


def _load(name: str, folder: Path, free_memory_bytes: int) -> InProcessModel:
    try:
        import torch  # noqa: PLC0415 - seconds to load, and an extra
        from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415
        from transformers.utils import logging  # noqa: PLC0415
    except ImportError as error:
        raise not_installed(error) from error
    logging.set_verbosity_error()  # type: ignore[no-untyped-call, unused-ignore]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call, unused-ignore]
    with TorchErrors(f"loading the model {name}", loads=True):
        room = choose_room(weights_bytes(folder), stored_dtype(folder), _gpu(torch), free_memory_bytes)
        safe = {"local_files_only": True, "trust_remote_code": False}
        tokenizer = AutoTokenizer.from_pretrained(folder, **safe)
        model = AutoModelForCausalLM.from_pretrained(
            folder, use_safetensors=True, dtype=getattr(torch, room.dtype), **safe
        )
        return InProcessModel(name, room, model.to(room.device).eval(), tokenizer, torch)


def _gpu(torch: Any) -> Gpu | None:  # noqa: ANN401
    if torch.cuda.is_available():
        free, _total = torch.cuda.mem_get_info(0)
        return Gpu(device="cuda:0", free_bytes=int(free), has_bfloat16=bool(torch.cuda.is_bf16_supported()))
    if torch.backends.mps.is_available():
        return Gpu(device="mps", free_bytes=None, has_bfloat16=False)
    return None
