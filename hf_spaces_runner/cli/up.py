"""`hfsr up`: starts a Space and leaves it running."""

import time
from dataclasses import replace

import click

from hf_spaces_runner.cli.common import command, duration
from hf_spaces_runner.cli.container_options import container_options
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.log_options import log_options
from hf_spaces_runner.cli.older_packages import trying_older_packages
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.progress import progress_display
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.running_space import UpSpace
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.orchestrator.interrupts import ignore_interrupts
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr up vader-sentiment
  hfsr up vader-sentiment --port 7860 --open
  hfsr up vader-sentiment --ttl 2h --idle-stop 15m
  hfsr up user/name --memory 8g --secret HF_TOKEN
  hfsr up ./my-space --open
  hfsr up --from-hub user/name --open
"""
_HIGHEST_PORT = 65535


@command(name="up", epilog=EPILOG, short_help="Start a Space and leave it running.")
@click.argument("space", required=False)
@from_hub_option()
@click.option(
    "--port",
    type=click.IntRange(1, _HIGHEST_PORT),
    metavar="N",
    help="Where it listens, on this machine only.  [default: a free one]",
)
@click.option("--open", "opens", is_flag=True, help="Show it in the browser.")
@click.option("--ttl", type=duration, metavar="TIME", help="Stop it after so long.  [default: never]")
@click.option("--idle-stop", type=duration, metavar="TIME", help="Stop it when nobody used it for so long.")
@container_options
@log_options
def up(
    presenter: Presenter,
    *,
    space: str,
    port: int | None,
    opens: bool,
    ttl: float | None,
    idle_stop: float | None,
    asked: Request,
) -> None:
    """Start SPACE, print its URL, and leave it running. hfsr run uses it from then on.

    It takes one of the slots until hfsr stop ends it, or its time is over.
    """

    def start(wanted: Request) -> UpSpace:
        with progress_display(presenter) as on_progress:
            runner = Runner(on_progress=on_progress, command="hfsr up")
            # An interrupt that comes later would find it up, and nobody told where.
            return runner.up_spaces.up(wanted, port=port, ttl_s=ttl, idle_stop_s=idle_stop, on_up=ignore_interrupts)

    found = trying_older_packages(presenter, replace(asked, space=space), start)
    if presenter.json:
        presenter.object(
            {
                "space": found.space,
                "url": found.url,
                "port": found.port,
                "container": found.container,
                "was_up": found.was_up,
                "stops_at": found.stops_at,
                "idle_stop_s": found.idle_stop_s,
            }
        )
    else:
        presenter.result(found.url)
        was = "was up already" if found.was_up else "is up"
        presenter.note(f"{found.space} {was}{_until(found)}. hfsr stop {found.space} ends it")
    if found.was_up and (ttl is not None or idle_stop not in {None, found.idle_stop_s}):
        presenter.warning(
            f"{found.space} was up already, so --ttl and --idle-stop change nothing; hfsr stop it first for that"
        )
    if opens:
        import webbrowser  # noqa: PLC0415 - few want it

        if not webbrowser.open(found.url):
            presenter.warning(f"no browser could be started: open {found.url} yourself")


def _until(found: UpSpace) -> str:
    left_s = None if found.stops_at is None else max(1, round(found.stops_at - time.time()))
    ends = (
        f"in {format_duration(left_s)}" if left_s else "",
        f"{format_duration(round(found.idle_stop_s))} after its last use" if found.idle_stop_s else "",
    )
    when = " or ".join(filter(None, ends))
    return f"; it ends {when}" if when else ""
