"""Keeps what a registry file was read into, so that YAML is read and checked again only when the file has changed."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from hf_spaces_runner import __version__
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.registry.registry import Registry


class Snapshots:
    """Snapshots of registry files in a folder of ours; one that cannot be read or written is simply not there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, path: Path) -> Registry | None:
        """Return what the file at `path` was read into, if it is the same file still."""
        with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            content = json.loads(self._file(path).read_text(encoding="utf-8"))
            if content["of"] == _fingerprint(path):
                return Registry(
                    spaces={key: _to_space(fields) for key, fields in content["spaces"].items()},
                    categories={category: tuple(ids) for category, ids in content["categories"].items()},
                )
        return None

    def keep(self, path: Path, fingerprint: object, registry: Registry) -> None:
        """Remember that the file at `path`, when it was as `fingerprint` says, was read into `registry`."""
        content = {
            "of": fingerprint,
            "spaces": {key: asdict(space) for key, space in registry.spaces.items()},
            "categories": registry.categories,
        }
        file = self._file(path)
        half = file.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            half.write_text(json.dumps(content, default=os.fspath), encoding="utf-8")
            half.replace(file)

    def fingerprint(self, path: Path) -> object:
        """Return what changes whenever the file at `path` does; None where there is no such file."""
        with suppress(OSError):
            return _fingerprint(path)
        return None

    def _file(self, path: Path) -> Path:
        return self._folder / f"{sha256(os.fsencode(path.absolute())).hexdigest()[:32]}.json"


def _fingerprint(path: Path) -> list[object]:
    # As git's index does; the version stands for the code that reads the file.
    status = path.stat()
    return [__version__, str(path.absolute()), status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino]


def _to_space(fields: dict[str, Any]) -> Space:
    space = Space(**{**fields, "sdk": Sdk(fields["sdk"]), "cap_add": tuple(fields["cap_add"])})
    return replace(space, source=None if space.source is None else Path(space.source))
