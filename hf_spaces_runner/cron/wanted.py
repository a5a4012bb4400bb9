"""Says what the entry in the crontab must be for this installation, so that cron finds what this shell has."""

import os
import pwd
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.planning.crontab import FIRE, entry_line
from hf_spaces_runner.settings import PREFIX, Places

HOME_VARIABLE = f"{PREFIX}HOME"
_CLEAN_UP_SETTINGS = (f"{PREFIX}CACHE_QUOTA", f"{PREFIX}IMAGES_OLDER_THAN")
_ENGINE_VARIABLES = ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY")
_ENGINE_FOLDERS = ("DOCKER_CONFIG", "DOCKER_CERT_PATH")
_STATE_FOLDERS = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")


def wanted_line(environment: Mapping[str, str], places: Places, schedule: str, options: Sequence[str]) -> str:
    """Return the line that cleans up with `options` at each `schedule`, as if called with `environment`.

    cron gives a command hardly any variables, and the user's home as its directory.

    Raises:
        UsageError: a path of this installation cannot stand in a crontab.
        RunnerError: nobody knows the Python that runs this.
    """
    if not sys.executable:
        raise RunnerError("this Python does not know its own path, so cron cannot be told it", verdict="crontab")
    # -P: a folder of our name in the user's home is not taken for the package.
    words = (str(Path(sys.executable).absolute()), "-P", "-m", "hf_spaces_runner", *FIRE, *options)
    return entry_line(schedule, words, _variables(environment, places))


def _variables(environment: Mapping[str, str], places: Places) -> dict[str, str]:
    given = {name: value for name, value in environment.items() if value}
    carried = {name: given[name] for name in (*_CLEAN_UP_SETTINGS, *_ENGINE_VARIABLES) if name in given}
    folders = [*_ENGINE_FOLDERS]
    if HOME_VARIABLE in given:
        carried[HOME_VARIABLE] = str(places.state.parent)
    else:
        folders += _STATE_FOLDERS
    if given.get("HOME") != _home_by_cron():  # sudo, say, with the home of somebody else
        folders.append("HOME")
    carried.update({name: str(Path(given[name]).absolute()) for name in folders if name in given})
    return dict(sorted(carried.items()))


def _home_by_cron() -> str | None:
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a user without an entry, whom crontab(1) will refuse
        return None
