"""`hfsr logs`: what a Space that is up has printed."""

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr logs vader-sentiment
  hfsr logs vader-sentiment -f
  hfsr logs vader-sentiment -n 1000
"""
_MOST_LINES = 1_000_000


@command(name="logs", epilog=EPILOG, short_help="Show what a Space that is up has printed.")
@click.argument("space")
@click.option("-f", "--follow", is_flag=True, help="Go on until the Space ends, or Ctrl-C.")
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1, _MOST_LINES),
    default=100,
    metavar="N",
    help="The last so many lines.  [default: 100]",
)
def logs(presenter: Presenter, *, space: str, follow: bool, lines: int) -> None:
    """Show the last lines that SPACE, a Space that is up, has printed, without what could harm a terminal."""
    if follow and presenter.json:
        raise UsageError("--json is one object, which -f would never finish", hint="leave one of them out")
    pieces = Runner(command="hfsr logs").up_spaces.logs(space, lines=lines, follow=follow)
    if presenter.json:
        presenter.object({"lines": printable("".join(pieces)).splitlines()})
        return
    for piece in pieces:
        # A piece ends where a line does, or is one endless line, so no escape sequence is cut in two.
        presenter.piece(printable(piece))
