"""Keeps the result of a run beside its outputs, as `result.json`."""

import json
from dataclasses import replace
from pathlib import Path

from hf_spaces_runner.domain.result import RunResult
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.result_json import result_as_json

NAME = "result.json"


def write_result(result: RunResult, folder: Path) -> Path:
    """Write `result` into `folder` as the object that `--json` prints, with absolute paths; return the file's path.

    It is `result.json`, or `result-2.json` and so on where that is there already: nothing is overwritten.

    Raises:
        UsageError: the folder cannot be written.
        NoSpaceLeftError: its disk is full.
    """
    placed = replace(
        result,
        outputs=tuple(replace(item, path=_absolute(item.path)) for item in result.outputs),
        files=tuple(replace(item, path=item.path.absolute()) for item in result.files),
    )
    text = json.dumps(result_as_json(placed), ensure_ascii=False, indent=2)
    return OutputFiles(folder).write(NAME, text + "\n", "application/json").path


def _absolute(path: Path | None) -> Path | None:
    return None if path is None else path.absolute()
