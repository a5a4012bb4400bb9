"""Writes the program's log, as lines of text or JSON, free of secrets and of what went into a Space or came out."""

import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.errors import UsageError

_ROOT = "hf_spaces_runner"
_LONGEST = 4000
"""So many characters of a text are logged: what a Space says may be megabytes long."""

# A library says nothing unless whoever uses it wants to hear it; without this, warnings would go to stderr.
logging.getLogger(_ROOT).addHandler(logging.NullHandler())


class LogFormat(StrEnum):
    """How a line of the log looks: for people, or one JSON object."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    run_id: str
    secrets: tuple[Secret, ...] = ()
    privacy: bool = False


_run: ContextVar[_Run | None] = ContextVar("hfsr_run", default=None)


@contextmanager
def logged_run(run_id: str, *, secrets: tuple[Secret, ...] = (), privacy: bool = False) -> Iterator[None]:
    """Give what this thread logs during the block its `run_id`, and hide `secrets` in it.

    In `privacy` nothing of inputs and outputs is logged, whoever asks for it.
    """
    token = _run.set(_Run(run_id=run_id, secrets=secrets, privacy=privacy))
    try:
        yield
    finally:
        _run.reset(token)


def facts(content: Mapping[str, object] | None = None, **known: object) -> dict[str, object]:
    """Return the `extra` of a log call: `known` is logged with the message, `content` only if the user asked for it.

    Whatever went into a Space or came out of it, error texts of its own included, belongs into `content`.
    """
    return {"facts": known, "content": content or {}}


def set_up(
    log_format: LogFormat = LogFormat.TEXT, file: Path | None = None, *, verbosity: int = 0, content: bool = False
) -> None:
    """Let the program log to `file`, or to stderr; a second call takes the place of the first.

    Args:
        log_format: text or JSON lines.
        file: is appended to, for the user's eyes only, and put aside with a number at 5 MiB, three times.
        verbosity: 0 for what runs do, 1 or more for each step of them.
        content: whether inputs and outputs are logged as well.

    Raises:
        UsageError: `file` cannot be written.
    """
    handler = _Stderr() if file is None else _open(file)
    handler.setFormatter(_AsJson(content=content) if log_format is LogFormat.JSON else _AsText(content=content))
    root = logging.getLogger(_ROOT)
    for old in [one for one in root.handlers if not isinstance(one, logging.NullHandler)]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.DEBUG if verbosity else logging.INFO)
    root.propagate = False


class _Line(logging.Formatter):
    """Takes a record apart, and out of its texts whatever must not be seen."""

    def __init__(self, *, content: bool) -> None:
        super().__init__()
        self._content = content

    def parts(self, record: logging.LogRecord) -> dict[str, object]:
        """Return what a line says, by name."""
        from hf_spaces_runner.domain.terminal import one_line  # noqa: PLC0415 - see _clean

        run = _run.get()
        secrets = run.secrets if run else ()
        told: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": one_line(_clean(record.getMessage(), secrets), limit=_LONGEST),
            "run_id": run.run_id if run else None,
        }
        given: dict[str, object] = dict(getattr(record, "facts", {}))
        if self._content and not (run and run.privacy):
            given |= getattr(record, "content", {})
            if record.exc_info:  # what an exception says may be what went in
                given["traceback"] = self.formatException(record.exc_info)
        if record.exc_info and record.exc_info[0] is not None:
            given["exception"] = record.exc_info[0].__name__
        # What the line is made of keeps its names, whatever a call names its facts.
        return {name: _plain(value, secrets) for name, value in given.items() if name not in told} | told


class _AsJson(_Line):
    def format(self, record: logging.LogRecord) -> str:
        parts = self.parts(record)
        first = ("time", "level", "logger", "message", "run_id")
        return json.dumps({name: parts.pop(name) for name in first} | parts)


class _AsText(_Line):
    def format(self, record: logging.LogRecord) -> str:
        parts = self.parts(record)
        head = f"{parts.pop('time')} {str(parts.pop('level')).upper()} {parts.pop('logger')}: {parts.pop('message')}"
        said = [f"{name}={_in_words(value)}" for name, value in parts.items() if value is not None]
        return " ".join([head, *said])


def _in_words(value: object) -> str:
    text = f"{value:.3f}" if isinstance(value, float) else str(value)
    return text if text and not set(text) & set(" \t\n\"'=") else json.dumps(text, ensure_ascii=False)


def _plain(value: object, secrets: tuple[Secret, ...]) -> object:
    if value is None or isinstance(value, bool | int | float):
        return value
    return _clean(str(value), secrets)[:_LONGEST]


def _clean(text: str, secrets: tuple[Secret, ...]) -> str:
    from hf_spaces_runner.domain.terminal import printable  # noqa: PLC0415 - 3 ms, and most runs log nothing

    # Secrets twice: one may hold control characters, and one may have been hidden among them.
    return redact(printable(redact(text, secrets)), secrets)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to whatever stderr is now: progress bars put something in its place that writes above them."""

    def emit(self, record: logging.LogRecord) -> None:
        if sys.stderr is not None:
            self.stream = sys.stderr
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Go on: where stderr is closed nobody can be told."""


def _open(file: Path) -> logging.Handler:
    from hf_spaces_runner.log_file import RotatingLog  # noqa: PLC0415 - it imports much, and few log to a file

    try:
        return RotatingLog(file)
    except OSError as error:
        raise UsageError(
            f"the log {file} cannot be written: {error.strerror}", hint="name another file with --log-file"
        ) from error
