"""Keeps what a build has said: the step that it is at, and that step's last lines."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.planning.build_marks import BUILD_FILES

EVIDENCE_LINES = 40
MAX_LINE_LENGTH = 500
_MAX_STEP_LENGTH = 4000
_NOISE = re.compile(r"Requirement already satisfied|\[notice\]|WARNING: Running pip as the 'root' user")
# What stands in every command of ours says nothing about the one that failed.
_OURS = re.compile(
    rf"(?<=\s)(?:[A-Z_]+={re.escape(BUILD_FILES)}\S*"
    r"|--no-cache-dir|--disable-pip-version-check|--no-input|--progress-bar off"
    r"|UV_[A-Z_]+=\"[^\"]*\"|--no-config|--no-progress|--link-mode copy|--compile-bytecode"
    r"|--index-strategy unsafe-best-match)\s+"
    rf"|{re.escape(BUILD_FILES)}/"
)
_COMMAND_LENGTH = 100


@dataclass(slots=True)
class BuildLog:
    """Where a build is, whichever builder carries it out.

    `number` of `total` is the step that runs, `command` what it does, `lines` what it has printed last, safe for a
    terminal. `total` is 0 as long as nobody knows it.
    """

    number: int = 0
    total: int = 0
    command: str = ""
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=EVIDENCE_LINES))
    rest: str = ""

    @property
    def evidence(self) -> str:
        """The last lines of the step that runs."""
        return "\n".join(self.lines)

    @property
    def step(self) -> str:
        """The step that runs, for people."""
        return f"step {self.number}/{self.total} ({self.command})"

    def begin(self, number: int, total: int, command: str) -> str:
        """Note that step `number` begins; return what is worth showing of it."""
        self.number, self.total, self.command = number, total, shortened(command)
        self.lines.clear()
        return f"Step {number}/{total}: {self.command}"

    def note(self, line: str) -> str | None:
        """Note a line that the step has printed; return what is worth showing of it, None where nothing is."""
        if not line or _NOISE.match(line):
            return None
        self.lines.append(line)
        return f"Step {self.number}/{self.total}: {line.strip()}" if self.number else line.strip()

    def cut(self, said: str) -> Iterator[str]:
        """Yield the lines that `said` ends, safe for a terminal; it may begin and end inside of one."""
        text = self.rest + said
        # A line without an end must not grow for ever.
        *whole, self.rest = re.split(r"[\r\n]+", text) if len(text) < 64 * MAX_LINE_LENGTH else [text, ""]
        for raw in whole:
            # A step of ours is long before what stands in every command is taken out of it.
            limit = _MAX_STEP_LENGTH if raw.startswith("Step ") else MAX_LINE_LENGTH
            yield printable(raw)[:limit].rstrip()


def shortened(command: str) -> str:
    """Return `command` of a Dockerfile in one short line, without what stands in every command of ours."""
    command = _OURS.sub("", " ".join(printable(command).split()))
    return command if len(command) <= _COMMAND_LENGTH else f"{command[:_COMMAND_LENGTH]}..."
