"""Finds in the log of a program the lines that tell why it failed, and leaves out what merely stands near them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

_MAX_LINES, _MAX_LINE_LENGTH = 120, 1000
_FRAMES_KEPT = 8
_PLAIN_LINES, _PLAIN_LINES_WHILE_RUNNING = 12, 3

# The form of Python's tracebacks, bare or behind a prefix (`[rank0]: `, the bars of an exception group), and of rich's.
_TRACEBACK = re.compile(r"Traceback \(most recent call last\)")
_FRAME = re.compile(r'(?P<base>.{0,80}?)  File "[^"]{1,400}", line \d+')
# An exception's own line: its qualified name, alone or before a colon. Another line in the middle of a traceback comes
# from the other stream of the program: an engine writes both to one log, in the order in which it reads them.
_EXCEPTION = re.compile(r"[\w.<>]{1,200}(?::|$)")
_BOX = re.compile(r"\s*[│╭╰]")
_CHAINED = re.compile(
    r"(?:During handling of the above exception, another exception occurred"
    r"|The above exception was the direct cause of the following exception)"
)
# What Python prints when it tears down, and what gunicorn's master raises when a worker has died: the cause is above.
_NOISE = re.compile(r"Exception ignored (?:in|while)|Error in atexit\._run_exitfuncs|Error in sys\.excepthook")
_NO_CAUSE_OF_ITS_OWN = re.compile(r"\S*HaltServer: ")
# Lines that report no failure, whatever words are in them: levels of logging, warnings, what TensorFlow says of GPUs
# that it does without, caches, logins and Gradio's share tunnels that are gone without, frames of Node.
_HARMLESS = re.compile(
    r".{0,60}?\b(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING)\b"
    r"|.{0,60}?(?:\[(?:debug|info|notice|warn|warning)\]|level=(?:debug|info|warn))"
    r"|.{0,300}?[Ww]arning:"
    r"|[\d-]{8,10}.[\d:.,]{8,16}:? [IWE] |[IWE]\d{4} \d\d:"
    r"|.{0,60}?(?:Ignored error|mkdir -p failed for path|Matplotlib created a temporary"
    r"|There was a problem when trying to write in your cache|Note: |Could not create share link"
    r"|unauthenticated requests to the HF Hub)"
    r"|\s+at \S"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPart:
    """Lines that belong to one failure. `frames` is what stands before them: where in the program it happened."""

    lines: tuple[str, ...]
    frames: str = ""

    @property
    def telling(self) -> tuple[str, ...]:
        """The lines that may name a cause, the last one first."""
        return tuple(line for line in reversed(self.lines) if line.strip() and not _HARMLESS.match(line))


@dataclass(slots=True)
class _Failure:
    frames: list[str]
    lines: list[str] = field(default_factory=list)
    noise: bool = False
    chained: bool = False


def find_parts(log: str, *, running: bool = False) -> tuple[LogPart, ...]:
    """Return the parts of `log` that tell of the failure, the most telling first.

    That is the last exception with all that was printed after it, then those that it came from. A program of another
    language, or a shell, has its last lines instead; one that is `running` still, few of them, since it took no harm
    from those before.
    """
    lines = [line[:_MAX_LINE_LENGTH].rstrip() for line in log.splitlines()[-_MAX_LINES:]]
    failures = _read(lines)
    real = [failure for failure in failures if not _is_noise(failure)]
    if not real:
        count = _PLAIN_LINES_WHILE_RUNNING if running else _PLAIN_LINES
        return (LogPart(lines=tuple(line for line in lines if line)[-count:]),)
    parts = []
    for failure in reversed(real):
        parts.append(LogPart(lines=tuple(failure.lines), frames="\n".join(failure.frames[-_FRAMES_KEPT:])))
        if not failure.chained:
            break
    return tuple(parts)


def last_words(log: str) -> str:
    """Return the line of `log` that tells best what a program died of; empty where it said nothing.

    That is the line of its last exception, wherever it stands: what a program wrote to its other stream before may
    reach the log after it. Without one it is the last line.
    """
    real = [failure for failure in _read(log.splitlines()) if not _is_noise(failure)]
    lines = real[-1].lines[:1] if real else reversed(log.splitlines())
    return next((line.strip() for line in lines if line.strip()), "")


def _is_noise(failure: _Failure) -> bool:
    return failure.noise or not failure.lines or bool(_NO_CAUSE_OF_ITS_OWN.match(failure.lines[0]))


def _read(lines: Iterable[str]) -> list[_Failure]:
    """Return the exceptions of a log in its order, each with its frames; the last has all that comes after it."""
    failures: list[_Failure] = []
    frames: list[str] = []
    base, noise, chained = "", False, False
    open_failure: _Failure | None = None
    for line in lines:
        frame = _FRAME.match(line)
        rest = line.removeprefix(base)
        if frame or _BOX.match(line):
            base = frame["base"] if frame else ""
            frames.append(line)
        elif frames and (rest[:1] in {"", " ", "\t"} or not _EXCEPTION.match(rest)):
            frames.append(line)
        elif frames:
            open_failure = _Failure(frames=frames, lines=[rest], noise=noise, chained=chained)
            failures.append(open_failure)
            frames, noise, chained = [], False, False
        elif _CHAINED.search(line):
            chained = True
        elif _NOISE.match(line):
            noise = True
        elif not _TRACEBACK.search(line) and open_failure is not None and not noise:
            open_failure.lines.append(rest)
    return failures
