"""`hfsr cron`: the entry in the user's crontab that runs `hfsr cleanup`."""

import os

import click

from hf_spaces_runner.cli.common import age, command
from hf_spaces_runner.cli.cron_status import CronStatus, look
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cron.change import Change, change_crontab
from hf_spaces_runner.cron.crontab import find_crontab
from hf_spaces_runner.cron.files import CronFiles
from hf_spaces_runner.cron.fire import CleanedUp
from hf_spaces_runner.cron.wanted import wanted_line
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.crontab import drop_entries, find_entries, put_entry
from hf_spaces_runner.planning.schedule import check_schedule
from hf_spaces_runner.settings import load_settings

EPILOG = """\b
Examples:
  hfsr cron install
  hfsr cron install --schedule "30 4 * * sun" --older-than 7d
  hfsr cron show
  hfsr cron remove
"""
INSTALL_EPILOG = """\b
Examples:
  hfsr cron install                                    every night at three
  hfsr cron install --schedule @hourly
  hfsr cron install --schedule "30 4 * * mon-fri" --older-than 7d
"""
SHOW_EPILOG = """\b
Examples:
  hfsr cron show
  hfsr cron show --json
"""
REMOVE_EPILOG = """\b
Examples:
  hfsr cron remove
"""


def age_as_typed(text: str) -> str:
    """Check a duration of the command line, and keep it in the user's words."""
    age(text)
    return "".join(text.split())


@click.group(name="cron", epilog=EPILOG, short_help="Let cron call cleanup.")
def cron() -> None:
    """Let cron run the clean-up: an entry in your own crontab, and none but that one is touched."""


@command(name="install", epilog=INSTALL_EPILOG, short_help="Put the entry into your crontab, or change it.")
@click.option(
    "--schedule",
    default="0 3 * * *",
    metavar="WHEN",
    help='Five fields as in crontab(5), or a name such as @daily.  [default: "0 3 * * *"]',
)
@click.option(
    "--older-than",
    type=age_as_typed,
    default="24h",
    metavar="TIME",
    help="Remove only what was not used for so long.  [default: 24h]",
)
def install(presenter: Presenter, *, schedule: str, older_than: str) -> None:
    """Put an entry into your crontab that runs the clean-up, or change the one that is there.

    It holds absolute paths, and HFSR_HOME and the DOCKER_ variables as they are now. Each firing is written to a log,
    which is rotated; two never run at once. The crontab of before is kept.
    """
    loaded = load_settings(os.environ)
    schedule = check_schedule(schedule)
    line = wanted_line(os.environ, loaded.places, schedule, ("--older-than", older_than))
    crontab = find_crontab(os.environ)
    change = change_crontab(crontab, CronFiles.of(loaded.places), lambda text: put_entry(text, line))
    status = look(os.environ, loaded.places, change.after)
    if presenter.json:
        presenter.object({**status.as_json(), "changed": change.changed, "backup": _backup(change)})
        return
    presenter.result(line)
    done = "Installed" if change.changed else "Installed already"
    presenter.note(f"{done}: it cleans up {status.explained}. hfsr cron show says how it went.")
    _note_backup(presenter, change)
    _warn(presenter, status)


@command(name="show", epilog=SHOW_EPILOG, short_help="Show the entry and how it went last.")
def show(presenter: Presenter) -> None:
    """Show the entry, when it fires next, how it went last, and where its log is."""
    loaded = load_settings(os.environ)
    status = look(os.environ, loaded.places, find_crontab(os.environ).read())
    if presenter.json:
        presenter.object(status.as_json())
        return
    for name, value in status.rows():
        presenter.result(f"{name:9} {value}")
    if status.installed:
        _warn(presenter, status)
    else:
        presenter.note("hfsr cron install puts it in")


@command(name="remove", epilog=REMOVE_EPILOG, short_help="Take the entry out of your crontab.")
def remove(presenter: Presenter) -> None:
    """Take our entry out of your crontab, and leave all others as they are."""
    loaded = load_settings(os.environ)
    change = change_crontab(find_crontab(os.environ), CronFiles.of(loaded.places), drop_entries)
    removed = find_entries(change.before)
    if presenter.json:
        presenter.object({"installed": False, "removed": list(removed), "backup": _backup(change)})
        return
    for line in removed:
        presenter.result(line)
    presenter.note("Removed." if removed else "There was none of ours in your crontab.")
    _note_backup(presenter, change)


@click.command(name="fire", hidden=True)
@click.option("--older-than", type=age, default="24h", help="As of hfsr cleanup.")
@click.pass_context
def fire_now(ctx: click.Context, *, older_than: float) -> None:
    """Do what the entry does: what it says goes to the log, since cron would mail it."""
    from hf_spaces_runner.cron.fire import fire  # noqa: PLC0415 - nobody but cron needs it

    def clean_up() -> CleanedUp:
        from hf_spaces_runner.cli import cleanup  # noqa: PLC0415 - the engine's SDK takes a while

        leftovers = cleanup.clean_up(older_than)
        removed = tuple(cleanup.describe(leftover) for leftover in leftovers)
        return CleanedUp(removed=removed, freed_bytes=cleanup.freed_bytes(leftovers))

    try:
        code = fire(CronFiles.of(load_settings(os.environ).places), clean_up)
    except RunnerError as error:
        # Neither a lock nor a log can be had: what is left is the mail.
        click.echo(f"Error: {error.message}", err=True)
        code = error.exit_code
    ctx.exit(code)


for subcommand in (install, show, remove, fire_now):
    cron.add_command(subcommand)


def _backup(change: Change) -> str | None:
    return None if change.backup is None else str(change.backup)


def _note_backup(presenter: Presenter, change: Change) -> None:
    if change.backup is not None:
        presenter.detail(f"the crontab of before is in {change.backup}")


def _warn(presenter: Presenter, status: CronStatus) -> None:
    if status.daemon_running is False:
        presenter.warning("no cron daemon was seen running: if there is none, start it (systemctl start cron)")
    if not status.current:
        presenter.warning(
            "the entry is not the one that hfsr cron install would write here and now: another Python, HFSR_HOME or"
            " engine, or more than one; install again to renew it"
        )
