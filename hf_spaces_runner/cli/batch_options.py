"""The options that say which items a batch has, how they are run, and what ends it."""

import functools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from hf_spaces_runner.batch.batch import BatchOptions
from hf_spaces_runner.batch.sources.spec import SourceSpec
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.pool_policy import FailureLimit, PoolRules

_ITEMS = (
    click.option("--prompts", type=click.Path(path_type=Path), metavar="FILE", help="A prompt a line, for INPUTS."),
    click.option("--columns", multiple=True, metavar="NAME,...", help="Send only these columns of tables."),
    click.option("--as-files", is_flag=True, help="Tables are input files as well, not rows."),
    click.option("--allow-outside", is_flag=True, help="Tables may name files outside of their own folder."),
    click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most so many items."),
    click.option("--offset", type=click.IntRange(min=0), default=0, metavar="N", help="Leave out the first N items."),
    click.option("--shuffle", is_flag=True, help="In a random order; before --offset and --limit."),
    click.option("--seed", type=int, default=0, metavar="N", help="Of that order.  [default: 0]"),
)
_HOW = (
    click.option("--containers", type=click.IntRange(1, 64), default=3, metavar="N", help="At most.  [default: 3]"),
    click.option(
        "--concurrency",
        type=click.IntRange(1, 256),
        metavar="N",
        help="Calls at once in a container.  [default: what the endpoint takes, which is mostly one]",
    ),
    click.option("--retries", type=click.IntRange(0, 100), default=2, metavar="N", help="Of what a container died of."),
    click.option("--recycle-after", type=click.IntRange(min=1), metavar="N", help="Replace a container after N items."),
    click.option("--unordered", is_flag=True, help="Write results as they come, not in the order of the input."),
    click.option("--item-dirs", is_flag=True, help="A folder an item: what was sent, the answer, its log lines."),
    click.option("--fallback-items", is_flag=True, help="Ask those who follow the Space about items that fail."),
)
_ENDS = (
    click.option("--fail-fast/--keep-going", default=False, help="Whether the first failed item ends the batch."),
    click.option("--max-failures", metavar="N|P%", help="More failed items than that end the batch."),
    click.option("--no-resume", is_flag=True, help="Begin anew; what was done is put aside."),
    click.option("--rerun-failed", is_flag=True, help="Run those again that failed, too."),
)


def batch_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options, and hand on their values as `sources` and `options`; the output folder is set by the command."""

    @functools.wraps(function)
    def wrapped(*arguments: object, **given: Any) -> None:  # noqa: ANN401 - click's values
        taken = {name: given.pop(name) for name in _NAMES}
        function(*arguments, sources=_sources(taken), options=_options(taken), **given)

    return functools.reduce(lambda inner, option: option(inner), reversed((*_ITEMS, *_HOW, *_ENDS)), wrapped)


_NAMES = (
    *("prompts", "columns", "as_files", "allow_outside", "limit", "offset", "shuffle", "seed"),
    *("containers", "concurrency", "retries", "recycle_after", "unordered", "item_dirs", "fallback_items"),
    *("fail_fast", "max_failures", "no_resume", "rerun_failed"),
)


def _sources(given: dict[str, Any]) -> SourceSpec:
    names = ("prompts", "as_files", "allow_outside", "limit", "offset", "shuffle", "seed")
    columns = tuple(name.strip() for word in given["columns"] for name in word.split(","))
    if not all(columns):
        raise UsageError("--columns: a name is empty", hint="write --columns text, or --columns text,language")
    return SourceSpec(columns=columns, **{name: given[name] for name in names})


def _options(given: dict[str, Any]) -> BatchOptions:
    if given["no_resume"] and given["rerun_failed"]:
        raise UsageError("--no-resume and --rerun-failed exclude each other", hint="leave one of them out")
    rules = PoolRules(
        max_containers=given["containers"],
        retries=given["retries"],
        recycle_after=given["recycle_after"],
        fail_fast=given["fail_fast"],
        failure_limit=_limit(given["max_failures"]),
    )
    return BatchOptions(
        output=Path(),
        command="hfsr batch",
        rules=rules,
        concurrency=given["concurrency"],
        in_order=not given["unordered"],
        resumes=not given["no_resume"],
        reruns_failed=given["rerun_failed"],
        item_dirs=given["item_dirs"],
        falls_back=given["fallback_items"],
    )


def _limit(text: str | None) -> FailureLimit | None:
    if text is None:
        return None
    match = re.fullmatch(r"(\d{1,12})|(\d{1,3}(?:\.\d{1,6})?)%", text.strip())
    if match is None or (match[2] is not None and float(match[2]) > 100):  # noqa: PLR2004 - percent
        raise UsageError(f"--max-failures {text}: neither a number nor a share", hint="write 10, or 5%")
    return FailureLimit(count=int(match[1])) if match[1] is not None else FailureLimit(share=float(match[2]) / 100)
