import pytest

from hf_spaces_runner.planning.log_parts import last_words

HEAD = 'Traceback (most recent call last):\n  File "/app.py", line 2, in <module>\n'
TRACEBACK = f"{HEAD}    load()\nValueError: no model\n"


@pytest.mark.parametrize(
    ("log", "words"),
    [
        pytest.param(TRACEBACK + "\n   \n", "ValueError: no model", id="last"),
        pytest.param(TRACEBACK + "loading the model\n", "ValueError: no model", id="other-stream-after-it"),
        pytest.param(f"{HEAD}loading the model\n    load()\nf.<locals>.Gone\n", "f.<locals>.Gone", id="in-the-middle"),
        pytest.param("loading\nno weights found\n\n", "no weights found", id="no-traceback"),
        pytest.param("", "", id="silent"),
        pytest.param("\n \n", "", id="blank"),
    ],
)
def test_the_last_words_are_the_exception_or_else_the_last_line(log: str, words: str) -> None:
    assert last_words(log) == words
