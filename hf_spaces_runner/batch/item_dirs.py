"""Gives each item of a batch a folder of its own, with all that is known of it."""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.batch.folder import BatchFolder
from hf_spaces_runner.batch.item_json import files_of_body, item_line
from hf_spaces_runner.domain.disk_errors import disk_errors
from hf_spaces_runner.domain.item import Item
from hf_spaces_runner.domain.safe_name import safe_name, unique_name

_HINT = "name another folder with -o, or leave out --item-dirs"
_OURS = ("request.json", "result.json", "container.log", "state.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What the container showed during the call: the lines of its log, safe to print, and how it stands or ended."""

    log: str | None = None
    state: Mapping[str, object] | None = None


class ItemFolders:
    """The folders of the items in `folder`: `items/000012-name`, by index and id.

    They repeat what results.jsonl and `files/` say: output files are links to those, or copies where links cannot be
    made. Each folder appears whole or not at all, in the place of the one that an earlier run wrote for this item.

    Raises, from every method:
        UsageError: a folder cannot be written.
        NoSpaceLeftError: the disk is full.
    """

    def __init__(self, folder: BatchFolder) -> None:
        self._folder = folder

    def path_of(self, item: Item) -> Path:
        """Return where the folder of `item` is."""
        return self._folder.items / f"{item.index:06d}-{safe_name(item.id, 'item')}"

    def write(self, item: Item, body: bytes, traces: Traces | None = None) -> None:
        """Write the folder of `item`, which ended with `body` (see `item_body`).

        Without `traces` an earlier run finished it: if the folder says the same already, it is left as it is.
        """
        target = self.path_of(item)
        line = item_line(item, body)
        with disk_errors(target, _HINT):
            if traces is None and _says(target / "result.json", line):
                return
            self._folder.items.mkdir(exist_ok=True)
            half = Path(tempfile.mkdtemp(dir=self._folder.items, prefix=".half-"))
            try:
                half.chmod(0o755)
                self._fill(half, item, body, traces or Traces())
                _replace(target, half)
            except BaseException:
                shutil.rmtree(half, ignore_errors=True)
                raise

    def sweep(self) -> None:
        """Remove what a killed run left half-written."""
        for half in self._folder.items.glob(".half-*"):
            shutil.rmtree(half, ignore_errors=True)

    def _fill(self, half: Path, item: Item, body: bytes, traces: Traces) -> None:
        (half / "request.json").write_text(_request(item), encoding="utf-8")
        (half / "result.json").write_bytes(item_line(item, body))
        if traces.log is not None:
            (half / "container.log").write_bytes(traces.log.encode(errors="replace"))
        if traces.state is not None:
            (half / "state.json").write_text(json.dumps(traces.state, indent=2, default=str) + "\n", encoding="utf-8")
        taken = {name.casefold() for name in _OURS}
        for path, _ in files_of_body(body):
            source = self._folder.root / path
            name = unique_name(safe_name(source.name, "file"), taken)
            taken.add(name.casefold())
            with suppress(FileNotFoundError):  # removed since, and the result still says what it was
                _link(source, half / name)


def _request(item: Item) -> str:
    inputs = [
        {"name": given.name, "value": given.value, "path": None if given.path is None else str(given.path)}
        for given in item.inputs
    ]
    said = {"index": item.index, "id": item.id, "source": item.source, "prompt": item.prompt, "inputs": inputs}
    return json.dumps({**said, "fault": item.fault}, indent=2, default=str) + "\n"


def _says(file: Path, line: bytes) -> bool:
    try:
        return file.read_bytes() == line
    except OSError:
        return False


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target, follow_symlinks=False)
    except FileNotFoundError:
        raise
    except OSError:  # a file system without links
        shutil.copyfile(source, target, follow_symlinks=False)


def _replace(target: Path, half: Path) -> None:
    """Put `half` where `target` is; a folder with something in it cannot be renamed over."""
    try:
        half.rename(target)
    except OSError:
        if not target.is_dir() or target.is_symlink():
            raise
        old = half.with_name(f"{half.name}-old")
        target.rename(old)
        half.rename(target)
        shutil.rmtree(old, ignore_errors=True)
