import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.calling.user_file import UserBytes, UserUrl, file_of_text


@given(st.binary(max_size=100))
def test_a_data_url_holds_a_file(content: bytes) -> None:
    text = f"data:image/png;base64,{base64.b64encode(content).decode()}"
    assert file_of_text(text) == UserBytes("file.png", content)


def test_the_type_of_a_data_url_names_the_file() -> None:
    assert file_of_text("data:text/csv;charset=utf-8;base64,YQ==") == UserBytes("file.csv", b"a")
    assert file_of_text("data:;base64,YQ==") == UserBytes("file", b"a")


@pytest.mark.parametrize("text", ["https://example.org/a.png", "HTTP://host/x"])
def test_an_address_is_one(text: str) -> None:
    assert file_of_text(text) == UserUrl(text)


@pytest.mark.parametrize("text", ["photo.png", "", "file:///etc/passwd", "ftp://host/x", "https:///x"])
def test_other_texts_are_no_files(text: str) -> None:
    assert file_of_text(text) is None


@pytest.mark.parametrize("text", ["data:image/png,raw", "data:image/png;base64,%%%", "data:image/png;base64,a"])
def test_a_broken_data_url_is_told(text: str) -> None:
    with pytest.raises(ValueError, match="takes a data: URL"):
        file_of_text(text)
