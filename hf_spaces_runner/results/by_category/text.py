"""Understands labels with scores, in each of the forms that Spaces answer them in."""

import math
from collections.abc import Iterable
from dataclasses import replace

from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.result import Score
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part

_MOST = 1000


def read_scores(part: Part, _: OutputFiles | None) -> Part:
    """Return `part` with its labels and their scores, if that is what it is."""
    if part.output.kind is not OutputKind.JSON:
        return part
    return replace(part, output=replace(part.output, scores=scores_of(part.output.value)))


def scores_of(value: object) -> tuple[Score, ...]:
    """Return the labels of `value`, the highest score first; none where it is something else, or more than 1000.

    The forms: `{"label": ..., "confidences": [{"label": ..., "confidence": ...}]}` of Gradio's Label, a list of
    `{"label": ..., "score": ...}` as pipelines of transformers answer it, and an object of labels and numbers. The last
    one could be anything: it counts where all numbers are in -1 to 1, and one of them is no whole number.
    """
    pairs = list(_pairs(value))
    if not pairs or len(pairs) > _MOST:
        return ()
    scores = []
    for label, number in pairs:
        if not isinstance(label, str | int | float) or not _is_number(number):
            return ()
        scores.append(Score(label=one_line(str(label)), score=float(number)))  # type: ignore[arg-type] # it is a number
    return tuple(sorted(scores, key=lambda one: -one.score))


def _pairs(value: object) -> Iterable[tuple[object, object]]:
    if isinstance(value, dict) and isinstance(value.get("confidences"), list):
        return _named(value["confidences"], "confidence")
    if isinstance(value, dict):
        numbers = value.values()
        scaled = all(_is_number(number) and -1 <= number <= 1 for number in numbers)
        return value.items() if scaled and any(isinstance(number, float) for number in numbers) else ()
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        return _named(value[0], "score")  # transformers answers a list for each of its inputs
    return _named(value, "score") if isinstance(value, list) else ()


def _named(rows: list[object], name: str) -> list[tuple[object, object]]:
    """Return label and number of each row; none where one says more than that, such as where in a picture it is."""
    named = [(row["label"], row[name]) for row in rows if isinstance(row, dict) and set(row) == {"label", name}]
    return named if len(named) == len(rows) else []


def _is_number(value: object) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number of hundreds of digits
        return False
