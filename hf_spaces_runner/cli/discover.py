"""`hfsr discover`: finds Spaces, known ones first, then those of the Hub."""

import os
from collections.abc import Sequence

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
from hf_spaces_runner.discovery import Wish
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import HubError, UsageError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr discover audio_processing
  hfsr discover --search "remove the background of a photo"
  hfsr discover image_processing --search upscale --sdk gradio --limit 50
  hfsr discover --search whisper --offline
"""


@command(name="discover", epilog=EPILOG, short_help="Find Spaces, in the registry and on the Hub.")
@click.argument("words", nargs=-1, metavar="[CATEGORY]")
@click.option("--search", "text", metavar="TEXT", help="What the Space should do, in your own words.")
@click.option("--sdk", type=click.Choice(["gradio", "docker", "static", "streamlit"]), help="Only those of this SDK.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="At most so many.")
@click.option(
    "--live/--offline",
    "live",
    default=None,
    help="Ask the Hub, and fail if it does not answer; or do not ask it.  [default: ask it, and do without]",
)
def discover(
    presenter: Presenter, *, words: Sequence[str], text: str | None, sdk: str | None, limit: int, live: bool | None
) -> None:
    """Find Spaces of CATEGORY, or those that fit a text, the best first.

    The registry and what was found before are searched at once; then the Hub is asked, without any token. What it
    names is remembered: hfsr list shows it, and hfsr run --hf-space user/name runs it.
    """
    known = KnownSpaces(load_settings(os.environ), os.environ, on_warning=presenter.warning, on_note=presenter.note)
    wish = Wish(text=_checked(text), category=_known(" ".join(words) or None, known), sdk=sdk, limit=limit)
    spaces, asked = _find(presenter, known, wish, live=live)
    if presenter.json:
        presenter.object({"spaces": [space_as_json(space) for space in spaces]})
        return
    if presenter.quiet:
        for space in spaces:
            presenter.result(reference_of(space))
        return
    presenter.table(("ID", "CATEGORY", "IN -> OUT", "STATUS", "FROM", "DESCRIPTION"), [_row(space) for space in spaces])
    if not spaces:
        nobody = (
            "Nothing that is known here fits, and nothing on the Hub." if asked else "Nothing that is known here fits."
        )
        more = "" if asked else " --live asks the Hub."
        presenter.note(f"{nobody}{' Fewer or other words may.' if text else ''}{more}")


def _find(presenter: Presenter, known: KnownSpaces, wish: Wish, *, live: bool | None) -> tuple[Sequence[Space], bool]:
    """Return what fits, and whether the Hub answered."""
    if live is False or (live is None and known.is_offline):
        return known.discovery.known(wish), False
    try:
        return known.discovery.ask_hub(wish), True
    except HubError as error:
        if live:
            raise
        presenter.warning(f"{error.message}\nOnly what is known here is shown.")
        return known.discovery.known(wish), False


def _row(space: Space) -> tuple[str, ...]:
    certainty = ""
    if space.origin == "discovered" and space.found is not None:
        certainty = f" {space.found.categorised.certainty:.0%}"
    return (
        reference_of(space),
        f"{space.category}{certainty}",
        kinds_in_short(space),
        status_in_short(space),
        origin_in_short(space),
        space.description,
    )


def _checked(text: str | None) -> str | None:
    if text is not None and not text.strip():
        raise UsageError("--search is empty", hint='say what the Space should do: --search "transcribe speech"')
    return text


def _known(category: str | None, known: KnownSpaces) -> str | None:
    if category is None:
        return None
    from hf_spaces_runner.domain.hub_space import Category  # noqa: PLC0415

    there = {*Category, *known.registry.categories}
    if category not in there:
        raise UsageError(
            f"no category {category!r}{likely_category(category, there)}",
            hint=f'there are: {", ".join(sorted(there))}; free words go behind --search, in quotes: --search "..."',
        )
    return category
