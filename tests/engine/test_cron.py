"""The clean-up by cron, for real: Debian's daemon fires the entry, and what a killed run left is gone."""

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.private_cron import PrivateCron, entries_of, needs_cron, wait_for

pytestmark = [pytest.mark.engine, needs_cron]

USERS = b'# mine\nMAILTO=""\n\n59 23 31 12 * echo 50\\% \xc3\xa9 > /dev/null\n1 2 3 4 * windows\r\n'
AGE = ("--older-than", "300d")
"""The clean-up asks the engine of whoever runs the tests: nothing that somebody may want is that old."""
OLD_S = 400 * 86400
_KILLED_RUN = """
import os, signal, sys
from pathlib import Path
from hf_spaces_runner.orchestrator.scratch import scratch_directory
with scratch_directory(Path(sys.argv[1]), "20250101-000000-abcdef") as folder:
    (folder / "half an answer").write_bytes(bytes(4096))
    print(folder, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def leave_scratch_folder(home: Path) -> Path:
    """Leave the scratch folder of a run that was killed long ago; return it."""
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED_RUN, str(home / "cache" / "scratch")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    folder = Path(killed.stdout.strip())
    long_ago = folder.stat().st_mtime - OLD_S
    os.utime(folder, (long_ago, long_ago))
    return folder


def test_cron_fires_the_clean_up_and_nothing_else_changes(tmp_path: Path, private_home: Path) -> None:
    cron = PrivateCron(tmp_path / "cron")
    home = private_home / "it's 100% $HOME é"
    environment = {"HFSR_HOME": str(home)}
    log, last = home / "state" / "logs" / "cleanup.log", home / "state" / "cron" / "last-run.json"
    cron.put(USERS)
    scratch = leave_scratch_folder(home)
    installed = cron.hfsr("cron", "install", "--schedule", "* * * * *", *AGE, environment=environment)
    assert installed.exit_code == 0, installed.stderr
    assert cron.text == USERS + installed.stdout.encode()
    with cron.daemon():
        wait_for(lambda: last.exists() and json.loads(last.read_text())["status"] != "started", "firing", log, last)
        again = cron.hfsr("cron", "install", "--schedule", "* * * * *", *AGE, environment=environment)
        assert entries_of(cron) == [again.stdout.strip()] == [installed.stdout.strip()]
        shown = cron.hfsr("cron", "show", "--json", environment=environment).json
        removed = cron.hfsr("cron", "remove", environment=environment)
    assert not scratch.exists()
    text = log.read_text()
    assert f" INFO removed scratch folder {scratch} 4 KiB\n" in text
    assert " INFO done: " in text
    assert stat.S_IMODE(log.stat().st_mode) == 0o600
    run = shown["last_run"]
    assert (run["status"], run["error"], run["exit_code"]) == ("ok", None, 0)
    assert run["removed"] >= 1
    assert run["freed_bytes"] >= 4096
    assert (shown["current"], shown["daemon_running"]) == (True, True)
    assert removed.stdout == installed.stdout
    assert cron.text == USERS
    assert not cron.hfsr("cron", "show", "--json", environment=environment).json["installed"]
