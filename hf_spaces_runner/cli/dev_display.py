"""Shows what happens in `hfsr dev`: what the app prints on stdout, phases on stderr, or all of it as lines of JSON."""

import json
import re
import threading
import time
from typing import assert_never

import click

from hf_spaces_runner.cli.common import failure_as_json
from hf_spaces_runner.cli.presenter import Presenter, styled
from hf_spaces_runner.domain.development import DevEvent, DevEventKind
from hf_spaces_runner.domain.progress import Phase, Progress
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import ImageError
from hf_spaces_runner.planning.dev_plan import Step
from hf_spaces_runner.planning.log_tone import LogTones, Tone

_STEP = re.compile(r"(?P<number>Step \d+/\d+): (?P<text>.*)")
_COLOURS = {Tone.ERROR: "red", Tone.WARNING: "yellow", Tone.PLAIN: None}
_MOST_NAMES = 5


class DevDisplay:
    """The voice of one `hfsr dev`. Its methods may be called from any thread."""

    def __init__(self, presenter: Presenter, *, opens: bool, timestamps: bool) -> None:
        self._presenter = presenter
        self._opens = opens
        self._timestamps = timestamps
        self._tones = LogTones()
        self._lock = threading.RLock()
        self._told = ""
        self._tag = ""

    def progress(self, progress: Progress) -> None:
        """Show a step of a pull or a build, each step once; with `-v` all that a build prints."""
        if progress.warning:
            self._presenter.warning(progress.message)
        elif progress.note:
            self._presenter.note(progress.message)
        elif progress.phase in {Phase.PULL, Phase.BUILD, Phase.WAIT} and not self._presenter.json:
            step = _STEP.match(progress.message)
            # What a step prints begins like the step; of the steps, only those that may take a while are shown.
            what = step["number"] if step else progress.message
            is_news = what != self._told and not progress.done and (not step or step["text"].startswith("RUN "))
            if self._presenter.verbosity or (is_news and not (self._tag and progress.message.endswith(self._tag))):
                self._told = what
                self._phase(progress.phase, one_line(progress.message, limit=120), dim=True)

    def show(self, event: DevEvent) -> None:
        """Show what happened."""
        with self._lock:
            if self._presenter.json:
                self._presenter.result(json.dumps(_as_json(event)))
            self._say(event)
        if event.kind is DevEventKind.READY and self._opens and event.url:
            self._opens = False
            import webbrowser  # noqa: PLC0415 - few want it

            if not webbrowser.open(event.url):
                self._presenter.warning(f"no browser could be started: open {event.url} yourself")

    def _say(self, event: DevEvent) -> None:
        took = "" if event.seconds is None else f"{event.seconds:.1f} s"
        match event.kind:
            case DevEventKind.LOG:
                self._log(event.message)
            case DevEventKind.CHANGE:
                as_before = "; the source is what the app runs" if event.message == Step.NOTHING else ""
                self._phase("change", _names(event.files) + as_before)
            case DevEventKind.BUILD:
                self._tag = event.message
                self._phase("build", event.message)
            case DevEventKind.BUILT:
                self._phase("build", f"done in {took}")
            case DevEventKind.START:
                self._phase("start", event.message)
            case DevEventKind.STARTED:
                self._phase("start", f"started after {took}")
            case DevEventKind.READY:
                self._phase("ready", f"at {event.url} after {took}", colour="green")
            case DevEventKind.NOTE:
                self._presenter.warning(event.message)
            case DevEventKind.FAILED:
                self._failure(event)
            case _:
                assert_never(event.kind)

    def _log(self, line: str) -> None:
        if self._presenter.json:
            return
        colour = _COLOURS[self._tones.tone(line)]
        when = styled(f"{time.strftime('%H:%M:%S')} ", dim=True) if self._timestamps else ""
        self._presenter.result(when + (styled(line, colour) if colour else line))

    def _failure(self, event: DevEvent) -> None:
        assert event.error is not None  # noqa: S101 - it says what failed
        if not self._presenter.json and not isinstance(event.error, ImageError):
            # Its log stands above, as it came; what a build printed does not.
            event.error.evidence, kept = None, event.error.evidence
            self._presenter.failure(event.error)
            event.error.evidence = kept
        else:
            self._presenter.failure(event.error)
        still = "the app stays as it was; waiting for a change" if event.running else "waiting for a change"
        self._phase("failed", f"{event.error.verdict}: {still}", colour="red")

    def _phase(self, name: str, text: str, *, colour: str | None = None, dim: bool = False) -> None:
        if not self._presenter.quiet:
            with self._lock:
                click.echo(f"{styled(f'{name:<7}', colour, bold=True)} {styled(text, dim=dim)}", err=True)


def _names(files: tuple[str, ...]) -> str:
    shown = ", ".join(one_line(name, limit=80) for name in files[:_MOST_NAMES])
    more = len(files) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown or "the folder"


def _as_json(event: DevEvent) -> dict[str, object]:
    said: dict[str, object] = {"event": event.kind.value, "time": round(time.time(), 3)}
    if event.message:
        said["step" if event.kind is DevEventKind.CHANGE else "message"] = event.message
    if event.files:
        said["files"] = list(event.files)
    if event.seconds is not None:
        said["seconds"] = round(event.seconds, 3)
    if event.url is not None:
        said |= {"url": event.url}
    if event.error is not None:
        said |= failure_as_json(event.error) | {"running": event.running}
    return said
