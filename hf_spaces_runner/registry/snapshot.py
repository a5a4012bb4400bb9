"""Keeps what a text was read into, so that YAML is read and checked again only when the text has changed."""

import json
import os
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from hf_spaces_runner import __version__


class Snapshots:
    """Values in a folder of ours, each with what it was made of; one that cannot be read or written is not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str, made_of: object) -> object | None:
        """Return the value that was kept under `name` if it was made of the same `made_of`, by the same version."""
        with suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
            content = json.loads(self._file(name).read_text(encoding="utf-8"))
            if content["made_of"] == [__version__, made_of]:
                value: object = content["value"]
                return value
        return None

    def keep(self, name: str, made_of: object, value: object) -> None:
        """Keep `value`, which is JSON but for paths, under `name`."""
        file = self._file(name)
        half = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = {"made_of": [__version__, made_of], "value": value}
            half.write_text(json.dumps(content, default=os.fspath), encoding="utf-8")
            half.replace(file)

    def _file(self, name: str) -> Path:
        return self._folder / f"{sha256(os.fsencode(name)).hexdigest()[:32]}.json"


def fingerprint(path: Path) -> list[int]:
    """Return what changes whenever the file at `path` does, as git's index has it; empty where there is none."""
    with suppress(OSError):
        status = path.stat()
        return [status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]
    return []
