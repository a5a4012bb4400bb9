"""The form of a rule that tells a cause by a line of a log, and what may be taken from such a line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.planning.log_parts import LogPart

look_for = partial(re.compile, flags=re.IGNORECASE)
"""Compile a pattern for what programs print; where a name's case matters, `(?-i:...)` brings it back."""

_SHOWN_LENGTH = 120

# Names end up in commands that people paste, and a Space writes the log: what is not of its form is left out.
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
REPOSITORY = re.compile(r"(?:datasets/)?(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,95}/)?[A-Za-z0-9][A-Za-z0-9_.-]{0,95}")
"""A repository of the Hub. Source: huggingface_hub, `validate_repo_id`."""
HOST = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
PACKAGE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}")
"""A module, a distribution, a library or a program."""
PATH = re.compile(r"/?[A-Za-z0-9_.][A-Za-z0-9_./+-]{0,199}")
"""A path that a shell takes as it stands. Others are shown, and kept out of commands."""

PATHS = (
    look_for(
        r"(?:permission denied|not permitted|read-only file system|no space left on device):? '(?P<name>[^'\n]{1,300})'"
    ),
    look_for(r"(?<!\w)'(?P<name>[^'\n]{1,300})'"),
    look_for(r"(?<!\w)\"(?P<name>[^\"\n]{1,300})\""),
    look_for("\u2018(?P<name>[^\u2019\\n]{1,300})\u2019"),
    look_for(r"^.*[\s:'\"(](?P<name>/[^\s:'\"()]{1,300})"),
)
"""Where a path stands in a line of Python, of Node and of the tools of a shell: in quotes, else the last one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One cause: `pattern` is looked for in a line, `within` in the frames before it.

    What the cause is about is the group `name` of `pattern`, or of the first of `names` that is found: in that line, or
    with `anywhere` in the lines around it and in the frames as well. It is shown, and put into `hint_named`, where it
    is of the form `form`; a path is shown in any form. With `only_named` a rule without a name does not hold.
    """

    pattern: re.Pattern[str]
    verdict: str
    says: str
    hint: str
    hint_named: str | None = None
    within: re.Pattern[str] | None = None
    names: tuple[re.Pattern[str], ...] = ()
    anywhere: bool = False
    form: re.Pattern[str] = PACKAGE
    only_named: bool = False

    def cause(self, line: str, part: LogPart) -> Cause | None:
        """Return the cause that `line` of `part` names; None where the rule does not hold."""
        match = self.pattern.search(line)
        if match is None or (self.within is not None and not self.within.search(part.frames)):
            return None
        name = next(self._names(match, line, part), "").rstrip("/.,;")
        safe = self.form.fullmatch(name) is not None
        if self.only_named and not safe:
            return None
        shown = one_line(name, limit=_SHOWN_LENGTH) if safe or self.form is PATH else ""
        return Cause(
            verdict=self.verdict,
            says=f"{self.says}: {shown}" if shown else self.says,
            hint=self.hint_named.replace("{name}", name) if safe and self.hint_named is not None else self.hint,
        )

    def _names(self, match: re.Match[str], line: str, part: LogPart) -> Iterator[str]:
        own = match.groupdict().get("name")
        if own:
            yield own
        for text in (line, *reversed(part.lines), part.frames) if self.anywhere else (line,):
            for pattern in self.names:
                found = pattern.search(text)
                if found:
                    yield str(found["name"])
