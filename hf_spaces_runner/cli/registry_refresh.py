"""`hfsr registry refresh`: reads again what the Hub says of the Spaces that are known."""

import os
from collections.abc import Sequence

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.counted import counted_progress
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.discovery import Refreshed
from hf_spaces_runner.errors import UnknownSpaceError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr registry refresh
  hfsr registry refresh user/name whisper-transcription
"""


@command(name="refresh", epilog=EPILOG, short_help="Read again what the Hub says of known Spaces.")
@click.argument("references", nargs=-1, metavar="[SPACE]...")
def refresh(presenter: Presenter, *, references: Sequence[str]) -> None:
    """Ask the Hub again for each SPACE, or for all that are known: stage, revision, the name of the image.

    What was interrupted, or broken off since the Hub wanted no more questions, goes on where it was at the next call
    within a day. What is gone from the Hub is forgotten, unless it stands in a registry file. Exits with 1 if a Space
    could not be read.
    """
    known = KnownSpaces(load_settings(os.environ), os.environ, on_warning=presenter.warning, on_note=presenter.note)
    named = dict.fromkeys(_hub_id(known, reference) for reference in references)
    hub_ids = list(named) or known.discovery.to_refresh()
    done: list[Refreshed] = []
    try:
        with counted_progress(presenter, "Refreshing", len(hub_ids)) as advance:
            for one in known.discovery.refresh(hub_ids, is_all=not references):
                done.append(one)
                advance()
                if one.problem is not None:
                    presenter.warning(one.problem)
                elif one.found is not None:
                    hub = one.found.hub
                    presenter.detail(f"{hub.id}: {hub.stage or 'no stage'}, {(hub.sha or 'no revision')[:8]}")
    finally:
        if done and not presenter.json:
            failed = sum(one.problem is not None for one in done)
            presenter.note(
                f"{len(done)} of {len(hub_ids)} asked for{f', {failed} could not be read' if failed else ''}"
            )
    if presenter.json:
        presenter.object({"asked": len(done), "spaces": [_as_json(one) for one in done]})
    elif not hub_ids:
        presenter.note("No Space of the Hub is known; hfsr discover finds some.")
    if any(one.problem is not None for one in done):
        click.get_current_context().exit(1)


def _hub_id(known: KnownSpaces, reference: str) -> str:
    space = known.find(reference)
    if space.space_id is None:
        raise UnknownSpaceError(f"{space.id} is not a Space of the Hub", hint="name one that has a Hub id, user/name")
    return space.space_id


def _as_json(one: Refreshed) -> dict[str, object]:
    hub = None if one.found is None else one.found.hub
    return {
        "space_id": one.hub_id,
        "stage": None if hub is None else hub.stage,
        "sha": None if hub is None else hub.sha,
        "subdomain": None if hub is None else hub.subdomain,
        "problem": one.problem,
    }
