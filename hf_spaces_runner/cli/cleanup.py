"""`hfsr cleanup`: shows and removes what runs left behind."""

import click

from hf_spaces_runner.cli.common import age, command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr cleanup --dry-run
  hfsr cleanup --older-than 7d
  hfsr cleanup --older-than 0
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
    runner = Runner()
    leftovers = runner.plan_clean_up(older_than)
    if not dry_run:
        runner.clean_up(leftovers)
    freed = sum(leftover.size_bytes or 0 for leftover in leftovers)
    if presenter.json:
        removed = [{"kind": item.kind, "name": item.name, "bytes": item.size_bytes} for item in leftovers]
        presenter.object({"removed": [] if dry_run else removed, "planned": removed, "bytes": freed})
        return
    for leftover in leftovers:
        size = "" if leftover.size_bytes is None else f"  {format_size(leftover.size_bytes)}"
        presenter.result(f"{leftover.kind}  {leftover.name}{size}")
    verb = "would free" if dry_run else "freed"
    presenter.note(f"{len(leftovers)} found, {verb} {format_size(freed)}" if leftovers else "Nothing to clean up.")
