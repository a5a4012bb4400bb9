import pytest

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.errors import AnswerError

LIMITS = AnswerLimits(max_json_depth=5, max_json_weight=1000)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b'{"a": [1, "\xc3\xa4"]}', {"a": [1, "ä"]}),
        (b"NaN", None),
        (b"[-Infinity, 1e999, -1e999, 1e9]", [None, None, None, 1e9]),
        (b"\xef\xbb\xbf1", 1),
        (b"[[[[[1]]]]]", [[[[[1]]]]]),
    ],
)
def test_json_is_decoded(raw: bytes, value: object) -> None:
    assert decode_json(raw, "GET /x", LIMITS) == value


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"", "not JSON"),
        (b"<html>", "not JSON"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"1" * 5000, "not JSON"),  # more digits than Python turns into a number
        (b"[[[[[[[1]]]]]]]", "deeper than 5"),
        (b"[" * 90, "not JSON"),
        (b"[" + b"[]," * 200 + b"[]]", "too many values"),
        ('["é"]'.encode("utf-16"), "not JSON: UnicodeDecodeError"),
    ],
)
def test_what_is_no_json_or_too_much_is_refused(raw: bytes, message: str) -> None:
    with pytest.raises(AnswerError, match=f"GET /x answered .*{message}"):
        decode_json(raw, "GET /x", LIMITS)


def test_a_hundred_thousand_levels_are_refused() -> None:
    with pytest.raises(AnswerError, match="nested deeper than 100 levels"):
        decode_json(b"[" * 100_000 + b"]" * 100_000, "GET /x", AnswerLimits())


def test_more_than_was_asked_for_is_refused() -> None:
    with pytest.raises(AnswerError, match=r"GET /x answered more than 48\.8 KiB"):
        decode_json(b" " * 60_000, "GET /x", AnswerLimits(max_json_bytes=50_000))


def test_the_message_does_not_carry_the_text() -> None:
    with pytest.raises(AnswerError) as caught:
        decode_json(b'{"token": "hunter2', "GET /x", LIMITS)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
