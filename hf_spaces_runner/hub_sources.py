"""Has the source of a Space of the Hub on this machine, by its commit: what is here is not fetched again."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.domain.hub_source import PUBLIC_HUB, FetchedSource, HubCommit, HubReference
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.errors import HubError, UnknownSpaceError
from hf_spaces_runner.images.lock import image_lock
from hf_spaces_runner.orchestrator.scratch import scratch_directory
from hf_spaces_runner.orchestrator.state_folder import make_state_folder, state_errors

if TYPE_CHECKING:
    from hf_spaces_runner.hub.snapshot import SpaceSources

_HASH_LENGTH = 8
_REVISIONS = "revisions.json"
_NO_ANSWER = frozenset({"hub_unreachable", "hub_rate_limited"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptSource:
    """One commit that is here: `used_at` in Unix seconds."""

    name: str
    folder: Path
    used_at: float
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSources:
    """The sources that were fetched from one Hub.

    Below `folder` each Space has a folder with a folder for each commit, `SHA.json` beside it with what is known of
    that commit, and `revisions.json` with the commits that branches and tags were at when last asked.

    Args:
        folder: where they are kept.
        locks: where lock files lie.
        scratch: where a download goes until it is whole; on the disk of `folder`.
        endpoint: the Hub's address.
        hub: returns the sources of the Hub; called where it is to be asked.
        on_note: told what takes a while, and what was found out by the way.
        on_progress: called with each step of a download.
    """

    folder: Path
    locks: Path
    scratch: Path
    endpoint: str
    hub: "Callable[[], SpaceSources]"
    on_note: Callable[[str], None]
    on_progress: ProgressCallback = ignore_progress

    def find(self, wanted: HubReference, *, asks_hub: bool) -> FetchedSource:
        """Return the source that `wanted` names, fetched now if it is not here.

        Without `asks_hub`, and where the Hub does not answer, a branch is at the commit that it was at last.

        Raises:
            UnknownSpaceError: the Hub has no such Space or revision, or it is not here and the Hub is not to be asked.
            InvalidRegistryError: there is too much of it, or it has names that are not safe.
            NoSpaceLeftError: the disk has no room for it.
            HubError: the Hub did not say, or did not give all of it.
        """
        commit = self._commit(wanted, asks_hub=asks_hub)
        place = self._place(commit.hub_id) / commit.sha
        if not place.is_dir():
            if not asks_hub:
                raise _not_here(wanted)
            commit = self._fetch(commit, place)
        facts = place.with_suffix(".json")
        with suppress(OSError):
            os.utime(facts)  # when it was last used
        return FetchedSource(commit=_with_facts(commit, _read(facts)), folder=place)

    def _commit(self, wanted: HubReference, *, asks_hub: bool) -> HubCommit:
        if wanted.is_pinned:
            return HubCommit(hub_id=wanted.hub_id, sha=wanted.revision, revision=wanted.revision)
        if not asks_hub:
            known = self._last_known(wanted)
            if known is None:
                raise _not_here(wanted)
            return known
        try:
            commit = self.hub().commit_of(wanted)
        except HubError as error:
            known = self._last_known(wanted) if error.verdict in _NO_ANSWER else None
            if known is None:
                raise
            self.on_note(f"{error.message}. {wanted.hub_id} is taken as it was last, at {known.sha[:8]}.")
            return known
        if commit.hub_id.lower() != wanted.hub_id.lower():
            self.on_note(f"{wanted.hub_id} is called {commit.hub_id} on the Hub now.")
        self._note(wanted, commit)
        return commit

    def _fetch(self, commit: HubCommit, place: Path) -> HubCommit:
        make_state_folder(place.parent)
        said = f"Another hfsr fetches {commit.hub_id}; waiting for it."
        with image_lock(self.locks, f"source {place}", lambda: self.on_note(said)):
            if place.is_dir():  # another process fetched it
                return commit
            hub = self.hub()
            with scratch_directory(self.scratch, f"source-{token_hex(4)}") as scratch, state_errors(place.parent):
                whole = scratch / "source"
                whole.mkdir()
                hub.fetch(commit, whole, self.on_progress, folds_case=(scratch / "SOURCE").is_dir())
                commit = replace(commit, committed_at=hub.date_of(commit))
                facts = {
                    "hub_id": commit.hub_id,
                    "sha": commit.sha,
                    "committed_at": commit.committed_at,
                    "fetched_at": time.time(),
                    "size_bytes": _size_of(whole),
                    "endpoint": self.endpoint,
                }
                _write(place.with_suffix(".json"), facts, scratch)
                whole.rename(place)
        return commit

    def _place(self, hub_id: str) -> Path:
        # The Hub's names have no `--` in them, and do not differ in case only.
        name = hub_id.lower().replace("/", "--")
        if self.endpoint != PUBLIC_HUB:  # which may have other files for the same name
            name += f"--{hashlib.sha256(self.endpoint.encode()).hexdigest()[:_HASH_LENGTH]}"
        return self.folder / name

    def _last_known(self, wanted: HubReference) -> HubCommit | None:
        known = _read(self._place(wanted.hub_id) / _REVISIONS).get(wanted.revision)
        if not isinstance(known, dict) or not isinstance(known.get("sha"), str):
            return None
        # Under the id that it had when it was fetched, where it was renamed.
        commit = HubCommit(hub_id=str(known.get("hub_id")), sha=known["sha"], revision=wanted.revision)
        return commit if (self._place(commit.hub_id) / commit.sha).is_dir() else None

    def _note(self, wanted: HubReference, commit: HubCommit) -> None:
        file = self._place(wanted.hub_id) / _REVISIONS
        noted = {"hub_id": commit.hub_id, "sha": commit.sha}
        known = _read(file)
        if known.get(wanted.revision) == noted:
            return
        make_state_folder(file.parent)
        with scratch_directory(self.scratch, f"source-{token_hex(4)}") as scratch, state_errors(file.parent):
            _write(file, {**known, wanted.revision: noted}, scratch)


def kept_sources(folder: Path) -> Iterator[KeptSource]:
    """Yield the commits that are below `folder`, of all Hubs, the least recently used ones as well."""
    for facts in sorted(folder.glob("*/*.json")):
        place = facts.with_suffix("")
        if facts.name == _REVISIONS or not place.is_dir():
            continue
        known = _read(facts)
        size = known.get("size_bytes")
        with suppress(OSError):  # somebody else removes it
            yield KeptSource(
                name=f"{known.get('hub_id') or place.parent.name} at {place.name[:_HASH_LENGTH]}",
                folder=place,
                used_at=facts.stat().st_mtime,
                size_bytes=size if isinstance(size, int) else 0,
            )


def remove_source(place: Path) -> None:
    """Remove the commit in the folder `place`; it is no error if it is gone already."""
    with suppress(OSError):  # a half of it would be taken for all: it goes under another name first
        going = place.with_name(f"{place.name}.going")
        place.rename(going)
        shutil.rmtree(going, ignore_errors=True)
    place.with_suffix(".json").unlink(missing_ok=True)
    with suppress(OSError):
        place.parent.rmdir()


def _with_facts(commit: HubCommit, facts: dict[str, Any]) -> HubCommit:
    hub_id, date = facts.get("hub_id"), facts.get("committed_at")
    return replace(
        commit,
        hub_id=hub_id if isinstance(hub_id, str) else commit.hub_id,
        committed_at=float(date) if isinstance(date, int | float) else commit.committed_at,
    )


def _read(file: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError, RecursionError):  # not there, or not written by us: nothing is known
        known = json.loads(file.read_text(encoding="utf-8"))
        if isinstance(known, dict):
            return known
    return {}


def _write(file: Path, content: dict[str, Any], scratch: Path) -> None:
    half = scratch / file.name
    half.write_text(json.dumps(content), encoding="utf-8")
    half.replace(file)


def _size_of(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _not_here(wanted: HubReference) -> UnknownSpaceError:
    return UnknownSpaceError(
        f"the source of {wanted.hub_id} at {wanted.revision} is not here, and offline, in privacy mode and with --pull"
        " never the Hub is not asked for it",
        hint=f"hfsr pull --from-hub {wanted.hub_id}@{wanted.revision} gets it beforehand",
    )
