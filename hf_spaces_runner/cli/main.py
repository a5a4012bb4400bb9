"""The entry point: finds the command, keeps start-up cheap, and turns every ending into its exit code."""

import atexit
import difflib
import gc
import itertools
import json
import os
import signal
import sys
from contextlib import suppress
from types import FrameType

import click

from hf_spaces_runner import __version__
from hf_spaces_runner.cli.arguments import canonical_arguments
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.orchestrator.interrupts import ignore_interrupts

COMMANDS = {
    "run": "hf_spaces_runner.cli.run:run",
    "batch": "hf_spaces_runner.cli.batch:batch",
    "list": "hf_spaces_runner.cli.list:list_spaces",
    "discover": "hf_spaces_runner.cli.discover:discover",
    "recommend": "hf_spaces_runner.cli.recommend:recommend",
    "stats": "hf_spaces_runner.cli.stats:stats",
    "info": "hf_spaces_runner.cli.info:info",
    "pull": "hf_spaces_runner.cli.pull:pull",
    "build": "hf_spaces_runner.cli.build:build",
    "up": "hf_spaces_runner.cli.up:up",
    "dev": "hf_spaces_runner.cli.dev:dev",
    "ps": "hf_spaces_runner.cli.ps:ps",
    "status": "hf_spaces_runner.cli.status:status",
    "logs": "hf_spaces_runner.cli.logs:logs",
    "stop": "hf_spaces_runner.cli.stop:stop",
    "cleanup": "hf_spaces_runner.cli.cleanup:cleanup",
    "cron": "hf_spaces_runner.cli.cron:cron",
    "registry": "hf_spaces_runner.cli.registry:registry",
    "config": "hf_spaces_runner.cli.config:config",
    "validate": "hf_spaces_runner.cli.validate:validate",
    "doctor": "hf_spaces_runner.cli.doctor:doctor",
}
HIDDEN_COMMANDS = {"keep": "hf_spaces_runner.cli.keep:keep"}
"""What we start ourselves, and nobody types."""
_SUMMARIES = {
    "run": "Run a Space once and print what it answers.",
    "batch": "Run a Space over many inputs with warm containers; goes on where it was.",
    "list": "List the Spaces of the registry.",
    "discover": "Find Spaces, in the registry and on the Hub.",
    "recommend": "Say which Space to take for a task, and why.",
    "stats": "Show how runs went before: success, time, failures, memory.",
    "info": "Show what is known of one Space.",
    "pull": "Pull or build the image of a Space.",
    "build": "Build the image of a Space from its folder.",
    "up": "Start a Space and leave it running.",
    "dev": "Run a Space from its folder, and again after each change in it.",
    "ps": "List the Spaces that run.",
    "status": "Show who could answer now: local models, Spaces, slots.",
    "logs": "Show what a Space that is up has printed.",
    "stop": "End a Space that is up.",
    "cleanup": "Remove containers, temporary files and caches that runs left behind.",
    "cron": "Let cron call cleanup: install, show or remove the entry in your crontab.",
    "registry": "Add, remove, check and export entries of the registry.",
    "config": "Show the settings in force and where each comes from.",
    "validate": "Check the source of a Space before it is pushed or built.",
    "doctor": "Check this machine, its engine and the image registry.",
}
INTERRUPTED = 130
_SHOW_LEFTOVERS = frozenset({"cleanup", "doctor", "cron", "keep"})

EPILOG = """\b
Examples:
  hfsr run "I love it" --hf-space vader-sentiment
  hfsr run --hf-space sphinx-transcription -i @talk.wav
  hfsr run --hf-space face-detection -i @photo.jpg -o faces
  hfsr list

\b
Short forms:
  hfsr "I love it" --hf-space vader-sentiment     the same as hfsr run
  hfsr --list-spaces                              the same as hfsr list
  hfsr --discover-spaces audio_processing         the same as hfsr discover
  hfsr --tier-status                              the same as hfsr status
  hfsr --cleanup-cache                            the same as hfsr cleanup
"""


