import re

from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.labels import DOOR, LABEL, RunLabels, is_our_name, is_up_name, name_while_up

WORDS = st.from_regex(re.compile(r"[A-Z_]{1,8}"), fullmatch=True)
LABELS = st.builds(
    RunLabels,
    run_id=st.text(),
    space_id=st.text(),
    owner=st.text(),
    user=st.text(),
    command=st.text(),
    created_at=st.integers(0, 2**40).map(float),
    deadline_at=st.none() | st.integers(0, 2**40).map(float),
    memory_bytes=st.integers(0, 2**50),
    network=st.sampled_from(["open", "isolated", ""]),
    privacy=st.booleans(),
    idle_stop_s=st.none() | st.integers(1, 10**5).map(float),
    secrets=st.lists(WORDS).map(tuple),
)


@given(LABELS)
def test_what_is_written_is_read_again(labels: RunLabels) -> None:
    written = labels.as_labels()
    assert RunLabels.read(written) == labels
    assert all(name.startswith(f"{LABEL}.") for name in written)


@given(st.dictionaries(st.sampled_from(list(RunLabels(run_id="", space_id="").as_labels())), st.text()))
def test_whatever_an_image_wrote_can_be_read(written: dict[str, str]) -> None:
    read = RunLabels.read(written)
    assert read.memory_bytes >= 0
    assert read.created_at >= 0


def test_numbers_that_are_none_are_left_out() -> None:
    for text in ("nan", "inf", "-1", "²", "", "x"):
        read = RunLabels.read({f"{LABEL}.deadline": text, f"{LABEL}.created": text, f"{LABEL}.memory": text})
        assert (read.deadline_at, read.created_at, read.memory_bytes) == (None, 0.0, 0)


def test_ours_are_named_after_their_run_or_stand_in_the_door() -> None:
    assert is_our_name("hfsr-clip-20260101-abc", "20260101-abc")
    assert is_our_name(name_while_up("hfsr-clip-20260101-abc"), "20260101-abc")
    assert is_our_name(DOOR, "20260101-abc")
    assert not is_our_name("clip-20260101-abc", "20260101-abc")
    assert not is_our_name("hfsr-clip", "20260101-abc")
    assert not is_our_name("hfsr-clip", "")


def test_the_name_says_whether_it_is_up() -> None:
    assert is_up_name(name_while_up("hfsr-clip-run"))
    assert not is_up_name("hfsr-clip-run")
    assert not is_up_name(DOOR)
