from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.schedule import NICKNAMES, REBOOT, check_schedule, explain_schedule, next_firing

FRIDAY = datetime(2026, 11, 20, 12, 30)  # noqa: DTZ001 - local time, as cron has it


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("0 3 * * *", "0 3 * * *"),
        ("  */15   *  * * * ", "*/15 * * * *"),
        ("0 0 1,15 * MON-fri", "0 0 1,15 * MON-fri"),
        ("0-10/2,30 8-18 * jan,Jul 0", "0-10/2,30 8-18 * jan,Jul 0"),
        ("5 4 * * 7", "5 4 * * 7"),
        ("*,1 * * * *", "*,1 * * * *"),
        ("@Daily", "@daily"),
        ("@reboot", "@reboot"),
    ],
)
def test_what_cron_understands_is_read(typed: str, read: str) -> None:
    assert check_schedule(typed) == read


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("", "0 fields, not 5"),
        ("daily", "1 field, not 5"),
        ("* * * *", "4 fields, not 5"),
        ("0 0 3 * * *", "6 fields, not 5"),
        ("@dayly", "cron knows @hourly, @daily"),
        ("@daily *", "2 fields, not 5"),
        ("60 * * * *", "bad minute"),
        ("* 24 * * *", "bad hour"),
        ("* * 0 * *", "bad day-of-month"),
        ("* * * 13 *", "bad month"),
        ("* * * * 8", "bad day-of-week"),
        ("* * * * jan", "bad day-of-week"),
        ("* * jan * *", "its day of the month, 'jan'"),
        ("* * * * monday", "its day of the week, 'monday'"),
        ("10-5 * * * *", "bad minute"),
        ("* * * * fri-sun", "bad day-of-week"),
        ("5/10 * * * *", "its minute, '5/10'"),
        ("*/0 * * * *", "bad minute"),
        ("1-2-3 * * * *", "its minute"),
        ("1, * * * *", "its minute"),
        ("* * L * *", "its day of the month"),
        ("* * * * 1#2", "its day of the week"),
        ("* * * * 5L", "its day of the week"),
        ("4294967296 * * * *", "its minute"),
        ("0~30 * * * *", "its minute"),
        ("0 0 31 2 *", "bad day-of-month"),
        ("0 3 * * * rm", "6 fields"),
        ("0 3 * * *\n* * * * *", "a character that no schedule has"),
        ("0\t3 * * *", "a character that no schedule has"),
        ("0 3 * * %", "a character that no schedule has"),
        ("0 3 * * \x1b[31m", "a character that no schedule has"),
        ("٣ 3 * * *", "a character that no schedule has"),
        ("x" * 5000, "1 field"),
    ],
)
def test_anything_else_is_refused_with_the_reason(typed: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_schedule(typed)
    assert said in caught.value.message
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 300
    assert '"0 3 * * *"' in (caught.value.hint or "")


@given(st.text() | st.lists(st.text("0123456789*,-/@%LW#~janmos\n\r ", max_size=6), max_size=7).map(" ".join))
def test_no_text_is_a_bug_and_what_is_taken_is_one_line_that_fires(text: str) -> None:
    try:
        schedule = check_schedule(text)
    except UsageError:
        return
    assert not set(schedule) & set("%\n\r\t")
    assert schedule == check_schedule(schedule)
    assert explain_schedule(schedule)
    assert schedule == REBOOT or (next_firing(schedule, FRIDAY) or FRIDAY) > FRIDAY


@pytest.mark.parametrize(
    ("schedule", "words", "day", "hour"),
    [
        ("0 3 * * *", "at 03:00 every day", 21, 3),
        ("@weekly", "at 00:00 on Sunday", 22, 0),
        ("0 3 * * mon-fri", "at 03:00 on Monday through Friday", 23, 3),
        ("0 3 1,24 * 0", "at 03:00 on the first and the 24th day of month and on Sunday", 22, 3),
    ],
)
def test_a_schedule_is_told_in_words_and_when_it_comes_next(schedule: str, words: str, day: int, hour: int) -> None:
    assert explain_schedule(schedule) == words
    assert next_firing(schedule, FRIDAY) == datetime(2026, 11, day, hour)  # noqa: DTZ001 - as above


def test_nobody_knows_when_the_machine_starts_again() -> None:
    assert next_firing(REBOOT, FRIDAY) is None
    assert "when cron starts" in explain_schedule(REBOOT)


@pytest.mark.parametrize("name", NICKNAMES)
def test_each_name_stands_for_fields(name: str) -> None:
    assert check_schedule(NICKNAMES[name]) == NICKNAMES[name]
    assert next_firing(name, FRIDAY) == next_firing(NICKNAMES[name], FRIDAY)
