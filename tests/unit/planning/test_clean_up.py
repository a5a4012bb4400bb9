from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.planning.clean_up import CleanUpRules, Leftover, LeftoverKind, plan_clean_up

NOW = 1_000_000.0
DAY = 86400.0
RULES = CleanUpRules(older_than_s=DAY, images_older_than_s=DAY)


def planned(leftover: Leftover, rules: CleanUpRules = RULES) -> bool:
    return plan_clean_up([leftover], rules, now=NOW) == (leftover,)


def made(kind: LeftoverKind, *, age_s: float = 2 * DAY, in_use: bool = False, orphaned: bool = False) -> Leftover:
    return Leftover(kind=kind, name="x", last_used_at=NOW - age_s, in_use=in_use, orphaned=orphaned)


def cache(name: str, size: int | None, *, age_s: float = 0, in_use: bool = False) -> Leftover:
    return Leftover(kind=LeftoverKind.MODEL_CACHE, name=name, last_used_at=NOW - age_s, size_bytes=size, in_use=in_use)


def over_quota(quota: int, *caches: Leftover) -> list[str]:
    rules = CleanUpRules(older_than_s=DAY, cache_quota_bytes=quota)
    return [leftover.name for leftover in plan_clean_up(caches, rules, now=NOW)]


def test_what_is_old_goes_and_what_is_young_stays() -> None:
    for kind in LeftoverKind:
        assert planned(made(kind))
        assert planned(made(kind, age_s=DAY))
        assert not planned(made(kind, age_s=DAY - 1))
        assert planned(made(kind, age_s=1), CleanUpRules(older_than_s=0.5, images_older_than_s=0.5))


def test_what_somebody_works_with_stays_however_old() -> None:
    for kind in LeftoverKind:
        assert not planned(made(kind, in_use=True))


def test_what_a_dead_process_left_goes_however_young() -> None:
    for kind in (LeftoverKind.CONTAINER, LeftoverKind.SCRATCH):
        assert planned(made(kind, age_s=0, orphaned=True))


def test_images_stay_unless_an_age_is_named() -> None:
    assert not planned(made(LeftoverKind.IMAGE, age_s=999 * DAY), CleanUpRules(older_than_s=0))


def test_above_the_quota_the_least_recently_used_caches_go() -> None:
    caches = [cache("new", 30, age_s=1), cache("old", 30, age_s=3), cache("middle", 30, age_s=2)]
    assert over_quota(90, *caches) == []
    assert over_quota(89, *caches) == ["old"]
    assert over_quota(30, *caches) == ["old", "middle"]
    assert over_quota(0, *caches) == ["old", "middle", "new"]


def test_caches_that_are_in_use_or_of_unknown_size_do_not_make_room() -> None:
    assert over_quota(10, cache("used", 100, in_use=True), cache("unknown", None), cache("own", 20)) == ["own"]


LEFTOVERS = st.builds(
    Leftover,
    kind=st.sampled_from(LeftoverKind),
    name=st.text(max_size=5),
    last_used_at=st.floats(0, 2 * NOW),
    size_bytes=st.none() | st.integers(0, 100),
    in_use=st.booleans(),
    orphaned=st.booleans(),
)
ALL_RULES = st.builds(
    CleanUpRules,
    older_than_s=st.floats(0, NOW),
    images_older_than_s=st.none() | st.floats(0, NOW),
    cache_quota_bytes=st.none() | st.integers(0, 300),
)


@given(st.lists(LEFTOVERS, max_size=8), ALL_RULES)
def test_a_plan_names_only_what_was_found_and_nobody_uses(leftovers: list[Leftover], rules: CleanUpRules) -> None:
    going = plan_clean_up(leftovers, rules, now=NOW)
    assert all(leftover in leftovers and not leftover.in_use for leftover in going)
    staying = [leftover for leftover in leftovers if leftover not in going]
    if rules.cache_quota_bytes is not None:
        kept = [item for item in staying if item.kind is LeftoverKind.MODEL_CACHE and not item.in_use]
        assert sum(item.size_bytes or 0 for item in kept) <= rules.cache_quota_bytes
