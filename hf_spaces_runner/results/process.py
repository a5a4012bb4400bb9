"""Turns an answer into outputs that are safe to print and files that are safe to keep: one table for all components."""

import json
import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.answer import Answer, AnswerOutput, OutputKind
from hf_spaces_runner.domain.result import Output, OutputFile
from hf_spaces_runner.domain.terminal import one_line, printable
from hf_spaces_runner.errors import AnswerError
from hf_spaces_runner.results.by_category.processors import processed
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part, Rank
from hf_spaces_runner.results.result_file import NAME
from hf_spaces_runner.results.table_csv import as_csv

MAX_DEPTH = 200

KINDS: dict[str, OutputKind] = {
    **dict.fromkeys(
        (
            "textbox", "text", "textarea", "markdown", "code", "html", "number", "slider", "checkbox", "radio",
            "dropdown", "colorpicker", "datetime", "timer",
        ),
        OutputKind.TEXT,
    ),
    **dict.fromkeys(("json", "label", "chatbot", "highlightedtext", "annotatedimage", "plot"), OutputKind.JSON),
    **dict.fromkeys(("dataframe", "dataset"), OutputKind.TABLE),
    **dict.fromkeys(("image", "imageeditor", "imageslider", "gallery", "sketchpad", "paint"), OutputKind.IMAGE),
    "audio": OutputKind.AUDIO,
    "video": OutputKind.VIDEO,
    **dict.fromkeys(("file", "downloadbutton", "uploadbutton", "model3d", "fileexplorer"), OutputKind.FILE),
}  # fmt: skip
"""What a Gradio component's value is. One that is not named here is text where its value is, and JSON else."""

_FILE_KINDS = frozenset({OutputKind.IMAGE, OutputKind.AUDIO, OutputKind.VIDEO, OutputKind.FILE})
_WANTED = (
    ("json", OutputKind.JSON),
    ("table", OutputKind.TABLE),
    ("dataframe", OutputKind.TABLE),
    ("csv", OutputKind.TABLE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessedAnswer:
    """What the user gets of an answer. `text` is the first output that reads as text, None where none does."""

    text: str | None
    outputs: tuple[Output, ...]
    files: tuple[OutputFile, ...]


def process_result(
    answer: Answer, *, category: str, output_type: str, output_directory: Path, tables_as_files: bool = False
) -> ProcessedAnswer:
    """Return the outputs of `answer`, with its files moved into `output_directory`.

    Text loses its terminal control characters. The folder is made only where there are files. Pictures and sounds are
    measured; what else is made of an output is its category's matter (`by_category/processors.py`).

    Args:
        answer: what the Space answered.
        category: the Space's category in the registry; it decides on the text where `output_type` says nothing.
        output_type: what the registry says that the Space gives: with `json` or `table`, that output is the `text`.
        output_directory: the folder for the files.
        tables_as_files: whether the user named the folder: tables are written there as CSV, and what the category knows
            to write (subtitles, code), and the name of the result's own file is left free.

    Raises:
        AnswerError: a value is nested too deep, or a file is not one.
        UsageError: the folder cannot be written.
        NoSpaceLeftError: the disk is full.
    """
    words = (output_type or category).casefold()
    wanted = next((kind for word, kind in _WANTED if word in words), None)
    files = OutputFiles(output_directory, reserved=(NAME,) if tables_as_files else ())
    parts = [
        processed(part, category, files if tables_as_files else None)
        for output in answer.outputs
        for part in _read_output(output, files, wanted)
    ]
    texts = [part for part in parts if part.text is not None]
    best = min(texts, key=lambda part: part.rank, default=None)
    return ProcessedAnswer(
        text=best.text if best is not None else None,
        outputs=tuple(part.output for part in parts),
        files=tuple(file for part in parts for file in part.files),
    )


def _read_output(output: AnswerOutput, files: OutputFiles, wanted: OutputKind | None) -> Iterator[Part]:
    label = one_line(output.label)
    component = output.component.casefold()
    kept = []
    for number, file in enumerate(output.files, start=1):
        written, kind = files.take(file, f"file-{number}")
        kept.append((file.original_name, written.path.name))
        yield Part(output=Output(label=label, kind=kind.kind, path=written.path), files=(written,))
    value = _clean(output.value, deque(kept))
    if output.files and (component == "plot" or (KINDS.get(component) in _FILE_KINDS and not _informs(value))):
        return
    yield _read_value(label, component, value, bool(output.files), wanted)


def _read_value(label: str, component: str, value: object, has_files: bool, wanted: OutputKind | None) -> Part:
    kind = KINDS.get(component)
    if (
        kind is None
        or (kind in _FILE_KINDS and value is not None)
        or (kind is OutputKind.JSON and isinstance(value, str))
    ):
        # A ChatInterface of Gradio 5 gives its answer, a text, through a JSON component.
        kind = OutputKind.TEXT if isinstance(value, str) else OutputKind.JSON
    if value is None:
        return Part(output=Output(label=label, kind=kind))
    if kind is OutputKind.TEXT and not isinstance(value, dict | list):
        text = value if isinstance(value, str) else json.dumps(value)
        return Part(output=Output(label=label, kind=kind, value=text), text=text, rank=Rank.TEXT)
    if kind is OutputKind.TEXT:
        kind = OutputKind.JSON
    if kind is OutputKind.TABLE and isinstance(value, dict):
        value = {key: value[key] for key in ("headers", "data") if key in value} or value
    part = Output(label=label, kind=kind, value=value)
    if component == "label" and isinstance(value, dict) and value.get("label") is not None:
        return Part(output=part, text=str(value["label"]), rank=Rank.TEXT)
    if has_files:
        return Part(output=part)
    table = as_csv(value) if kind is OutputKind.TABLE else None
    if table is not None:
        return Part(output=part, text=table.rstrip("\n"), rank=Rank.WANTED if kind is wanted else Rank.JSON)
    compact = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Part(output=part, text=compact, rank=Rank.WANTED if kind is wanted else Rank.JSON)


def _clean(value: object, names: deque[tuple[str, str]], depth: int = 0) -> object:
    """Return `value` as JSON with plain text in it.

    `names` are the original and the final names of its files, in the order in which it mentions them.
    """
    if depth > MAX_DEPTH:
        raise AnswerError(f"the Space answered a value nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        if names and _names_file(value) and value["file"] == names[0][0]:
            return {"file": names.popleft()[1]}
        return {printable(str(key)): _clean(item, names, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, names, depth + 1) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, int) else printable(str(value))


def _names_file(value: object) -> bool:
    """Return whether `value` stands for a file, as the calling layer writes it."""
    return isinstance(value, dict) and len(value) == 1 and isinstance(value.get("file"), str)


def _informs(value: object) -> bool:
    """Return whether `value` says anything besides the names of its files."""
    if isinstance(value, dict):
        return not _names_file(value) and any(_informs(item) for item in value.values())
    if isinstance(value, list):
        return any(_informs(item) for item in value)
    return value not in (None, "", False)
