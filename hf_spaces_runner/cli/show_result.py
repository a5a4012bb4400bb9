"""Prints the result of a run: for people, for pipes, or as the JSON object that design and README promise."""

import json
from typing import TYPE_CHECKING

from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.preview import show_previews
from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.result import Output, OutputFile, RunResult, Score
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.results.result_json import attempt_as_json, file_as_json, output_as_json, result_as_json
from hf_spaces_runner.results.table_csv import as_csv

if TYPE_CHECKING:
    from hf_spaces_runner.results.process import ProcessedAnswer

__all__ = ["attempt_as_json", "result_as_json", "show_answer", "show_result"]

_WORTH_TELLING_S = 0.05
_MOST_LABELS = 20


def show_result(presenter: Presenter, result: RunResult, *, written: bool = False) -> None:
    """Print `result` in the form that `presenter` was asked for; `written` says that its text stands there already."""
    if presenter.json:
        presenter.object(result_as_json(result))
    elif presenter.human:
        _show_to_people(presenter, result, written=written)
    else:
        _show_plainly(presenter, result, written=written)
    if result.url is not None:
        presenter.note(f"Kept: {result.container} listens on {result.url}; hfsr stop {result.container} removes it")


def show_answer(presenter: Presenter, prompt: str, answer: "ProcessedAnswer", *, written: bool) -> None:
    """Print one answer of a chat: one line of JSON, or what reads as text and the paths of files."""
    if presenter.json:
        outputs = [output_as_json(item) for item in answer.outputs]
        files = [file_as_json(item) for item in answer.files]
        presenter.object({"prompt": prompt, "status": "ok", "text": answer.text, "outputs": outputs, "files": files})
        return
    _show_plainly(presenter, answer, written=written)


def _show_to_people(presenter: Presenter, result: RunResult, *, written: bool) -> None:
    if not written and result.text is not None and not any(_reads_as(output, result.text) for output in result.outputs):
        presenter.result(result.text)
    for output in result.outputs:
        if output.path is None and not (written and output.value == result.text):
            head = f"{output.label}: " if len(result.outputs) > 1 and output.label else ""
            text = _as_columns(output.scores) if output.scores else _in_words(output)
            presenter.result(f"{head}{text}" if "\n" not in text else f"{head.rstrip()}\n{text}".lstrip("\n"))
    for file in result.files:
        presenter.result(f"{file.path}  ({', '.join(_facts(file))})")
    show_previews(result.files)
    timings = result.attempts[-1].timings
    phases = (
        ("image", timings.pull_s),
        ("wait", timings.wait_s),
        ("start", timings.start_s),
        ("ready", timings.ready_s),
        ("call", timings.call_s),
    )
    steps = ", ".join(
        f"{name} {seconds:.1f} s" for name, seconds in phases if name != "wait" or seconds >= _WORTH_TELLING_S
    )
    presenter.note(f"{result.space} answered in {format_duration(round(result.total_s, 1))} ({steps})")


def _show_plainly(presenter: Presenter, result: "RunResult | ProcessedAnswer", *, written: bool) -> None:
    """Print what a pipe wants: the text, or where there is none each value; then the paths of files, one a line."""
    if result.text is not None:
        if not written:
            presenter.result(result.text)
    else:
        for output in result.outputs:
            if output.path is None:
                presenter.result(_in_words(output))
    for file in result.files:
        presenter.result(str(file.path))


def _facts(file: OutputFile) -> list[str]:
    """Return what is known of `file`, in words."""
    facts = [file.media_type, format_size(file.size_bytes)]
    if file.width is not None and file.height is not None:
        facts.append(f"{file.width}x{file.height}")
    if file.duration_s is not None:
        facts.append(format_duration(round(file.duration_s, 1)))
    if file.sample_rate_hz is not None:
        facts.append(f"{file.sample_rate_hz} Hz")
    return facts


def _as_columns(scores: tuple[Score, ...]) -> str:
    """Return the highest scores, one a line with its label before it."""
    shown = scores[:_MOST_LABELS]
    width = max(len(one.label) for one in shown)
    numbers = [f"{one.score:.4f}" if abs(one.score) <= 1 else f"{one.score:.6g}" for one in shown]
    lines = [f"{one.label.ljust(width)}  {number}" for one, number in zip(shown, numbers, strict=True)]
    if len(scores) > len(shown):
        lines.append(f"... and {len(scores) - len(shown)} more")
    return "\n".join(lines)


def _reads_as(output: Output, text: str) -> bool:
    """Return whether `text` is what is printed of `output` anyway; the top of a list of labels is not."""
    compact = json.dumps(output.value, ensure_ascii=False, separators=(",", ":"))
    return text in (output.value, _in_words(output), compact)


def _in_words(output: Output) -> str:
    if output.kind is OutputKind.TEXT:
        return str(output.value)
    table = as_csv(output.value) if output.kind is OutputKind.TABLE else None
    if table is not None:
        return table.rstrip("\n")
    return json.dumps(output.value, ensure_ascii=False, indent=2)
