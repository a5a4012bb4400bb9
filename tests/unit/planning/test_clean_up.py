from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.planning.clean_up import Leftover, LeftoverKind, plan_clean_up

NOW = 1_000_000.0
DAY = 86400.0
LIVING = "host:1"


def is_alive(owner: str) -> bool:
    return owner == LIVING


def planned(leftover: Leftover, older_than_s: float = DAY) -> bool:
    return plan_clean_up([leftover], now=NOW, older_than_s=older_than_s, is_alive=is_alive) == (leftover,)


def made(kind: LeftoverKind, *, age_s: float = 2 * DAY, owner: str = "", running: bool = False) -> Leftover:
    return Leftover(kind=kind, name="x", last_used_at=NOW - age_s, owner=owner, running=running)


def test_what_is_old_goes_and_what_is_young_stays() -> None:
    for kind in LeftoverKind:
        assert planned(made(kind))
        assert planned(made(kind, age_s=DAY))
        assert not planned(made(kind, age_s=DAY - 1))
        assert planned(made(kind, age_s=1), older_than_s=0.5)


def test_what_a_living_process_works_with_stays_however_old() -> None:
    for kind in (LeftoverKind.CONTAINER, LeftoverKind.SCRATCH):
        assert not planned(made(kind, owner=LIVING))
        assert planned(made(kind, owner="host:2"))


def test_a_running_container_whose_process_died_goes() -> None:
    assert planned(made(LeftoverKind.CONTAINER, owner="host:2", running=True))


def test_a_cache_that_a_container_refers_to_stays() -> None:
    assert not planned(made(LeftoverKind.MODEL_CACHE, running=True))


LEFTOVERS = st.builds(
    Leftover,
    kind=st.sampled_from(LeftoverKind),
    name=st.text(max_size=5),
    last_used_at=st.floats(0, 2 * NOW),
    owner=st.sampled_from(["", LIVING, "host:2", "other:1"]),
    running=st.booleans(),
)


@given(st.lists(LEFTOVERS), st.floats(0, 2 * NOW))
def test_a_plan_names_in_order_only_what_was_found_and_is_old(leftovers: list[Leftover], older_than_s: float) -> None:
    plan = plan_clean_up(leftovers, now=NOW, older_than_s=older_than_s, is_alive=is_alive)
    remaining = iter(leftovers)
    for leftover in plan:
        assert leftover in remaining
        assert NOW - leftover.last_used_at >= older_than_s
        assert leftover.owner != LIVING or leftover.kind is LeftoverKind.MODEL_CACHE
