"""`hfsr list`: the Spaces of the registry, by category."""

import os
from itertools import islice

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.show_space import (
    kinds_in_short,
    likely_category,
    origin_in_short,
    reference_of,
    space_as_json,
    status_in_short,
)
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr list
  hfsr list --category audio_processing
  hfsr list --sdk gradio --limit 20
  hfsr list --json
"""
_ON_A_TERMINAL = 200


@command(name="list", epilog=EPILOG, short_help="List the Spaces of the registry.")
@click.option("--category", metavar="NAME", help="Only the Spaces of this category.")
@click.option("--sdk", type=click.Choice(["gradio", "docker", "static", "streamlit"]), help="Only those of this SDK.")
@click.option("--limit", type=click.IntRange(min=1), help=f"Only so many.  [default: {_ON_A_TERMINAL} on a terminal]")
@click.option("--offset", type=click.IntRange(min=0), default=0, help="Leave out so many at the beginning.")
def list_spaces(presenter: Presenter, *, category: str | None, sdk: str | None, limit: int | None, offset: int) -> None:
    """List the Spaces of the registry: id, category, what goes in and out, status, where from, description.

    Those of your own registry come first, then the bundled ones, then those that were found on the Hub.
    """
    registry = KnownSpaces(
        load_settings(os.environ), os.environ, on_warning=presenter.warning, on_note=presenter.note
    ).registry
    most = _ON_A_TERMINAL if limit is None and presenter.human else limit
    end = None if most is None else offset + most
    spaces = islice(registry.spaces(category=category, sdk=sdk), offset, end)
    first = next(spaces, None)
    if first is None and category is not None and category not in registry.categories:
        raise UsageError(
            f"no category {category!r} in the registry{likely_category(category, registry.categories)}",
            hint=f"there are: {', '.join(sorted(registry.categories))}",
        )
    shown = (space for part in ([first] if first is not None else [], spaces) for space in part)
    if presenter.json:
        presenter.object({"spaces": [space_as_json(space) for space in shown]})
        return
    if presenter.quiet:
        for space in shown:
            presenter.result(reference_of(space))
        return
    rows = [
        (
            reference_of(space),
            space.category,
            kinds_in_short(space),
            status_in_short(space),
            origin_in_short(space),
            space.description,
        )
        for space in shown
    ]
    number = len(rows)
    presenter.table(("ID", "CATEGORY", "IN -> OUT", "STATUS", "FROM", "DESCRIPTION"), rows)
    if most is not None and number == most:
        known = registry.count(category=category, sdk=sdk)
        if known > offset + number:
            presenter.note(f"{number} of {known:,} Spaces; --limit shows more, hfsr discover --search finds one")
