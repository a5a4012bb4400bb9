"""Reads and writes the user's crontab through crontab(1), the only way that a user has."""

import re
import shutil
import subprocess
from collections.abc import Mapping

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import RunnerError

_TIMEOUT_S = 60
_NONE_YET = re.compile(rb"\bno crontab for\b")
# Debian's `crontab -l` shows these two characters as escapes since 3.0pl1-149 (bug 585552), so that they cannot hide
# an entry on a terminal. Whether the user typed the escape or the character, the list does not say.
_SHOWN_AS = {b"\r": rb"\r", b"\b": rb"\b"}


class Crontab:
    """The crontab of the user who runs this process.

    Args:
        program: crontab(1).
        environment: what it is started with.
    """

    def __init__(self, program: str, environment: Mapping[str, str]) -> None:
        self._program = program
        # Its own words, which are looked at, are English then; and its list has no header of its own.
        others = {name: value for name, value in environment.items() if name not in {"CRONTAB_NOHEADER", "LANGUAGE"}}
        self._environment = {**others, "LC_ALL": "C"}

    def read(self) -> str:
        """Return its text, undecodable bytes as surrogates; nothing where there is none yet.

        Raises:
            RunnerError: it could not be read, or not to the byte. So nobody may write it.
        """
        listed = self._run("-l")
        if listed.returncode != 0:
            if _NONE_YET.search(listed.stderr):
                return ""
            raise _refused("crontab -l", listed, hint="see that crontab -l works, then try again; nothing was changed")
        exact = self._exact(listed.stdout) if any(shown in listed.stdout for shown in _SHOWN_AS.values()) else None
        return (listed.stdout if exact is None else exact).decode("utf-8", "surrogateescape")

    def write(self, text: str) -> None:
        """Put `text`, as `read` returns it, in its place; an empty one removes it.

        Raises:
            RunnerError: crontab(1) refused it; then the crontab is as it was.
        """
        written = self._run("-", text.encode("utf-8", "surrogateescape")) if text else self._run("-r")
        if written.returncode != 0 and not (not text and _NONE_YET.search(written.stderr)):
            raise _refused(
                f"crontab {'-' if text else '-r'}",
                written,
                hint="your crontab is as it was; crontab -l shows it, crontab -e lets you correct it",
            )

    def _exact(self, listed: bytes) -> bytes:
        """Return the bytes that `listed` shows, as an editor gets them: here, one that prints its file."""
        edited = self._run("-e", VISUAL="cat", EDITOR="cat")
        shown = edited.stdout
        for character, escape in _SHOWN_AS.items():
            shown = shown.replace(character, escape)
        if edited.returncode != 0 or shown != listed:
            raise RunnerError(
                "your crontab holds a carriage return or a backspace, and crontab does not tell which bytes it has",
                hint="take them out with crontab -e, then try again; nothing was changed",
                verdict="crontab",
            )
        return edited.stdout

    def _run(self, option: str, text: bytes = b"", **variables: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603 - a list, no shell
                [self._program, option],
                input=text,
                env={**self._environment, **variables},
                capture_output=True,
                check=False,
                timeout=_TIMEOUT_S,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            why = error.strerror if isinstance(error, OSError) else f"no end within {_TIMEOUT_S} s"
            raise RunnerError(
                f"{self._program} {option} could not be run: {why}", hint="see that crontab -l works", verdict="crontab"
            ) from error


def find_crontab(environment: Mapping[str, str]) -> Crontab:
    """Return the crontab of this user.

    Raises:
        RunnerError: this machine has no crontab(1).
    """
    program = shutil.which("crontab", path=environment.get("PATH"))
    if program is None:
        raise RunnerError(
            "there is no crontab program on PATH, so there is no cron to call hfsr",
            hint="install one (Debian, Ubuntu: apt-get install cron; Fedora: dnf install cronie),"
            " or let a systemd timer call hfsr cleanup",
            verdict="crontab",
        )
    return Crontab(program, environment)


def _refused(what: str, ended: subprocess.CompletedProcess[bytes], *, hint: str) -> RunnerError:
    said = one_line((ended.stderr or ended.stdout).decode("utf-8", "replace"))
    return RunnerError(
        f"{what} failed (exit {ended.returncode}): {said or 'it says nothing'}", hint=hint, verdict="crontab"
    )
