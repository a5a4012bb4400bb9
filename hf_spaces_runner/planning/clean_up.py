"""Decides what a clean-up removes: a plan that can be shown, and then carried out as it was shown."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import assert_never


class LeftoverKind(StrEnum):
    """The kinds of thing that we leave on a machine."""

    CONTAINER = "container"
    SCRATCH = "scratch folder"
    IMAGE = "image"
    MODEL_CACHE = "model cache"
    ANSWERS = "kept answers"
    SOURCE = "source from the Hub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """Something of ours: `last_used_at` in Unix seconds, `size_bytes` None where nobody knows it.

    `in_use` is what somebody works with, `orphaned` what a dead process left. `id` is what the engine calls it, where
    that differs from the `name` for people.
    """

    kind: LeftoverKind
    name: str
    last_used_at: float
    size_bytes: int | None = None
    in_use: bool = False
    orphaned: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanUpRules:
    """What may go. Times in seconds, sizes in bytes; None for `images_older_than_s` keeps all images.

    `cache_quota_bytes` is what model caches may take together; the least recently used go first. None for no limit.
    """

    older_than_s: float
    images_older_than_s: float | None = None
    cache_quota_bytes: int | None = None


def plan_clean_up(leftovers: Iterable[Leftover], rules: CleanUpRules, *, now: float) -> tuple[Leftover, ...]:
    """Return those of `leftovers` that go by `rules`: nothing that is in use, and what is orphaned whatever its age."""
    found = tuple(leftovers)
    going = [
        leftover
        for leftover in found
        if not leftover.in_use and (leftover.orphaned or now - leftover.last_used_at >= _age(leftover, rules))
    ]
    return (*going, *_over_quota([leftover for leftover in found if leftover not in going], rules))


def _age(leftover: Leftover, rules: CleanUpRules) -> float:
    match leftover.kind:
        case (
            LeftoverKind.CONTAINER
            | LeftoverKind.SCRATCH
            | LeftoverKind.MODEL_CACHE
            | LeftoverKind.ANSWERS
            | LeftoverKind.SOURCE
        ):
            return rules.older_than_s
        case LeftoverKind.IMAGE:
            return float("inf") if rules.images_older_than_s is None else rules.images_older_than_s
        case _:
            assert_never(leftover.kind)


def _over_quota(staying: list[Leftover], rules: CleanUpRules) -> list[Leftover]:
    if rules.cache_quota_bytes is None:
        return []
    caches = [leftover for leftover in staying if leftover.kind is LeftoverKind.MODEL_CACHE]
    total = sum(cache.size_bytes or 0 for cache in caches)
    going = []
    for cache in sorted(caches, key=lambda cache: cache.last_used_at):
        if total <= rules.cache_quota_bytes:
            break
        if cache.size_bytes and not cache.in_use:
            total -= cache.size_bytes
            going.append(cache)
    return going
