"""Reads the plain progress of BuildKit, half of which is a stranger's: only what the docker program says is believed.

The format is that of `docker build --progress=plain`, of docker 20 to 29: `#5 [2/7] RUN make` begins a step,
`#5 0.123 text` is a line that it prints, `#5 DONE 0.2s`, `#5 CACHED` and `#5 ERROR: text` end it. Steps of several
stages run at once. After a failure comes `------`, ` > [2/7] RUN make:` with its last lines, `------` and the reason.
A step cannot forge any of it: what it prints has its number and the time before each line.
"""

import re
from collections import deque
from dataclasses import dataclass, field

from hf_spaces_runner.domain.secret import Secret, redact
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.images.build_log import EVIDENCE_LINES, MAX_LINE_LENGTH, BuildLog

_EVENT = re.compile(r"#(?P<id>\d+) (?P<said>.*)", re.DOTALL)
_OUTPUT = re.compile(r"\d+\.\d+ (?P<text>.*)", re.DOTALL)
_STEP = re.compile(r"\[(?P<stage>[^\]]*?) ?(?P<number>\d+)/(?P<total>\d+)\] (?P<command>.*)", re.DOTALL)
_METADATA = re.compile(r"\[(?:\S+ )?internal\] load metadata for (?P<image>\S+)")
_ENDED = re.compile(r"(?:DONE|CACHED)\b")
# Words of the docker program around the reason; the innermost one is what people want to read.
_WRAPPED = re.compile(
    r"^(?:ERROR: )?(?:failed to solve(?: with frontend [\w.]+)?: |failed to create LLB definition: "
    r"|rpc error: \S+ = \S+ desc = |failed to compute cache key: |\S+: failed to resolve source metadata for \S+: )*"
)
_EXIT_CODE = re.compile(r".*(?:\]|did not complete successfully): exit code: (?P<code>\d+)", re.DOTALL)
_RULE = "------"
_MOST_STEPS = 500


@dataclass(slots=True)
class _Step:
    """A step that has been named: where it stands, and what it has printed last."""

    name: str
    number: int
    total: int
    command: str
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=EVIDENCE_LINES))
    ended: bool = False


@dataclass(slots=True)
class BuildkitLog(BuildLog):
    """What a build by BuildKit has said. `secrets` are hidden wherever they are printed.

    `done` of `all_steps` have ended, of those of all stages that are known. `reason` is what the docker program says of
    the failure, `failed_image` the image that could not be had, if that is what failed.
    """

    secrets: tuple[Secret, ...] = ()
    done: int = 0
    reason: str = ""
    failed_image: str | None = None
    has_failed_step: bool = False
    totals: dict[str, int] = field(default_factory=dict)
    steps: dict[str, _Step] = field(default_factory=dict)
    is_trailer: bool = False

    @property
    def all_steps(self) -> int:
        """How many steps there are, as far as is known."""
        return sum(self.totals.values())

    def take(self, raw: str) -> str | None:
        """Note a line of the docker program; return what is worth showing of it, None where nothing is."""
        raw = redact(raw.removesuffix("\n"), self.secrets)
        event = None if self.is_trailer else _EVENT.fullmatch(raw)
        if event is not None:
            return self._take_event(event["id"], event["said"])
        line = printable(raw)[: 4 * MAX_LINE_LENGTH].rstrip()
        if line == _RULE:
            self.is_trailer = True
        elif self.is_trailer and line.startswith(" > ") and not (self.has_failed_step or self.failed_image):
            self._fail(line.removeprefix(" > ").removesuffix(":"))
        # buildx adds where its own page with the details is.
        elif line and not self.reason.startswith("ERROR: "):
            self.reason = line
        return None

    def outcome(self) -> str:
        """Return why the build failed, in the words of the engine's own builder where both know it."""
        text = _WRAPPED.sub("", self.reason)
        code = _EXIT_CODE.fullmatch(text)
        return f"it returned a non-zero code: {code['code']}" if code else text

    def _take_event(self, identity: str, said: str) -> str | None:
        step = self.steps.get(identity)
        output = _OUTPUT.fullmatch(said)
        if output is not None:
            return None if step is None else self._note(step, output["text"], identity)
        if (named := _STEP.match(said)) is not None and step is None:
            return self._begin_step(identity, said, named)
        if step is not None and not step.ended and _ENDED.match(said):
            step.ended = True
            self.done += 1
        return None

    def _begin_step(self, identity: str, said: str, named: re.Match[str]) -> str | None:
        if len(self.steps) >= _MOST_STEPS:
            return None
        number, total = int(named["number"][:4]), int(named["total"][:4])
        step = _Step(name=printable(said).rstrip(), number=number, total=total, command=named["command"])
        self.steps[identity] = step
        self.totals[named["stage"]] = total
        return self.begin(number, total, named["command"])

    def _note(self, step: _Step, text: str, identity: str) -> str | None:
        # A line without an end is followed by the step's end, on the same line.
        text = re.sub(rf"#{identity} (?:ERROR: .*|CANCELED|DONE \d+\.\d+s)$", "", text, flags=re.DOTALL)
        shown = None
        for part in re.split(r"\r+", text):
            line = printable(part)[:MAX_LINE_LENGTH].rstrip()
            if self.note(line) is not None:
                step.lines.append(line)
                shown = f"Step {step.number}/{step.total}: {line.strip()}"
        return shown

    def _fail(self, name: str) -> None:
        metadata = _METADATA.match(name)
        if metadata is not None:
            self.failed_image = metadata["image"]
            return
        for step in reversed(self.steps.values()):
            # The docker program may cut what it repeats.
            if step.name.startswith(name.removesuffix("...")):
                self.has_failed_step = True
                self.begin(step.number, step.total, step.command)
                self.lines.extend(step.lines)
                return
