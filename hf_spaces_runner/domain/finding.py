"""One line of a diagnosis: what was looked at, how well it is, and what to do about it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    """How well something is. With `fail` a run cannot work; with `warn` it works in part, or with less safety."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What was found out about `name`. `fix` is the next command to type or the next thing to do; None where ok."""

    name: str
    status: Health
    message: str
    fix: str | None = None


def ok(name: str, message: str) -> Finding:
    """Return that `name` is in order."""
    return Finding(name=name, status=Health.OK, message=message)


def warn(name: str, message: str, fix: str) -> Finding:
    """Return that `name` holds something back, and what to do."""
    return Finding(name=name, status=Health.WARN, message=message, fix=fix)


def fail(name: str, message: str, fix: str) -> Finding:
    """Return that `name` keeps runs from working, and what to do."""
    return Finding(name=name, status=Health.FAIL, message=message, fix=fix)


def worst(findings: Iterable[Finding]) -> Health:
    """Return how well all of `findings` are together."""
    order = list(Health)
    return max((finding.status for finding in findings), key=order.index, default=Health.OK)
