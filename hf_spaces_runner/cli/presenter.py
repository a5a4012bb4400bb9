"""Says everything that the command line says: results to stdout, all else to stderr, in the form that was asked for."""

import json
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TextIO

import click

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import Evidence, RunnerError


class Format(StrEnum):
    """How a command prints: auto is human on a terminal, plain text else."""

    AUTO = "auto"
    HUMAN = "human"
    JSON = "json"
    QUIET = "quiet"


class Presenter:
    """One command's voice. `json` prints one object, `quiet` the bare result and no progress."""

    def __init__(self, output_format: Format, verbosity: int, *, stdout: TextIO | None = None) -> None:
        self.verbosity = verbosity
        stream = stdout or sys.stdout
        self.json = output_format is Format.JSON
        self.quiet = output_format is Format.QUIET
        self.human = output_format is Format.HUMAN or (output_format is Format.AUTO and stream.isatty())
        self.failed_attempts: list[object] = []

    def result(self, text: str) -> None:
        """Print a piece of the result."""
        _write(text)

    def piece(self, text: str) -> None:
        """Print a piece of a text that comes bit by bit, at once and with its own line ends."""
        _write(text, newline=False)

    def object(self, value: object) -> None:
        """Print the one object of the JSON format."""
        # ASCII: what a Space wrote may hold characters that this terminal's encoding cannot say.
        _write(json.dumps(value, indent=2 if self.human or sys.stdout.isatty() else None))

    def note(self, text: str) -> None:
        """Tell the user something that is not the result."""
        if not self.quiet:
            click.echo(text, err=True)

    def detail(self, text: str) -> None:
        """Tell it to those who asked for more with `-v`."""
        if self.verbosity:
            click.echo(text, err=True)

    def warning(self, text: str) -> None:
        """Warn, whatever the format."""
        click.echo(f"{styled('Warning:', 'yellow')} {text}", err=True)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Print a table: framed for people, else tab-separated with one line a row."""
        if not self.human:
            for row in rows:
                self.result("\t".join(cell.replace("\t", " ").replace("\n", " ") for cell in row))
            return
        screen = shutil.get_terminal_size().columns
        columns = [list(column) for column in zip(heads, *rows, strict=True)]
        widths = [max(len(cell) for cell in column) for column in columns]
        for index, cells in enumerate(zip(*columns, strict=True)):
            line = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
            line = line if len(line) <= screen else f"{line[: screen - 1]}…"
            self.result(styled(line, bold=True) if index == 0 else line)

    def failure(self, error: RunnerError) -> None:
        """Say what failed, what was seen, and what to do."""
        # What the app says itself is the whole message; Gradio logs a traceback to it all the same.
        if error.evidence and (self.verbosity or error.verdict != "space_error"):
            self._evidence(error.evidence)
        # Both may name files, whose names are a stranger's.
        click.echo(f"{styled('Error:', 'red')} {printable(error.message)}", err=True)
        if error.hint:
            click.echo(f"{styled('Hint:', 'cyan')} {printable(error.hint)}", err=True)

    def _evidence(self, evidence: Evidence) -> None:
        lines = evidence.log.splitlines()
        shown = lines if self.verbosity else lines[-10:]
        if shown:
            click.echo(styled("Last lines of its log:", dim=True), err=True)
        for line in shown:
            click.echo(styled(f"  | {line}", dim=True), err=True)
        if self.verbosity and evidence.exit_code is not None:
            killed = ", out of memory" if evidence.oom_killed else ""
            click.echo(styled(f"Exit code {evidence.exit_code}{killed}", dim=True), err=True)
        if self.verbosity and evidence.peak_memory_bytes:
            click.echo(styled(f"Peak memory {format_size(evidence.peak_memory_bytes)}", dim=True), err=True)


def _write(text: str, *, newline: bool = True) -> None:
    try:
        click.echo(text, nl=newline)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise click.ClickException(f"stdout cannot be written: {error.strerror}") from error


def styled(text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
    # click drops the colours where the stream is no terminal; NO_COLOR it leaves to us.
    return text if os.environ.get("NO_COLOR") else click.style(text, fg=colour, bold=bold or None, dim=dim or None)
