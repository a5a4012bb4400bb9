"""`hfsr batch`: reads what to run over which inputs, shows how it goes on, and says what it came to."""

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path

import click

from hf_spaces_runner.batch.batch import Batch, BatchOptions
from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.sources.read_items import count_hint, preview_items
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.cli.batch_arguments import output_folder, split_words
from hf_spaces_runner.cli.batch_options import batch_options
from hf_spaces_runner.cli.batch_progress import BatchDisplay, ProgressKind, batch_display
from hf_spaces_runner.cli.chain_options import chain_options
from hf_spaces_runner.cli.common import command, duration
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.log_options import log_options
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.run_inputs import read_inputs
from hf_spaces_runner.cli.show_batch import show_batch
from hf_spaces_runner.domain.batch_summary import BatchSummary
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import RunnerError, UsageError
from hf_spaces_runner.runner import Runner
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr batch --hf-space sphinx-transcription talks/ -o transcripts
  hfsr batch --hf-space vader-sentiment reviews.csv -i text={review}
  hfsr batch "Is this good? {review}" --hf-space user/name reviews.jsonl --limit 100
  hfsr batch --hf-space face-detection 'photos/**/*.jpg' --containers 2 --report faces.html
  hfsr batch --hf-space vader-sentiment --prompts lines.txt --json
  find . -name '*.wav' | hfsr batch --hf-space sphinx-transcription - -o transcripts
  hfsr batch --hf-space vader-sentiment reviews.csv --dry-run

