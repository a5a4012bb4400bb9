"""`hfsr dev`: runs a Space from its folder, and again after each change in it."""

from dataclasses import replace

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.dev_display import DevDisplay
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr dev ./my-space
  hfsr dev ./my-space --open --port 7860
  hfsr dev ./my-space --memory 4g --secret HF_TOKEN
  hfsr dev ./my-space --format json
"""
_HIGHEST_PORT = 65535


@command(name="dev", epilog=EPILOG, short_help="Run a Space from its folder, and again after each change in it.")
@click.argument("space", metavar="FOLDER")
@click.option(
    "--port",
    type=click.IntRange(1, _HIGHEST_PORT),
    metavar="N",
    help="Where it listens, on this machine only.  [default: a free one, the same after each change]",
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser once it is ready.")
@click.option("--timestamps", is_flag=True, help="Show when each line was printed.")
@container_options
def dev(presenter: Presenter, *, space: str, port: int | None, opens: bool, timestamps: bool, asked: Request) -> None:
    """Run the Space in FOLDER, show what it prints, and start it again after each change there, until Ctrl-C.

    A change of the code starts the app again; one of requirements.txt, packages.txt, the Dockerfile or the front matter
    builds the image again. Where that fails, the app that runs stays up. An app that has ended waits for one.

    The app sees the files that its image would have and cannot change them; it can write new ones at the top, which
    are gone at the next start. What it prints goes to stdout, all else to stderr; --format json: an object a line.
    """
    display = DevDisplay(presenter, opens=opens, timestamps=timestamps)
    runner = Runner(on_progress=display.progress, command="hfsr dev")
    runner.up_spaces.develop(replace(asked, space=space), port=port, on_event=display.show)
