"""`hfsr stop`: ends Spaces that are up."""

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr stop vader-sentiment
  hfsr stop --all
"""


@command(name="stop", epilog=EPILOG, short_help="End a Space that is up.")
@click.argument("space", required=False)
@click.option("--all", "ends_all", is_flag=True, help="All that you have up.")
def stop(presenter: Presenter, *, space: str | None, ends_all: bool) -> None:
    """End SPACE, a Space that is up: by its name, or that of its container. Runs that go on are not touched."""
    if (space is None) is not ends_all:
        raise UsageError("name a Space or give --all, one of them", hint="hfsr ps shows what is up")
    ended = Runner(command="hfsr stop").up_spaces.stop(space)
    if presenter.json:
        presenter.object({"stopped": [{"space": item.labels.space_id, "container": item.name} for item in ended]})
        return
    for item in ended:
        presenter.result(item.name)
    if not ended:
        presenter.note("Nothing is up.")
