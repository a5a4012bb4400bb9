import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.units import LONGEST_S, format_duration, format_size, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90s", 90),
        ("5m", 300),
        ("1h", 3600),
        ("2d", 172800),
        ("1h30m", 5400),
        ("0.5", 0.5),
        ("1.5h", 5400),
        ("250ms", 0.25),
        (" 5M ", 300),
        ("90 s", 90),
    ],
)
def test_durations_as_people_type_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "s",
        "-1",
        "-5m",
        "0",
        "0s",
        "5x",
        "5m5",
        "1:30",
        "nan",
        "inf",
        "1e3",
        "5 m x",
        "٣s",
        "9" * 400,
        "366d",
        "½",
    ],
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|is too long"):
        parse_duration(text)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("512m", 512 * 1024**2),
        ("2g", 2 * 1024**3),
        ("2G", 2 * 1024**3),
        ("2gb", 2 * 1024**3),
        ("1.5GiB", 3 * 512 * 1024**2),
        ("1k", 1024),
        ("1t", 1024**4),
        ("100", 100),
        ("10b", 10),
    ],
)
def test_sizes_as_people_type_them(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "g", "-1g", "0", "0g", "0.1", "2x", "2 gigs", "1e3", "nan", "٣g", "9" * 400 + "g", "2097152t"]
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a size|is more than any machine has"):
        parse_size(text)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_and_a_size_or_a_value_error(text: str) -> None:
    for parse, most in ((parse_duration, LONGEST_S), (parse_size, 2**60)):
        try:
            value = parse(text)
        except ValueError:
            continue
        assert 0 < value <= most


@given(st.floats(min_value=0.05, max_value=LONGEST_S))
def test_a_duration_that_was_written_reads_back_within_the_digits_shown(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == pytest.approx(seconds, abs=0.51 if seconds >= 60 else 0.051)


@given(st.integers(min_value=1, max_value=2**60))
def test_a_size_that_was_written_reads_back_within_the_digits_shown(size_bytes: int) -> None:
    assert parse_size(format_size(size_bytes)) == pytest.approx(size_bytes, rel=0.05)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0.4 s"), (12, "12 s"), (60, "1m"), (300, "5m"), (5400, "1h30m"), (3661, "1h1m1s"), (0, "0 s")],
)
def test_durations_as_people_say_them(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (1536, "1.5 KiB"), (2 * 1024**3, "2 GiB"), (1024**4, "1.0 TiB")],
)
def test_sizes_as_people_say_them(size: int, text: str) -> None:
    assert format_size(size) == text
