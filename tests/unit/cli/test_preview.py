import os
import pty
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from PIL import Image

SHOW = """
import sys
from pathlib import Path
from hf_spaces_runner.cli.preview import show_previews
from hf_spaces_runner.domain.result import OutputFile
show_previews([OutputFile(path=Path(name), media_type="image/png", size_bytes=1) for name in sys.argv[1:]])
"""


@pytest.fixture
def pictures(tmp_path: Path) -> list[str]:
    paths = [tmp_path / f"{number}.png" for number in range(6)]
    for path in paths:
        Image.new("RGB", (40, 20), "red").save(path)
    return [str(path) for path in paths]


def on_terminal(arguments: list[str], *, size: tuple[int, int] = (40, 80), **environment: str) -> bytes:
    """Return what a terminal would get that answers no question, and has `size` lines and columns."""
    leader, follower = pty.openpty()
    termios.tcsetwinsize(follower, size)
    variables = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment}
    variables = {name: value for name, value in variables.items() if value != "unset"}
    with os.fdopen(leader, "rb", buffering=0) as read:
        process = subprocess.Popen(
            [sys.executable, "-c", SHOW, *arguments], stdin=follower, stdout=follower, stderr=follower, env=variables
        )
        os.close(follower)
        shown = b""
        try:
            while piece := read.read(65536):
                shown += piece
        except OSError:  # Linux says so that nobody writes there any more
            pass
        assert process.wait() == 0, shown
    return shown


BLOCK = "▀".encode()


def test_a_terminal_without_graphics_gets_coloured_half_blocks(pictures: list[str]) -> None:
    shown = on_terminal(pictures[:1], NO_COLOR="unset")
    assert shown.count(BLOCK) > 100
    assert b"38;2;255;0;0" in shown
    assert b"Traceback" not in shown


def test_a_terminal_without_a_size_gets_no_picture(pictures: list[str]) -> None:
    assert on_terminal(pictures, size=(0, 0), NO_COLOR="unset") == b""


def test_four_pictures_are_the_most(pictures: list[str]) -> None:
    one, all_of_them = (on_terminal(names, NO_COLOR="unset").count(BLOCK) for names in (pictures[:1], pictures))
    assert all_of_them == 4 * one


def test_a_file_that_is_no_picture_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\x1b[2J")
    shown = on_terminal([str(tmp_path / "a.png")], NO_COLOR="unset")
    assert BLOCK not in shown
    assert b"\x1b[2J" not in shown


@pytest.mark.parametrize(("no_color", "term"), [("1", "xterm"), ("unset", "dumb"), ("unset", "unset")])
def test_who_wants_no_colours_gets_no_picture(pictures: list[str], no_color: str, term: str) -> None:
    assert on_terminal(pictures, NO_COLOR=no_color, TERM=term) == b""


def test_a_pipe_gets_no_picture(pictures: list[str]) -> None:
    ended = subprocess.run([sys.executable, "-c", SHOW, *pictures], capture_output=True, check=True)
    assert (ended.stdout, ended.stderr) == (b"", b"")
