"""Writes an answer as JSON and reads it back; of its files, what they must be."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.answer import Answer, AnswerFile, AnswerOutput


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file of a kept answer: the hash of its content, and what the Space called it. Its place is its number."""

    sha256: str
    original_name: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer without its files: `files` says for each output which ones it had."""

    endpoint: str
    outputs: tuple[AnswerOutput, ...]
    files: tuple[tuple[KeptFile, ...], ...]

    def with_files(self, paths: Sequence[Path]) -> Answer:
        """Return the answer with its files at `paths`, in the order in which the outputs name them."""
        left = iter(paths)
        outputs = [
            AnswerOutput(
                label=output.label,
                component=output.component,
                value=output.value,
                files=tuple(AnswerFile(path=next(left), original_name=file.original_name) for file in files),
            )
            for output, files in zip(self.outputs, self.files, strict=True)
        ]
        return Answer(endpoint=self.endpoint, outputs=tuple(outputs))


def write_answer(answer: Answer, hashes: Sequence[str]) -> bytes:
    """Return `answer` as JSON, with the `hashes` of its files in the order in which its outputs name them.

    Raises:
        TypeError, ValueError, RecursionError: a value is no JSON.
    """
    left = iter(hashes)
    outputs = [
        {
            "label": output.label,
            "component": output.component,
            "value": output.value,
            "files": [[next(left), file.original_name] for file in output.files],
        }
        for output in answer.outputs
    ]
    return json.dumps({"endpoint": answer.endpoint, "outputs": outputs}, separators=(",", ":")).encode("ascii")


def read_answer(raw: bytes) -> KeptAnswer:
    """Return what `write_answer` wrote.

    Raises:
        ValueError, KeyError, TypeError, RecursionError: it is something else.
    """
    read = json.loads(raw)
    outputs = read["outputs"]
    return KeptAnswer(
        endpoint=read["endpoint"],
        outputs=tuple(
            AnswerOutput(label=output["label"], component=output["component"], value=output["value"])
            for output in outputs
        ),
        files=tuple(tuple(KeptFile(*file) for file in output["files"]) for output in outputs),
    )
