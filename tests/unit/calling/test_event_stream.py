import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.event_stream import EventStream, ServerEvent
from hf_spaces_runner.errors import AnswerError

LINES = st.binary(max_size=30).filter(lambda line: b"\n" not in line and b"\r" not in line)
EVENTS = st.lists(st.tuples(st.sampled_from(["", "generating"]), st.lists(LINES, min_size=1, max_size=4)), max_size=5)
CUTS = st.lists(st.integers(min_value=1, max_value=7), min_size=1, max_size=50)


def parse(*chunks: bytes, limit: int = 10_000) -> list[ServerEvent]:
    stream = EventStream(max_event_bytes=limit)
    return [event for chunk in chunks for event in stream.feed(chunk)]


def cut(raw: bytes, sizes: list[int]) -> list[bytes]:
    chunks, start, number = [], 0, 0
    while start < len(raw):
        size = sizes[number % len(sizes)]
        chunks.append(raw[start : start + size])
        start, number = start + size, number + 1
    return chunks


@given(EVENTS, st.sampled_from([b"\n", b"\r\n", b"\r"]), CUTS)
def test_events_come_out_as_they_went_in_however_they_are_cut(
    events: list[tuple[str, list[bytes]]], line_end: bytes, sizes: list[int]
) -> None:
    raw = b"".join(
        (b"event: " + name.encode() + line_end if name else b"")
        + b"".join(b"data: " + line + line_end for line in lines)
        + line_end
        for name, lines in events
    )
    expected = [ServerEvent(name=name or "message", data=b"\n".join(lines)) for name, lines in events]
    assert parse(*cut(raw, sizes)) == expected


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_any_bytes_give_events_or_an_answer_error(chunks: list[bytes]) -> None:
    try:
        events = parse(*chunks, limit=50)
    except AnswerError:
        return
    assert all(len(event.data) <= 50 for event in events)


@given(st.lists(st.sampled_from([b"data:a", b"\r", b"\n", b"\r\n", b"data: b", b": c", b"id: 1"]), max_size=20), CUTS)
def test_the_cuts_do_not_matter(pieces: list[bytes], sizes: list[int]) -> None:
    raw = b"".join(pieces)
    assert parse(*cut(raw, sizes)) == parse(raw)


def test_comments_unknown_fields_and_a_byte_order_mark_are_skipped() -> None:
    assert parse(b"\xef\xbb\xbfdata: a\n: heartbeat\nid: 7\nretry\n\n") == [ServerEvent(data=b"a")]


def test_an_event_without_data_is_none() -> None:
    assert parse(b"event: ping\n\n\n\ndata\n\n") == [ServerEvent(data=b"")]


def test_an_unfinished_event_is_not_given() -> None:
    assert parse(b"data: a\n") == []


@pytest.mark.parametrize(
    "chunk", [b"data: 0123456789", b"data:0\ndata:1\ndata:2\ndata:3\ndata:4\ndata:56789\n", b"x" * 11]
)
def test_a_larger_event_is_refused_before_it_is_whole(chunk: bytes) -> None:
    with pytest.raises(AnswerError, match="larger than 10 B"):
        parse(chunk, limit=10)
