from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer
from hf_spaces_runner.domain.labels import DOOR, RunLabels
from hf_spaces_runner.planning.reaping import is_left_behind

NOW = 1000.0


def is_alive(owner: str) -> bool:
    return owner != "dead"


def left_behind(
    *,
    owner: str = "living",
    name: str = "hfsr-a-run",
    status: ContainerStatus = ContainerStatus.RUNNING,
    deadline: float | None = 2000.0,
) -> bool:
    labels = RunLabels(run_id="run", space_id="a", owner=owner, deadline_at=deadline)
    container = ListedContainer(id="1", name=name, labels=labels, status=status)
    return is_left_behind(container, now=NOW, is_alive=is_alive)


def test_what_a_living_process_works_with_is_not_left_behind() -> None:
    for status in ContainerStatus:
        assert not left_behind(status=status)


def test_what_a_dead_process_made_is_left_behind_in_every_state() -> None:
    for status in ContainerStatus:
        assert left_behind(owner="dead", status=status)
        assert left_behind(owner="dead", status=status, name=DOOR)


def test_one_that_is_up_needs_nobody() -> None:
    assert not left_behind(owner="dead", name="hfsr-a-run-up", deadline=None)
    assert not left_behind(owner="dead", name="hfsr-a-run-up", status=ContainerStatus.EXITED)


def test_one_that_was_made_to_be_up_and_never_ran_still_needs_its_maker() -> None:
    assert left_behind(owner="dead", name="hfsr-a-run-up", status=ContainerStatus.CREATED)


@given(st.sampled_from(ContainerStatus), st.sampled_from(["living", "dead"]), st.sampled_from(["x", "x-up", DOOR]))
def test_past_its_deadline_everything_is(status: ContainerStatus, owner: str, name: str) -> None:
    assert left_behind(deadline=999.0, status=status, owner=owner, name=name)
