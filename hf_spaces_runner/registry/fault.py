"""What is wrong with a value of a registry file: where it stands, what it must be, and how to correct it."""

from collections.abc import Sequence
from dataclasses import dataclass

from hf_spaces_runner.domain.terminal import one_line

_MAX_SHOWN = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault. `line` and `column` count from 1; `keys` lead to the value; `entry` is the id of the entry left out.

    Where `entry` is None, nothing was left out but the value itself.
    """

    file: str
    line: int
    column: int
    keys: tuple[str, ...]
    message: str
    fix: str = ""
    value: str | None = None
    entry: str | None = None

    def __str__(self) -> str:
        """Return the one line that tells all of it."""
        keys = [one_line(key, limit=_MAX_SHOWN) for key in self.keys]
        shown = "" if self.value is None else f" (it is {self.value[:_MAX_SHOWN]!r})"
        fix = f"; {self.fix}" if self.fix else ""
        return f"{self.file}:{self.line}:{self.column}: {' > '.join(keys) or 'the file'}: {self.message}{shown}{fix}"


def in_short(faults: Sequence[Fault], count: int = 3) -> str:
    """Return the first `count` faults, each on a line, and how many others there are."""
    lines = [str(fault) for fault in faults[:count]]
    if len(faults) > count:
        lines.append(f"and {len(faults) - count} more; hfsr registry validate names all")
    return "\n".join(lines)