\b
INPUTS are files, folders, patterns in quotes (**), tables (.jsonl .csv .tsv .parquet: an item a row), or - for
a list on stdin. The same command again goes on where it was.
"""
SOME_FAILED = 21
_PREVIEWED = 3
_COUNT_WAIT_S = 0.5


@command(name="batch", epilog=EPILOG, short_help="Run a Space over many inputs with warm containers.")
@click.argument("words", nargs=-1, metavar="[PROMPT] [INPUTS]...")
@click.option("--hf-space", "space", metavar="SPACE", help="A registry id, user/name, a Space's URL, or an image.")
@from_hub_option(needs_space=False)
@click.option("--prompt", metavar="TEXT", help="The prompt, where it could be taken for an input.")
@click.option(
    "-i", "--input", "inputs", multiple=True, metavar="[NAME=]VALUE|[NAME=]@FILE", help="A constant; repeatable."
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where results go.  [default: hfsr-batch-SPACE]",
)
@click.option("--endpoint", metavar="NAME", help="The function to call, where the Space has several.")
@click.option("--auth-user", metavar="NAME", help="User name for the Space's own login; its password by --secret.")
@click.option("--explain", is_flag=True, help="Say how the Space is started and the endpoint chosen, and why.")
@click.option("--timeout", type=duration, metavar="TIME", help="Longest time for a call.  [default: 5m]")
@click.option("--report", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with plots to FILE.")
@click.option("--progress", type=click.Choice(["auto", "json", "none"]), default="auto", help="How it is shown.")
@click.option("--dry-run", is_flag=True, help="Show the first three items; do nothing.")
@batch_options
@container_options
@chain_options
@log_options
def batch(
    presenter: Presenter,
    *,
    words: tuple[str, ...],
    space: str | None,
    prompt: str | None,
    inputs: tuple[str, ...],
    output: Path | None,
    endpoint: str | None,
    auth_user: str | None,
    explain: bool,
    timeout: float | None,
    report: Path | None,
    progress: ProgressKind,
    dry_run: bool,
    asked: Request,
    sources: SourceSpec,
    options: BatchOptions,
) -> None:
    """Run a Space once for each of INPUTS, in a few containers that stay warm; results.jsonl has a line an item.

    Columns go to the endpoint's inputs by name; {column} in PROMPT and in -i is replaced. Exit 21: some items failed.
    """
    if space is None:
        raise UsageError(
            "which Space? --hf-space is missing",
            hint="hfsr list shows the Spaces of the registry; a folder is named with --hf-space ./my-space",
        )
    found_prompt, found_inputs = split_words(words, prompt)
    spec = replace(
        sources,
        inputs=found_inputs,
        prompt=found_prompt,
        constants=read_inputs(inputs),
        stdin=None if sys.stdin is None else sys.stdin.buffer,
    )
    request = replace(
        asked,
        space=space,
        endpoint=endpoint,
        auth_user=auth_user,
        explain=explain,
        limits=replace(asked.limits, timeout_s=timeout),
        deadline_s=None,
    )
    run_batch(
        presenter,
        request,
        spec,
        replace(options, output=output_folder(output, space), deadline_s=asked.deadline_s),
        progress=progress,
        report=report,
        dry_run=dry_run,
    )


def batch_of_run(
    presenter: Presenter,
    request: Request,
    *,
    words: tuple[str, ...],
    prompt: str | None,
    inputs: tuple[str, ...],
    output: Path | None,
    dry_run: bool,
) -> None:
    """Run the batch that `hfsr run --inputs` asks for, with the defaults of `hfsr batch`.

    Raises:
        UsageError: no Space is named.
        RunnerError: see `Batch.run`.
    """
    if request.space is None:
        raise UsageError(
            "which Space? --hf-space is missing",
            hint="hfsr list shows the Spaces of the registry; a folder is named with --hf-space ./my-space",
        )
    spec = SourceSpec(
        inputs=words,
        prompt=prompt,
        constants=read_inputs(inputs),
        stdin=None if sys.stdin is None else sys.stdin.buffer,
    )
    folder = output_folder(output, request.space)
    options = BatchOptions(output=folder, command="hfsr run --inputs", deadline_s=request.deadline_s)
    run_batch(presenter, replace(request, deadline_s=None), spec, options, dry_run=dry_run)


def run_batch(
    presenter: Presenter,
    request: Request,
    spec: SourceSpec,
    options: BatchOptions,
    *,
    progress: ProgressKind = "auto",
    report: Path | None = None,
    dry_run: bool = False,
) -> None:
    """Run a batch and show it; or only its first items, where `dry_run`.

    Raises:
        RunnerError: see `Batch.run`.
    """
    if request.fresh or request.cache is not None:
        raise UsageError(
            "a batch has containers and results of its own, so --fresh, --cache and --no-cache mean nothing to it",
            hint="--no-resume runs all items again",
        )
    if not (spec.inputs or spec.prompts):
        raise UsageError(
            "no inputs: name files, folders, tables, or - for a list on stdin",
            hint="hfsr batch --help has examples; --prompts FILE is a prompt a line",
        )
    if dry_run:
        _show_items(presenter, preview_items(replace(spec, exclude=(*spec.exclude, options.output)), _PREVIEWED))
        return
    if report is not None:
        from hf_spaces_runner.cli.batch_report import require_report  # noqa: PLC0415 - it loads the plots

        ours = BatchFolder(options.output)
        read = [Path(word) for word in (*spec.inputs, spec.prompts) if word is not None]
        require_report(report, ours.root, [*read, ours.results, ours.failed, ours.summary, ours.journal])
    slots = load_settings(os.environ).values.max_running
    with batch_display(presenter, progress, None, slots) as display:
        runner = Runner(on_progress=display.progress, command=f"hfsr batch {request.space}")
        made = Batch(runner, request, spec, options, on_progress=display.progress)
        _count(made, spec)
        with display.watch(lambda: (made.tally.snapshot(), made.state())):
            summary = _run(made, display)
    show_batch(presenter, summary, BatchFolder(options.output), arguments=["hfsr", *sys.argv[1:]], report=report)
    if report is not None:
        from hf_spaces_runner.cli.batch_report import write_report  # noqa: PLC0415 - it loads the plots

        write_report(report, summary, made.tally.series(), title=str(request.space))
    if summary.failed or not summary.is_complete:
        click.get_current_context().exit(SOME_FAILED)


def _run(made: Batch, display: BatchDisplay) -> BatchSummary:
    try:
        return made.run()
    except KeyboardInterrupt:
        display.note(f"{made.tally.snapshot().done} items are done; the same command goes on where it was.")
        raise


def _count(made: Batch, spec: SourceSpec) -> None:
    """Count the items in a thread: a bar without an end is better than to wait for it."""

    def count() -> None:
        try:
            made.tally.total = count_hint(spec)
        except RunnerError:  # whoever reads the items is told
            return

    thread = threading.Thread(target=count, name="hfsr-count", daemon=True)
    thread.start()
    thread.join(_COUNT_WAIT_S)


def _show_items(presenter: Presenter, items: tuple[Item, ...]) -> None:
    shown = [
        {
            "index": item.index,
            "id": item.id,
            "source": item.source,
            "prompt": item.prompt,
            "inputs": [
                {"name": given.name, "file" if given.path else "value": str(given.path) if given.path else given.value}
                for given in item.inputs
            ],
            "fault": item.fault,
        }
        for item in items
    ]
    if presenter.json:
        presenter.object({"items": shown})
        return
    for item in items:
        presenter.result(f"{item.index}  {item.id}  ({item.source})")
        if item.fault:
            presenter.result(f"   cannot be asked: {item.fault}")
        if item.prompt is not None:
            presenter.result(f"   prompt: {item.prompt}")
        for given in item.inputs:
            value = f"@{given.path}" if given.path else given.value
            presenter.result(f"   {given.name or 'input'}: {value}")
