"""`hfsr cleanup`: shows and removes what runs left behind."""

from collections.abc import Iterable

import click

from hf_spaces_runner.cli.common import age, command, quota
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.planning.clean_up import Leftover
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr cleanup --dry-run
  hfsr cleanup --older-than 7d
  hfsr cleanup --older-than 0
  hfsr cleanup --images-older-than 30d --cache-quota 20g
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
@click.option(
    "--images-older-than",
    type=age,
    metavar="TIME",
    help="Also images that were built or pulled here for a run, and not used for so long.",
)
@click.option(
    "--cache-quota", type=quota, metavar="SIZE", help="Also the least recently used model caches above this size."
)
@click.option("--dry-run", is_flag=True, help="Show what would go; remove nothing.")
def cleanup(
    presenter: Presenter, *, older_than: float, images_older_than: float | None, cache_quota: int | None, dry_run: bool
) -> None:
    """Remove what killed runs left, and Spaces that ended, caches and images that nobody used for a while.

    Only what is ours is touched, and nothing that a living run or a Space that is up works with.
    """
    leftovers = clean_up(older_than, images_older_than, cache_quota, dry_run=dry_run)
    freed = freed_bytes(leftovers)
    if presenter.json:
        removed = [{"kind": item.kind, "name": item.name, "bytes": item.size_bytes} for item in leftovers]
        presenter.object({"removed": [] if dry_run else removed, "planned": removed, "bytes": freed})
        return
    for leftover in leftovers:
        presenter.result(describe(leftover))
    verb = "would free" if dry_run else "freed"
    presenter.note(f"{len(leftovers)} found, {verb} {format_size(freed)}" if leftovers else "Nothing to clean up.")


def clean_up(
    older_than_s: float,
    images_older_than_s: float | None = None,
    cache_quota_bytes: int | None = None,
    *,
    dry_run: bool = False,
) -> tuple[Leftover, ...]:
    """Remove what was not used for `older_than_s` seconds, or only look for it: for `hfsr cleanup` and for cron."""
    runner = Runner(reaps=False, command="hfsr cleanup")  # what dead processes left is to be shown as well
    leftovers = runner.housekeeping.plan(
        older_than_s, images_older_than_s=images_older_than_s, cache_quota_bytes=cache_quota_bytes
    )
    if not dry_run:
        runner.housekeeping.carry_out(leftovers)
    return leftovers


def describe(leftover: Leftover) -> str:
    """Return the line that shows `leftover`."""
    size = "" if leftover.size_bytes is None else f"  {format_size(leftover.size_bytes)}"
    return f"{leftover.kind}  {leftover.name}{size}"


def freed_bytes(leftovers: Iterable[Leftover]) -> int:
    """Return how much room `leftovers` take, as far as it is known."""
    return sum(leftover.size_bytes or 0 for leftover in leftovers)
