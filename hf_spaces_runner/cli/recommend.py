"""`hfsr recommend`: which Space to take for a task, and why."""

from collections.abc import Sequence
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.run_inputs import read_inputs
from hf_spaces_runner.cli.show_space import origin_in_short, reference_of, run_example
from hf_spaces_runner.domain.recommendation import Recommendation
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.input_files import check_files

EPILOG = """\b
Examples:
  hfsr recommend "transcribe my interview"
  hfsr recommend "remove the background from photos" -i @photo.jpg
  hfsr recommend "what is written here" -i @scan.png --json
"""
_MAX_SHOWN = 200


@command(name="recommend", epilog=EPILOG, short_help="Say which Space to take for a task, and why.")
@click.argument("task", nargs=-1, required=True, metavar="TASK")
@click.option("-i", "--input", "words", multiple=True, metavar="@FILE", help="A file that it is to take; repeatable.")
@click.option("--limit", type=click.IntRange(1, 100), default=5, show_default=True, help="At most so many.")
def recommend(presenter: Presenter, *, task: Sequence[str], words: Sequence[str], limit: int) -> None:
    """Rank the Spaces that are known for TASK, which is said in your own words, and give the reasons.

    What counts: the words, what goes in and comes out, whether the image is here, memory and GPU, and how runs went
    before. Nothing is asked on the network; hfsr discover --search finds Spaces of the Hub first.
    """
    from hf_spaces_runner.runner import Runner  # noqa: PLC0415 - not before the words are read

    text = " ".join(task)  # whoever forgets the quotes means the same
    if not text.strip():
        raise UsageError("the task is empty", hint='say it in your own words: hfsr recommend "transcribe speech"')
    given = read_inputs(words)
    plain = next((word for word, one in zip(words, given, strict=True) if one.path is None), None)
    if plain is not None:
        meant = _quoted(plain) if Path(plain).is_file() else "FILE"
        raise UsageError(f"-i takes files here, and {one_line(plain)!r} is none", hint=f"write -i @{meant}")
    check_files(given)
    runner = Runner(on_progress=lambda step: presenter.warning(step.message) if step.warning else None)
    found = runner.advisor.recommend(text, files=[one.path for one in given if one.path is not None], limit=limit)
    if presenter.json:
        presenter.object({"recommendations": [_as_json(one) for one in found]})
        return
    for place, one in enumerate(found, start=1):
        if presenter.quiet:
            presenter.result(reference_of(one.space))
            continue
        presenter.result(f"{place}. {reference_of(one.space)}  ({one.score:.2f}, {origin_in_short(one.space)})")
        presenter.result(f"   {one.space.description}")
        for sign, reasons in (("+", one.reasons), ("-", one.misfits)):
            if reasons:
                presenter.result(f"   {sign} {'; '.join(reasons)}")
        presenter.result(f"   {run_example(one.space)}")
    if not found:
        presenter.note(f"Nothing that is known fits. On the Hub: hfsr discover --search {_quoted(text)}")


def _as_json(one: Recommendation) -> dict[str, object]:
    return {
        "space": reference_of(one.space),
        "score": one.score,
        "reasons": list(one.reasons),
        "misfits": list(one.misfits),
        "description": one.space.description,
        "category": one.space.category,
        "status": one.space.current_status,
        "origin": one.space.origin,
        "command": run_example(one.space),
    }


def _quoted(text: str) -> str:
    import shlex  # noqa: PLC0415 - few get here

    return shlex.quote(one_line(text, limit=_MAX_SHOWN))
