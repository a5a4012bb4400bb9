"""Whether the user is asked about older packages: on a terminal, and only there."""

import os
import pty
import subprocess
import sys

import pytest

SCRIPT = """
import sys
from datetime import date

import click

from hf_spaces_runner.cli.older_packages import trying_older_packages
from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.errors import BuildError


def attempt(request):
    if request.as_of is None:
        error = BuildError("it contradicts itself")
        error.as_of = None if sys.argv[2] == "unknown" else date(2023, 7, 1)
        raise error
    return request.as_of.before.isoformat()


@click.command()
def main():
    presenter = Presenter(Format(sys.argv[1]), 0)
    try:
        print("built", trying_older_packages(presenter, Request(space="x"), attempt))
    except BuildError:
        print("raised")
        sys.exit(10)


main(args=[])
"""
QUESTION = "Build it with packages as of 2023-07-01?"


def asked(output_format: str, answer: str, *, on_a_terminal: bool = True, day: str = "known") -> tuple[int, str, str]:
    """Return the exit code, what was printed, and what the terminal showed."""
    outer, inner = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, output_format, day],
        stdin=inner if on_a_terminal else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=inner,
        text=True,
    )
    os.write(outer, answer.encode())
    printed = child.communicate()[0]
    os.write(inner, b"\nend of the screen\n")
    screen = b""
    while b"end of the screen\r\n" not in screen:
        screen += os.read(outer, 4096)
    os.close(inner)
    os.close(outer)
    return child.returncode, printed, screen.decode()


@pytest.mark.parametrize("answer", ["y\n", "yes\n"])
def test_who_agrees_gets_the_packages_of_that_day(answer: str) -> None:
    code, printed, screen = asked("human", answer)
    assert (code, printed) == (0, "built 2023-07-02T00:00:00+00:00\n")
    assert "it contradicts itself" in screen.partition(QUESTION)[0]


@pytest.mark.parametrize("answer", ["n\n", "\n"])
def test_who_does_not_agree_has_its_failure_told_once(answer: str) -> None:
    code, printed, screen = asked("auto", answer)
    assert (code, printed) == (10, "")
    assert screen.count("it contradicts itself") == 1
    assert QUESTION in screen


@pytest.mark.parametrize(
    ("output_format", "on_a_terminal", "day"),
    [("json", True, "known"), ("quiet", True, "known"), ("human", False, "known"), ("human", True, "unknown")],
)
def test_nobody_is_asked_elsewhere(output_format: str, on_a_terminal: bool, day: str) -> None:
    code, printed, screen = asked(output_format, "y\n", on_a_terminal=on_a_terminal, day=day)
    assert (code, printed) == (10, "raised\n")
    assert QUESTION not in screen
