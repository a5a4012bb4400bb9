"""The arithmetic of `make bench`; what it measures is measured there."""

from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest

from tests.benchmarks.__main__ import as_json, table
from tests.benchmarks.measure import Row, compare, per_call, together
from tests.benchmarks.overhead import _stopped, _sums
from tests.benchmarks.stress import _results

BY_RATIO = Row(
    name="a call", ours_s=4.0, other="httpx", other_s=3.0, target=1 / 0.75, ours_all_s=(4.0, 8.0), other_all_s=(3.0,)
)
BY_SIZE = Row(name="a file", ours_s=50.5, other="-", other_s=None, target=50, ours_all_s=(50.5,), unit=" MB")


def test_at_least_three_quarters_of_the_calls_are_at_most_four_thirds_of_the_time() -> None:
    assert BY_RATIO.met
    assert not per_call(8, Row(name="", ours_s=4.1, other="", other_s=3.0, target=1 / 0.75, ours_all_s=())).met


def test_times_of_many_calls_become_those_of_one() -> None:
    row = per_call(4, BY_RATIO)
    assert (row.ours_s, row.other_s, row.ours_all_s, row.other_all_s) == (1.0, 0.75, (1.0, 2.0), (0.75,))
    assert row.figure == BY_RATIO.figure


def test_what_is_measured_alone_stays_so_for_one_call() -> None:
    assert per_call(2, BY_SIZE).other_s is None


def test_a_size_keeps_its_unit() -> None:
    assert not BY_SIZE.met
    assert table([BY_SIZE]).splitlines()[1].split("  ")[-2:] == ["<= 50 MB", "MISSED"]
    assert "50.5 MB" in table([BY_SIZE])
    assert as_json(BY_SIZE)["unit"] == "MB"
    assert as_json(BY_RATIO)["unit"] == "ratio"


def test_short_times_are_not_rounded_away() -> None:
    line = table([per_call(1000, BY_RATIO)]).splitlines()[1]
    assert "4.0 ms" in line
    assert "3.0 ms" in line
    assert "4.000 s" in table([BY_RATIO])


def test_the_first_of_each_is_not_counted() -> None:
    done: list[str] = []
    row = compare("", lambda: done.append("ours"), "", lambda: done.append("theirs"), target=1, times=2)
    assert done == ["ours", "theirs"] * 3
    assert len(row.ours_all_s) == len(row.other_all_s) == 2


def test_all_are_at_work_together() -> None:
    meet = Barrier(3, timeout=30)
    together([meet.wait] * 3)  # breaks if one waits for another to end
    assert not meet.broken


def test_what_one_of_them_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        together([lambda: None, lambda: 1 / 0])


def test_a_figure_without_a_target_is_only_told() -> None:
    told = replace(BY_RATIO, target=None)
    assert table([told]).splitlines()[1].split() == ["a", "call", "4.000", "s", "httpx", "3.000", "s", "1.33x", "-"]
    assert as_json(told)["met"] is None


def test_what_took_milliseconds_alone_is_told_in_milliseconds() -> None:
    line = table([Row(name="", ours_s=0.0041, other="-", other_s=None, target=0.005, ours_all_s=())]).splitlines()[1]
    assert line.split() == ["4.1", "ms", "-", "-", "4.1", "ms", "<=", "0.005", "s", "met"]


class _Work:
    def short(self) -> str:
        return "done"

    def failing(self) -> None:
        raise ZeroDivisionError


def test_the_calls_of_a_part_are_timed_and_go_on_as_they_were() -> None:
    work, before = _Work(), _Work.short
    with _stopped(((_Work, "short"), (_Work, "failing"))) as taken:
        assert work.short() == "done"
        with pytest.raises(ZeroDivisionError):
            work.failing()
    assert len(taken) == 2
    assert _Work.short is before


def test_the_times_of_a_run_are_added_up_but_for_the_first() -> None:
    assert _sums([100.0, 100.0, 1.0, 2.0, 3.0, 4.0], 2) == [3.0, 7.0]
    with pytest.raises(RuntimeError):
        _sums([1.0, 2.0, 3.0], 1)  # one run took a way that others did not
    with pytest.raises(RuntimeError):
        _sums([], 1)


def test_results_are_compared_but_for_their_times(tmp_path: Path) -> None:
    line = b'{"index":0,"text":"wait_s 1","timings":{"wait_s":%b,"call_s":2e-05},"error":null}\n'
    for name, time in (("one", b"0.0"), ("other", b"1.25")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.jsonl").write_bytes(line % time)
    assert _results(tmp_path / "one") == _results(tmp_path / "other") != []
    (tmp_path / "other" / "results.jsonl").write_bytes(line.replace(b"wait_s 1", b"wait_s 2") % b"0.0")
    assert _results(tmp_path / "one") != _results(tmp_path / "other")
    assert _results(tmp_path / "none") == []
