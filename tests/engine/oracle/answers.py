"""Brings what gradio_client answers, and what we answer, into one form: files by their content, all else as JSON."""

import base64
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hf_spaces_runner.domain.answer import Answer, AnswerFile
from tests.engine.oracle.calls import GRADIO_3

CHECKOUT = Path(__file__).parent.parent.parent.parent
SCRIPT = Path(__file__).with_name("ask.py")
NOT_FETCHED = "file that gradio_client leaves where it is"
_EPHEMERAL = frozenset({"url", "size", "mime_type", "orig_name", "is_stream", "meta", "alt_text"})


def ask_oracle(
    version: str, url: str, calls: list[dict[str, Any]], folder: Path, environment: Mapping[str, str]
) -> list[Any]:
    """Return what gradio_client answers to each of `calls`: `{"value": ...}` or `{"error": ...}`."""
    python = str(CHECKOUT / ".venv-gradio3/bin/python") if version == GRADIO_3 else sys.executable
    answers = folder / "answers.json"
    asked = {"url": url, "calls": [{**call, "args": _marked(call["args"])} for call in calls]}
    command = [python, str(SCRIPT), str(answers), "ws" if version == GRADIO_3 else "sse"]
    quiet = {**environment, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "TMPDIR": str(folder)}
    subprocess.run(command, input=json.dumps(asked), text=True, check=True, env=quiet)
    answered: list[Any] = json.loads(answers.read_text("utf-8"))
    return answered


def of_oracle(value: object) -> object:  # noqa: C901, PLR0911 - one return a form
    """Return the outputs of gradio_client in the common form."""
    if isinstance(value, dict):
        if value.get("__type__") == "update":
            return of_oracle(value.get("value"))
        if value.get("type") == "matplotlib":
            return of_oracle(value["plot"])
        if value.get("is_file") is True:
            return NOT_FETCHED
        if isinstance(value.get("path"), str):
            return of_oracle(value["path"])
        return {key: of_oracle(item) for key, item in value.items() if key not in _EPHEMERAL}
    if isinstance(value, list | tuple):
        return [of_oracle(item) for item in value]
    if isinstance(value, str):
        if value.startswith("data:image/"):
            return _digest(base64.b64decode(value.partition(",")[2]))
        if value.startswith(os.sep) and Path(value).is_file():
            return _of_file(Path(value))
        if value.startswith(os.sep) and (Path(value) / "captions.json").is_file():
            captions = json.loads((Path(value) / "captions.json").read_text("utf-8"))
            return [[_of_file(Path(path)), caption] for path, caption in captions.items()]
    return value


def _of_file(path: Path) -> object:
    content = path.read_bytes()
    if path.suffix == ".json":
        # gradio_client 1 writes what is JSON into a file.
        return of_oracle(json.loads(content))
    return _digest(content)


def of_ours(answer: Answer) -> list[object]:
    """Return our outputs in the common form."""
    return [_with_files(output.value, iter(output.files)) for output in answer.outputs]


def _with_files(value: object, files: Iterator[AnswerFile]) -> object:
    if isinstance(value, dict):
        if value.keys() == {"file"}:
            return _digest(next(files).path.read_bytes())
        return {key: _with_files(item, files) for key, item in value.items() if key not in _EPHEMERAL}
    return [_with_files(item, files) for item in value] if isinstance(value, list) else value


def _digest(content: bytes) -> str:
    return f"file {hashlib.sha256(content).hexdigest()}"


def _marked(value: object) -> object:
    if isinstance(value, Path):
        return {"$file": str(value)}
    if isinstance(value, dict):
        return {key: _marked(item) for key, item in value.items()}
    return [_marked(item) for item in value] if isinstance(value, list) else value
