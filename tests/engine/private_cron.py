"""Debian's own crontab(1) and cron(8) on a private spool: they see no crontab of this machine, and leave none on it."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.engine.command_line import HFSR, Ended

needs_cron = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("cron") is None or shutil.which("unshare") is None,
    reason="needs root and Debian's cron, to run it on a private spool",
)
SPOOL = Path("/var/spool/cron/crontabs")

# In a mount namespace of its own: the user's and the system's crontabs, and a /run in which cron can leave its notes,
# while all that is there already (the engine's socket, say) stays within reach.
_INSIDE = """
set -e
folder=$1
shift
mount --bind "$folder/crontabs" /var/spool/cron/crontabs
mount --bind "$folder/cron.d" /etc/cron.d
mount --bind "$folder/crontab" /etc/crontab
mount --rbind /run "$folder/run"
mount -t tmpfs none /run
ln -s "$folder"/run/* /run/
exec "$@"
"""
_FIRST_FIRING_S = 150
"""More than two minutes: cron wakes up once a minute, and the machine may be busy."""


class PrivateCron:
    """The crontab of root on a spool in `folder`, and commands that see this one."""

    def __init__(self, folder: Path) -> None:
        self.spool = folder / "crontabs"
        for name in ("crontabs", "cron.d", "run"):
            (folder / name).mkdir(parents=True)
        (folder / "crontab").touch()
        shutil.chown(self.spool, group="crontab")
        self.spool.chmod(0o1730)
        self._prefix = ["unshare", "--mount", "sh", "-c", _INSIDE, "sh", str(folder)]

    def run(
        self, *command: str, text: bytes = b"", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run `command` to its end, with `text` as its input."""
        return subprocess.run(
            [*self._prefix, *command], input=text, env=_with(environment), capture_output=True, check=False
        )

    def hfsr(self, *arguments: str, environment: dict[str, str] | None = None) -> Ended:
        """Run `hfsr` to its end."""
        ended = self.run(*HFSR, *arguments, environment=environment)
        stdout, stderr = ended.stdout.decode(), ended.stderr.decode()
        assert "Traceback (most recent call last)" not in stderr, stderr
        return Ended(exit_code=ended.returncode, stdout=stdout, stderr=stderr)

    def start(self, *command: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Start `command` and let it go on."""
        return subprocess.Popen(
            [*self._prefix, *command], env=_with(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )

    def put(self, text: bytes) -> None:
        """Make `text` the crontab, as a user does."""
        done = self.run("crontab", "-", text=text)
        assert done.returncode == 0, done.stderr

    @property
    def text(self) -> bytes:
        """The bytes of the crontab, without the three lines that crontab(1) writes above them; none where none is."""
        file = self.spool / "root"
        return file.read_bytes().split(b"\n", 3)[3] if file.exists() else b""

    @property
    def lines(self) -> list[str]:
        """The lines of the crontab."""
        return self.text.decode().splitlines()

    @contextmanager
    def daemon(self) -> Iterator[None]:
        """Run cron(8) while the block does."""
        with subprocess.Popen(
            [*self._prefix, "cron", "-f"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            try:
                yield
                assert process.poll() is None, f"cron ended: {process.stderr and process.stderr.read()!r}"
            finally:
                process.terminate()


def wait_for(is_there: Callable[[], bool], what: str, *shown: Path) -> None:
    """Wait until cron has done what it does once a minute."""
    end = time.monotonic() + _FIRST_FIRING_S
    while not is_there():
        assert time.monotonic() < end, f"no {what}: {[path.read_text() for path in shown if path.exists()]}"
        time.sleep(0.2)


def _with(environment: dict[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(environment or {})}


def entries_of(cron: PrivateCron) -> Sequence[str]:
    """Return our lines in the crontab."""
    return [line for line in cron.lines if line.endswith("# hf-spaces-runner cleanup")]
