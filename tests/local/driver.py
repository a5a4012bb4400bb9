"""Runs models as it is told, a line of JSON a call: torch takes seconds to load, so one process serves all tests.

Run by the python of .venv-local: python -m tests.local.driver
"""

import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.calling.in_process import InProcessCaller
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.writing import Sampling
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.local_models.folder import find_folder
from hf_spaces_runner.local_models.in_process import InProcessModel
from hf_spaces_runner.local_models.loading import is_loaded, load

if TYPE_CHECKING:
    from hf_spaces_runner.calling.caller import Caller
    from hf_spaces_runner.domain.progress import Progress

_GIB = 1024**3


def _loaded(asked: dict[str, Any]) -> InProcessModel:
    folder = find_folder(asked["model"])
    assert folder is not None
    free = asked.get("free_memory_bytes", 4 * _GIB)
    return load("tiny", folder, deadline=Deadline.after(60, time.monotonic), free_memory_bytes=free)


def _load(asked: dict[str, Any]) -> dict[str, Any]:
    folder = Path(asked["model"])
    before = is_loaded(folder)
    models: list[InProcessModel] = []
    threads = [threading.Thread(target=lambda: models.append(_loaded(asked))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    first = _loaded(asked)
    return {
        "was_loaded": before,
        "is_loaded": is_loaded(folder),
        "same": len(models) == len(threads) and all(model is first for model in models),
        "room": str(first.room),
        "context_tokens": first.context_tokens,
    }


def _generate(asked: dict[str, Any]) -> dict[str, Any]:
    pieces: list[str] = []
    model = _loaded(asked)
    stop_after = asked.get("stop_after")

    def on_piece(text: str) -> None:
        pieces.append(text)
        if stop_after is not None and len(pieces) >= stop_after:
            raise ValueError("the listener has heard enough")

    # A clock of steps, not of seconds: it is looked at before each layer.
    steps = iter(range(10**9))
    deadline = (
        Deadline.after(asked["deadline_steps"], lambda: float(next(steps)))
        if "deadline_steps" in asked
        else Deadline.after(120, time.monotonic)
    )
    written = model.generate(
        asked["asked"],
        deadline=deadline,
        max_new_tokens=asked.get("max_new_tokens", 16),
        sampling=Sampling(**asked.get("sampling", {})),
        on_piece=on_piece,
    )
    return {
        "text": written.text,
        "pieces": pieces,
        "prompt_tokens": written.prompt_tokens,
        "new_tokens": written.new_tokens,
        "is_whole": written.is_whole,
    }


def _crowd(asked: dict[str, Any]) -> dict[str, Any]:
    """Let several threads write at once, all with the likeliest tokens."""
    texts: list[str] = []
    threads = [threading.Thread(target=lambda: texts.append(_generate(asked)["text"])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {"texts": texts}


def _call(asked: dict[str, Any]) -> dict[str, Any]:
    """Chat twice over a caller, as a run does once."""
    heard: list[Progress] = []
    deadline = Deadline.after(120, time.monotonic)
    caller: Caller = InProcessCaller(lambda _deadline: _loaded(asked), max_new_tokens=8)
    with caller.open("", deadline) as session:
        values = [
            session.call(Call(prompt=prompt), Path(os.devnull), deadline, heard.append).outputs[0].value
            for prompt in ("Hello", "Again")
        ]
    return {"values": values, "last": heard[-1].message, "partial": [item.partial for item in heard if item.partial]}


_DOES = {"call": _call, "load": _load, "generate": _generate, "crowd": _crowd}


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    try:
        return _DOES[asked["do"]](asked)
    except RunnerError as error:
        return {"error": type(error).__name__, "message": error.message, "hint": error.hint, "verdict": error.verdict}
    except ValueError as error:
        return {"error": "ValueError", "message": str(error)}


if __name__ == "__main__":
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_answer(json.loads(line))) + "\n")
        sys.stdout.flush()
