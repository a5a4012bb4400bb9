"""`hfsr info`: everything that is known of one Space without starting it."""

import os
import time
from dataclasses import replace

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.cli.show_space import lines_of, room_as_json, room_in_words, run_example, space_as_json
from hf_spaces_runner.domain.request import PullPolicy, Request
from hf_spaces_runner.domain.room import Room
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr info vader-sentiment
  hfsr info vader-sentiment --endpoints
  hfsr info --from-hub user/name
  hfsr info https://huggingface.co/spaces/user/name --json
"""


@command(name="info", epilog=EPILOG, short_help="Show what is known of one Space.")
@click.argument("space", required=False)
@from_hub_option()
@click.option("--endpoints", "shows_endpoints", is_flag=True, help="Show what can be called; starts the Space for it.")
@click.option("--auth-user", metavar="NAME", help="With --endpoints: log in to the Space itself, as hfsr run does.")
@container_options
def info(presenter: Presenter, *, space: str, shows_endpoints: bool, auth_user: str | None, asked: Request) -> None:
    """Show what is known of SPACE: a registry id, user/name, a Space's URL, or an image.

    With --endpoints it is started, unless it is up, and asked for its functions; the other options are for that.
    """
    if shows_endpoints:
        _show_endpoints(presenter, replace(asked, space=space, auth_user=auth_user))
        return
    loaded = load_settings(os.environ)
    with progress_display(presenter) as on_progress:
        known_spaces = KnownSpaces(
            loaded, os.environ, on_warning=presenter.warning, on_note=presenter.note, on_progress=on_progress
        )
        known = known_spaces.find(space, asks_hub=not asked.privacy, fetches=asked.pull is not PullPolicy.NEVER)
    room = _room_for(known)
    if presenter.json:
        presenter.object({**space_as_json(known), **room_as_json(room), "command": run_example(known)})
        return
    for name, text in (*lines_of(known, time.time()), ("disk", room_in_words(room)), ("run it", run_example(known))):
        if text:
            presenter.result(f"{name:13} {text}")


def _room_for(space: Space) -> Room:
    from hf_spaces_runner.runner import Runner  # noqa: PLC0415 - the other half of this command needs no engine

    return Runner(reaps=False).advisor.room_for(space)


def _show_endpoints(presenter: Presenter, request: Request) -> None:
    # What starts Spaces takes longer to load than the other half of this command to run.
    from hf_spaces_runner.cli.show_endpoints import endpoint_as_json, show_endpoints  # noqa: PLC0415
    from hf_spaces_runner.runner import Runner  # noqa: PLC0415

    with progress_display(presenter) as on_progress:
        found = Runner(on_progress=on_progress, command="hfsr info").endpoints(request)
    endpoints = sorted(found, key=lambda endpoint: not endpoint.public)
    if presenter.json:
        shown = [endpoint_as_json(str(request.space), endpoint) for endpoint in endpoints]
        presenter.object({"space": request.space, "endpoints": shown})
    else:
        show_endpoints(presenter, str(request.space), endpoints)
