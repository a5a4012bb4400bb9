"""What a server says about its error, in each form that servers give to that."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.server_words import server_words
from hf_spaces_runner.domain.terminal import one_line


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"detail": "Not Found"}, "Not Found"),
        ({"detail": {"error": "queue is full"}}, "queue is full"),
        ({"detail": [{"loc": ["body", "prompt"], "msg": "Field required"}]}, "prompt: Field required"),
        (
            {"detail": [{"loc": ["body"], "msg": "no"}, {"loc": ["query", "a", 0], "msg": "\x1b[1mtwo\nlines"}]},
            "body: no; a.0: two lines",
        ),
        ({"detail": [{"msg": "x"}] * 7}, "x; x; x; x; x; and 2 more"),
        ({"error": {"message": "no such model", "code": 404}}, "no such model"),
        ({"error": True, "message": "no"}, "no"),
        ({"title": "Bad", "status": 400}, "Bad"),
        ("out of\nmemory", "out of memory"),
        (" <html>a page</html>", ""),
        ({"detail": None}, ""),
        (5, ""),
    ],
)
def test_words(body: object, words: str) -> None:
    assert server_words(body) == words


KEYS = st.sampled_from(["detail", "error", "message", "msg", "loc", "title"])
ANY_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(KEYS, inner, max_size=4),
)


@given(ANY_JSON)
def test_any_body_says_one_line_or_nothing(body: Any) -> None:
    words = server_words(body)
    assert words == one_line(words)
