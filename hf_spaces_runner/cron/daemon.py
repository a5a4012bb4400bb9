"""Looks whether anything on this machine would fire the crontab's entries."""

import sys

_NAMES = frozenset({"cron", "crond"})


def is_daemon_running() -> bool | None:
    """Return whether a cron daemon runs here; None where the system starts it when there is something to do."""
    if sys.platform != "linux":
        return None
    import psutil  # noqa: PLC0415 - it takes a while, and a firing needs none

    return any(process.info["name"] in _NAMES for process in psutil.process_iter(["name"]))
