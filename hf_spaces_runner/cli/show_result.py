"""Prints the result of a run: for people, for pipes, or as the JSON object that design and README promise."""

import dataclasses
import json
from pathlib import Path

from hf_spaces_runner.cli.common import evidence_as_json
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.result import Attempt, Output, RunResult
from hf_spaces_runner.domain.units import format_duration, format_size

_WORTH_TELLING_S = 0.05


def show_result(presenter: Presenter, result: RunResult) -> None:
    """Print `result` in the form that `presenter` was asked for."""
    if presenter.json:
        presenter.object(result_as_json(result))
    elif presenter.human:
        _show_to_people(presenter, result)
    else:
        _show_plainly(presenter, result)
    if result.url is not None:
        presenter.note(f"Kept: {result.container} listens on {result.url}; hfsr stop {result.container} removes it")


def result_as_json(result: RunResult) -> dict[str, object]:
    """Return the public JSON form of `result`; its field names change only with a CHANGELOG line."""
    return {
        "run_id": result.run_id,
        "status": result.status,
        "space": result.space,
        "tier": result.tier,
        "text": result.text,
        "outputs": [
            {"label": item.label, "kind": item.kind, "value": item.value, "path": _path(item.path)}
            for item in result.outputs
        ],
        "files": [
            {"path": _path(item.path), "media_type": item.media_type, "bytes": item.size_bytes} for item in result.files
        ],
        "attempts": [attempt_as_json(attempt) for attempt in result.attempts],
        "image_digest": result.image_digest,
        "total_s": round(result.total_s, 3),
        "container": result.container,
        "url": result.url,
    }


def attempt_as_json(attempt: Attempt) -> dict[str, object]:
    """Return the public JSON form of one attempt; times in seconds, to the millisecond."""
    timings = {name: round(seconds, 3) for name, seconds in dataclasses.asdict(attempt.timings).items()}
    return {**dataclasses.asdict(attempt), "evidence": evidence_as_json(attempt.evidence), "timings": timings}


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _show_to_people(presenter: Presenter, result: RunResult) -> None:
    if result.text is not None and not any(_reads_as(output, result.text) for output in result.outputs):
        presenter.result(result.text)
    for output in result.outputs:
        if output.path is None:
            head = f"{output.label}: " if len(result.outputs) > 1 and output.label else ""
            text = _in_words(output)
            presenter.result(f"{head}{text}" if "\n" not in text else f"{head.rstrip()}\n{text}".lstrip("\n"))
    for file in result.files:
        presenter.result(f"{file.path}  ({file.media_type}, {format_size(file.size_bytes)})")
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


def _show_plainly(presenter: Presenter, result: RunResult) -> None:
    """Print what a pipe wants: the text, or where there is none each value; then the paths of files, one a line."""
    if result.text is not None:
        presenter.result(result.text)
    else:
        for output in result.outputs:
            if output.path is None:
                presenter.result(_in_words(output))
    for file in result.files:
        presenter.result(str(file.path))


def _reads_as(output: Output, text: str) -> bool:
    """Return whether `text` is what is printed of `output` anyway; the top of a list of labels is not."""
    return output.value == text or json.dumps(output.value, ensure_ascii=False, separators=(",", ":")) == text


def _in_words(output: Output) -> str:
    if output.kind is OutputKind.TEXT:
        return str(output.value)
    return json.dumps(output.value, ensure_ascii=False, indent=2)
