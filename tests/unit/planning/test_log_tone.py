import pytest

from hf_spaces_runner.planning.log_tone import LogTones, Tone


@pytest.mark.parametrize(
    ("line", "tone"),
    [
        ("Running on local URL:  http://0.0.0.0:7860", Tone.PLAIN),
        ("INFO:     Application startup complete.", Tone.PLAIN),
        ("0 errors were found", Tone.PLAIN),
        ("2026-11-21 10:00:00,000 ERROR app: no", Tone.ERROR),
        ("ValueError: no", Tone.ERROR),
        ("httpx.ConnectError", Tone.ERROR),
        ("error: no such file", Tone.ERROR),
        ("WARNING:  here", Tone.WARNING),
        ("/app/x.py:3: DeprecationWarning: old", Tone.WARNING),
        ("", Tone.PLAIN),
    ],
)
def test_how_a_line_sounds(line: str, tone: Tone) -> None:
    assert LogTones().tone(line) is tone


def test_all_of_a_traceback_is_an_error() -> None:
    tones = LogTones()
    lines = ["Traceback (most recent call last):", '  File "app.py", line 1, in <module>', "    f()", "Oops: 1", "On"]
    assert [tones.tone(line) for line in lines] == [Tone.ERROR] * 4 + [Tone.PLAIN]


def test_so_is_a_syntax_error_which_has_no_head() -> None:
    tones = LogTones()
    lines = [
        '  File "/home/user/app/app.py", line 53',
        "    x = (",
        "        ^",
        "SyntaxError: '(' was never closed",
        "x",
    ]
    assert [tones.tone(line) for line in lines] == [Tone.ERROR] * 4 + [Tone.PLAIN]
