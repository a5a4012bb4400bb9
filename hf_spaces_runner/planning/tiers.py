"""Decides where a request begins: a table of rules, the first that applies counts."""

from collections.abc import Callable
from dataclasses import dataclass

from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.routing import Circumstances, Route, Tier

_SPACE_FIRST = (Tier.HEAVY, Tier.FAST, Tier.CLOUD)
_MODEL_FIRST = (Tier.FAST, Tier.HEAVY, Tier.CLOUD)
_MEDIA = frozenset({"image", "audio", "video"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: when it applies, where it begins, and why, for people."""

    name: str
    applies: Callable[[Request, Circumstances], bool]
    order: tuple[Tier, ...]
    reason: str


RULES = (
    Rule(
        name="tier-fast",
        applies=lambda request, _: request.tier is Tier.FAST,
        order=_MODEL_FIRST,
        reason="the fast tier was asked for",
    ),
    Rule(
        name="tier-heavy",
        applies=lambda request, _: request.tier is Tier.HEAVY,
        order=_SPACE_FIRST,
        reason="the heavy tier was asked for",
    ),
    Rule(
        name="tier-cloud",
        applies=lambda request, _: request.tier is Tier.CLOUD,
        order=(Tier.CLOUD, Tier.HEAVY, Tier.FAST),
        reason="the cloud tier was asked for",
    ),
    Rule(
        name="performance-first",
        applies=lambda request, _: request.performance_first,
        order=_MODEL_FIRST,
        reason="performance first: a local model needs no start",
    ),
    Rule(
        name="batch-mode",
        applies=lambda request, _: request.batch_mode,
        order=_SPACE_FIRST,
        reason="many items: one start of a container serves them all",
    ),
    Rule(
        name="no-space",
        applies=lambda _, seen: not seen.has_space,
        order=(Tier.FAST, Tier.CLOUD),
        reason="no Space was named, and none that is known does what the words ask for",
    ),
    Rule(
        name="space-is-up",
        applies=lambda _, seen: seen.is_up,
        order=_SPACE_FIRST,
        reason="the Space is up already",
    ),
    Rule(
        name="media",
        applies=lambda _, seen: bool(seen.file_kinds & _MEDIA),
        order=_SPACE_FIRST,
        reason="pictures, sound or film go in, which few local models take",
    ),
    Rule(
        name="too-large",
        applies=lambda _, seen: seen.fits is False,
        order=(Tier.FAST, Tier.CLOUD, Tier.HEAVY),
        reason="the memory cap of the Space does not fit",
    ),
    Rule(
        name="task-words",
        applies=lambda _, seen: seen.was_chosen,
        order=_SPACE_FIRST,
        reason="the words and files ask for what a known Space does",
    ),
    Rule(
        name="space-named",
        applies=lambda _request, _seen: True,
        order=_SPACE_FIRST,
        reason="a Space was named",
    ),
)
"""In the order in which they are looked at."""


def route(request: Request, seen: Circumstances) -> Route:
    """Return where `request` begins and goes on. In privacy, and without one that is configured, there is no cloud."""
    rule = next(rule for rule in RULES if rule.applies(request, seen))
    has_cloud = seen.has_cloud and not request.privacy
    order = tuple(tier for tier in rule.order if tier is not Tier.CLOUD or has_cloud)
    return Route(order=order, rule=rule.name, reason=rule.reason)
