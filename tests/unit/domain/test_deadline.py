from hf_spaces_runner.domain.deadline import Deadline


def test_it_counts_down_to_zero_and_no_further() -> None:
    now = 100.0
    deadline = Deadline.after(5, lambda: now)
    assert (deadline.remaining_s, deadline.passed, deadline.limit_s) == (5.0, False, 5)
    now = 104.0
    assert (deadline.remaining_s, deadline.passed) == (1.0, False)
    now = 105.0
    assert (deadline.remaining_s, deadline.passed) == (0.0, True)
    now = 1000.0
    assert (deadline.remaining_s, deadline.passed) == (0.0, True)


def test_its_text_does_not_show_the_clock() -> None:
    assert "clock" not in repr(Deadline.after(5, lambda: 0.0))
