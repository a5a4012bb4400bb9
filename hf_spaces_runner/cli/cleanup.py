"""`hfsr cleanup`: shows and removes what runs left behind."""

from collections.abc import Iterable

import click

from hf_spaces_runner.cli.common import age, command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.planning.clean_up import Leftover
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr cleanup --dry-run
  hfsr cleanup --older-than 7d
  hfsr cleanup --older-than 0
  hfsr cron install                  every night, by cron
"""


@command(name="cleanup", epilog=EPILOG, short_help="Remove what runs left behind.")
@click.option(
    "--older-than",
    type=age,
    default="24h",
    metavar="TIME",
    help="Only what was not used for so long.  [default: 24h]",
)
@click.option("--dry-run", is_flag=True, help="Show what would go; remove nothing.")
def cleanup(presenter: Presenter, *, older_than: float, dry_run: bool) -> None:
    """Remove our containers, temporary files and model caches that were not used for a while.

    Only what carries our label is touched, and nothing that a living run works with.
    """
    leftovers = clean_up(older_than, dry_run=dry_run)
    freed = freed_bytes(leftovers)
    if presenter.json:
        removed = [{"kind": item.kind, "name": item.name, "bytes": item.size_bytes} for item in leftovers]
        presenter.object({"removed": [] if dry_run else removed, "planned": removed, "bytes": freed})
        return
    for leftover in leftovers:
        presenter.result(describe(leftover))
    verb = "would free" if dry_run else "freed"
    presenter.note(f"{len(leftovers)} found, {verb} {format_size(freed)}" if leftovers else "Nothing to clean up.")


def clean_up(older_than_s: float, *, dry_run: bool = False) -> tuple[Leftover, ...]:
    """Remove what was not used for `older_than_s` seconds, or only look for it: for `hfsr cleanup` and for cron."""
    runner = Runner(reaps=False)  # what dead processes left is to be shown as well
    leftovers = runner.plan_clean_up(older_than_s)
    if not dry_run:
        runner.clean_up(leftovers)
    return leftovers


def describe(leftover: Leftover) -> str:
    """Return the line that shows `leftover`."""
    size = "" if leftover.size_bytes is None else f"  {format_size(leftover.size_bytes)}"
    return f"{leftover.kind}  {leftover.name}{size}"


def freed_bytes(leftovers: Iterable[Leftover]) -> int:
    """Return how much room `leftovers` take, as far as it is known."""
    return sum(leftover.size_bytes or 0 for leftover in leftovers)
