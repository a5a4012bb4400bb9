import pytest

from hf_spaces_runner.domain.json_weight import is_too_heavy


@pytest.mark.parametrize(
    ("raw", "weight"),
    [
        (b"", 0),
        (b"1", 0),
        (b"[1, 2, 3]", 6),
        (b'{"a": 1, "b": {}}', 13),
        (b'["a,b,c:[{", ","]', 5),
        (rb'["\",", "\\", 1]', 6),
        (b'["never, ended', 4),
        (b"[[[[", 16),
    ],
)
def test_what_is_in_a_text_weighs_nothing(raw: bytes, weight: int) -> None:
    assert not is_too_heavy(raw, weight)
    assert weight == 0 or is_too_heavy(raw, weight - 1)


@pytest.mark.parametrize("text", [b",", b'","', b'"', b'\\"', b"{[", b'"a":0,', b"\\"])
def test_ten_megabytes_are_weighed_in_one_pass(text: bytes) -> None:
    for start in (b"", b'"'):
        is_too_heavy(start + text * (10_000_000 // len(text)), 1_000_000)