class LazyGroup(click.Group):
    """Imports a command's module when it is called: `hfsr --version` must not pay for the engine's SDK."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the commands in the order in which help shows them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command called `cmd_name`, imported now."""
        from importlib import import_module  # noqa: PLC0415 - see above

        place = {**COMMANDS, **HIDDEN_COMMANDS}.get(cmd_name)
        if place is None:
            return None
        module, _, attribute = place.partition(":")
        # pydantic's plugins would be looked for in all that is installed; nobody's has a say here.
        os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
        # What is imported stays; to look for garbage in it meanwhile takes a tenth of the time.
        gc.disable()
        try:
            command = getattr(import_module(module), attribute)
        finally:
            gc.enable()
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is ours
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of `args`; one that does not exist is answered with the nearest that does."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            if not near:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near[0]!r}?", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the commands' summaries from the table, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(_SUMMARIES.items()))


@click.group(
    cls=LazyGroup,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="hfsr", message="%(prog)s %(version)s")
def cli() -> None:
    """Run Hugging Face Spaces on your own machine, in containers that cannot hurt it."""
    _reap_first(click.get_current_context().invoked_subcommand or "")


def _reap_first(command: str) -> None:
    """Remove what a process of ours left that was killed, whatever the command is that comes next.

    Commands that show leftovers must find them; the others that use the engine look at all of it themselves. For the
    rest it is enough to look for the folder that each run has, which costs nothing where there is none.
    """
    if command in _SHOW_LEFTOVERS:
        return
    from hf_spaces_runner.settings import Places  # noqa: PLC0415 - not paid for by --version

    try:
        scratch = Places.of(os.environ).scratch
        if not any(os.scandir(scratch)):
            return
    except (OSError, RunnerError):
        return  # there is none, or the command itself says what is wrong with the place
    from hf_spaces_runner.orchestrator.reaper import stale_scratch  # noqa: PLC0415 - few get here

    if stale_scratch(scratch):
        from hf_spaces_runner.runner import Runner  # noqa: PLC0415 - likewise

        with suppress(RunnerError):  # no engine answers: the next command tries again
            _ = Runner().services


def main(arguments: list[str] | None = None) -> None:
    """Run the command line `arguments` (`sys.argv` where None) and exit with the code of its ending."""
    words = canonical_arguments(
        sys.argv[1:] if arguments is None else arguments, commands={**COMMANDS, **HIDDEN_COMMANDS}
    )
    signal.signal(signal.SIGTERM, _interrupt)
    # At its end the interpreter collects all that was ever imported: 60 ms for nothing. Frozen objects are left alone.
    atexit.register(gc.freeze)
    if sys.stdout is None:
        click.echo("Error: stdout is closed", err=True)
        sys.exit(1)
    try:
        code = cli.main(args=words, prog_name="hfsr", standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.UsageError) and _wants_json(words):
            _print_usage_error(error)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted; nothing was left behind.", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - a bug of ours: nothing else gets here
        from hf_spaces_runner.cli.bug import report_bug  # noqa: PLC0415 - nobody else needs what it imports

        sys.exit(report_bug(error, private=_may_be_private(words)))
    finally:
        # Whatever closes its connections at the end would be interrupted with a traceback. The last one goes first.
        atexit.register(ignore_interrupts)
    sys.exit(code if isinstance(code, int) else 0)


def _may_be_private(words: list[str]) -> bool:
    """Return whether nothing of the inputs may be told: privacy mode, or rules that may have switched it on."""
    if "--privacy-mode" in words:
        return True
    from hf_spaces_runner.settings import load_settings  # noqa: PLC0415 - only after a bug

    try:
        values = load_settings(os.environ).values
    except RunnerError:
        return True
    return bool(values.privacy_words or values.privacy_kinds)


def _wants_json(words: list[str]) -> bool:
    # Where click could not read the options, they can only be looked at as words.
    return "--json" in words or "--format=json" in words or ("--format", "json") in itertools.pairwise(words)


def _print_usage_error(error: click.UsageError) -> None:
    from hf_spaces_runner.cli.common import failure_as_json  # noqa: PLC0415 - not paid for by --version
    from hf_spaces_runner.errors import UsageError  # noqa: PLC0415

    click.echo(json.dumps(failure_as_json(UsageError(error.format_message()))))


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
