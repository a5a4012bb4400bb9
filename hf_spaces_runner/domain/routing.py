"""Where a request may be answered, and which rule decided where to begin."""

from dataclasses import dataclass
from enum import StrEnum


class Tier(StrEnum):
    """A local model, a Space in a container, somebody else's machine; `auto` is whatever the rules say."""

    AUTO = "auto"
    FAST = "fast"
    HEAVY = "heavy"
    CLOUD = "cloud"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The tiers to try, in this order; `rule` is the name of the rule that said so, `reason` says why, for people."""

    order: tuple[Tier, ...]
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What the rules look at, besides the request itself.

    `has_space`: there is a Space for it; `was_chosen`: by the words and files of the request, since it named none.
    `file_kinds` are those of the files that go in. `is_up`: the Space is up already. `fits`: the Space's memory cap
    fits into what Spaces may have; None where nobody looked. `has_cloud`: the user configured a remote one.
    """

    has_space: bool = True
    was_chosen: bool = False
    file_kinds: frozenset[str] = frozenset()
    is_up: bool = False
    fits: bool | None = None
    has_cloud: bool = False
