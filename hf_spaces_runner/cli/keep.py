"""`hfsr keep`, which `hfsr up` starts and nobody types: ends a Space that is up when its time is over."""

import os

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.runner import Runner


@command(name="keep", hidden=True, short_help="End a Space that is up when its time is over.")
@click.argument("container")
def keep(_presenter: Presenter, *, container: str) -> None:
    """Wait until CONTAINER is past its time, or nobody uses it, and remove it."""
    os.chdir("/")  # no folder shall be in use for its sake
    Runner(reaps=False, command="hfsr keep").up_spaces.watch_over(container)
