"""What --as-of says: days and times, what is refused, and where it cannot count."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.planning.as_of import advice, check_as_of, read_as_of

NOW = datetime(2026, 3, 1, 18, 0, tzinfo=UTC)
BUILT = Space(id="built", docker_image="built:1", source=Path("/space"))


@pytest.mark.parametrize(
    ("word", "before"),
    [
        ("2024-05-01", "2024-05-02T00:00:00+00:00"),
        ("2024-02-28", "2024-02-29T00:00:00+00:00"),
        (" 2024-12-31 ", "2025-01-01T00:00:00+00:00"),
        ("2024-05-01T12:00Z", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01T12:00", "2024-05-01T12:00:00+00:00"),
        ("2024-05-01 12:00:30", "2024-05-01T12:00:30+00:00"),
        ("2024-05-01T12:00+02:00", "2024-05-01T10:00:00+00:00"),
        ("2026-03-01", "2026-03-02T00:00:00+00:00"),
        ("2026-03-02", "2026-03-03T00:00:00+00:00"),  # where the sun rises earlier
    ],
)
def test_a_day_counts_to_its_end_and_a_time_as_it_is(word: str, before: str) -> None:
    assert read_as_of(word, NOW) == AsOf(before=datetime.fromisoformat(before))


def test_the_last_commit_is_left_to_who_knows_it() -> None:
    assert read_as_of("Commit", NOW) == AsOf(before=None)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("", "is no date"),
        ("yesterday", "is no date"),
        ("2024-13-01", "is no date"),
        ("2023-02-29", "is no date"),
        ("20240501", "is no date"),
        ("2024-05", "is no date"),
        ("P3D", "is no date"),
        ("2024-05-01; rm", "is no date"),
        ("2024-05-01T25:00", "is no date"),
        ("0001-01-01T00:00+14:00", "is no date"),
        ("2024-05-01\x1b[31m", "is no date"),
        ("2026-03-03", "lies in the future"),
        ("2026-03-01T18:01Z", "lies in the future"),
        ("9999-12-31", "lies in the future"),
        ("1999-12-31", "no package index before"),
        ("0001-01-01", "no package index before"),
    ],
)
def test_what_is_no_day_of_packages_is_refused(word: str, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        read_as_of(word, NOW)
    assert caught.value.message.isprintable()
    assert caught.value.hint


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_refused(word: str) -> None:
    try:
        read = read_as_of(word, NOW)
    except UsageError:
        return
    assert read.before is None or read.before <= NOW + timedelta(days=2)


@given(st.dates(date(2003, 1, 1), date(2026, 3, 1)))
def test_each_day_is_read_as_it_is_advised(day: date) -> None:
    word = advice(day).split()[1]
    assert read_as_of(word, NOW) == AsOf.of_day(day)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (replace(BUILT, source=None), "is pulled as it is"),
        (replace(BUILT, sdk=Sdk.DOCKER), "the SDK of built is docker"),
        (replace(BUILT, sdk=Sdk.STATIC), "the SDK of built is static"),
    ],
)
def test_it_counts_for_what_pip_installs(space: Space, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_as_of(AsOf(), space)
    check_as_of(None, space)


@pytest.mark.parametrize("sdk", [Sdk.GRADIO, Sdk.STREAMLIT])
def test_it_counts_for_the_sdks_of_python(sdk: Sdk) -> None:
    check_as_of(AsOf(), replace(BUILT, sdk=sdk))
