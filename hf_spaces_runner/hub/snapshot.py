"""Fetches the source of a Space from the Hub: asks for its commit, checks the list of its files, downloads them all."""

import contextvars
import difflib
import errno
import logging
import shutil
import ssl
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from huggingface_hub import HfApi, close_session, constants, snapshot_download
from huggingface_hub.errors import (
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils.tqdm import tqdm

from hf_spaces_runner.domain.hub_source import HubCommit, HubReference
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.errors import HubError, UnknownSpaceError
from hf_spaces_runner.hub.answers import last_commit, names_of_refs, one_commit, one_id
from hf_spaces_runner.hub.disk import check_room, file_errors
from hf_spaces_runner.hub.hub_errors import ABSENT, HINTS, REFUSED, hub_errors
from hf_spaces_runner.hub.inquiry import Inquiry, take_the_librarys_place
from hf_spaces_runner.hub.line import Line
from hf_spaces_runner.hub.tree import LIBRARYS_FOLDER, RepositoryFile, check_contents, check_files, read_tree_page

_KIND = "space"
_PAGES = 250
"""How many pages the list of files may have; the Hub puts up to 1000 on one."""
_WORKERS = 8
_TELLS_EVERY_S = 0.2
_ENDS_WITHIN_S = 5.0
_RESERVE_BYTES = 256 * 1024**2
_ROOM = "make room (hfsr cleanup), or name another place with HFSR_HOME"
_KEPT = "nothing of it was kept"


class _Inquire(Protocol):
    """Makes an inquiry, as `Hub` does."""

    def __call__(
        self, doing: str, check: Callable[[object], object], *, max_requests: int = ..., follows_pages: bool = ...
    ) -> Inquiry:
        """Return an inquiry that is not open yet. Raises HubError where the Hub is not to be asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceSources:
    """The sources of the Spaces of one Hub. No token is sent.

    Args:
        api: the library's, without a token.
        line: the way to the Hub.
        inquire: makes an inquiry.
    """

    api: HfApi
    line: Line
    inquire: _Inquire

    def commit_of(self, wanted: HubReference) -> HubCommit:
        """Return the commit that a revision is at now; one request.

        Raises:
            UnknownSpaceError: there is no such Space, as far as a stranger is told, or it has no such revision.
            HubError: the Hub did not say.
        """
        inquiry = self.inquire(f"looking up {wanted.hub_id} at {wanted.revision}", one_commit)
        with self._absence(wanted), inquiry.open():
            found = self.api.space_info(wanted.hub_id, revision=wanted.revision, expand=["sha", "lastModified"])
        return HubCommit(
            hub_id=found.id,
            sha=str(found.sha),  # `one_commit` lets nothing pass that has none
            revision=wanted.revision,
            committed_at=_seconds(found.last_modified),
        )

    def date_of(self, commit: HubCommit) -> float | None:
        """Return when `commit` was made, in Unix seconds; what is known of it already where the Hub does not say."""
        doing = f"looking up the date of {commit.sha}"
        with suppress(HubError):
            with self.inquire(doing, last_commit, follows_pages=False).open():
                commits = self.api.list_repo_commits(commit.hub_id, repo_type=_KIND, revision=commit.sha)
            return _seconds(commits[0].created_at)
        return commit.committed_at

    def fetch(
        self, commit: HubCommit, folder: Path, on_progress: ProgressCallback, *, folds_case: bool = False
    ) -> None:
        """Download all files of `commit` into `folder`, which is empty, and see that they are what the commit says.

        `folds_case` says whether the disk takes names for the same that differ in case only.

        Raises:
            UnknownSpaceError: there is no such Space or commit.
            InvalidRegistryError: it is too much, or a name is not safe; nothing was downloaded.
            NoSpaceLeftError: the disk has no room for it.
            HubError: the Hub did not give all of it.
        """
        doing = f"fetching {commit.hub_id} at {commit.sha[:8]}"
        files: list[RepositoryFile] = []

        def check(answer: object) -> object:
            items, found = read_tree_page(answer)
            files.extend(file for file in found if not file.name.startswith(LIBRARYS_FOLDER))
            check_room(
                folder,
                check_files(doing, files, folds_case=folds_case),
                what="the source",
                room=_ROOM,
                reserve_bytes=_RESERVE_BYTES,
            )
            return items

        told = _Told(message=doing, files=files)
        inquiry = self.inquire(doing, check, max_requests=_PAGES)
        logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it warns of downloads without a token
        take_the_librarys_place(self.line.trust if isinstance(self.line.trust, ssl.SSLContext) else None)
        with (
            self._absence(commit.reference),
            file_errors(doing, room=_ROOM, kept=_KEPT),
            hub_errors(doing, self.line.host),
            _without_xet(),
        ):
            _in_a_thread(lambda: self._download(commit, folder, inquiry, told.bar), told, on_progress)
        shutil.rmtree(folder / ".cache" / "huggingface", ignore_errors=True)
        with suppress(OSError):  # the Space has files of its own there
            (folder / ".cache").rmdir()
        with file_errors(doing, room=_ROOM, kept=_KEPT):
            check_contents(doing, folder, files)
            _mark_scripts(folder, files)
        on_progress(told.progress(done=True))

    def _download(self, commit: HubCommit, folder: Path, inquiry: Inquiry, bar: type[Any]) -> None:
        # The list of files is asked for in this thread, so in the inquiry; each file in one of the library's threads.
        with inquiry.open():
            try:
                snapshot_download(
                    commit.hub_id,
                    repo_type=_KIND,
                    revision=commit.sha,
                    local_dir=folder,
                    cache_dir=folder / LIBRARYS_FOLDER,
                    endpoint=self.api.endpoint,
                    token=False,
                    ignore_patterns=[f"{LIBRARYS_FOLDER}*"],
                    max_workers=_WORKERS,
                    tqdm_class=bar,
                )
            except LocalEntryNotFoundError as error:
                # It stands for what was wrong with the connection.
                raise (error.__cause__ if isinstance(error.__cause__, Exception) else error) from error

    @contextmanager
    def _absence(self, wanted: HubReference) -> Iterator[None]:
        """Say of what the Hub does not have what it has instead."""
        try:
            yield
        except HubError as error:
            if error.verdict == REFUSED:
                error.hint = _PRIVATE
            if isinstance(error.__cause__, RevisionNotFoundError):
                raise self._no_revision(wanted) from error
            if error.verdict == ABSENT and isinstance(error.__cause__, (RepositoryNotFoundError, HFValidationError)):
                raise self._no_space(wanted.hub_id) from error
            raise

    def _no_revision(self, wanted: HubReference) -> UnknownSpaceError:
        names: list[str] = []
        with suppress(HubError):
            with self.inquire(f"listing the revisions of {wanted.hub_id}", names_of_refs).open():
                refs = self.api.list_repo_refs(wanted.hub_id, repo_type=_KIND)
            names = [ref.name for ref in (*refs.branches, *refs.tags)]
        near = ", ".join(difflib.get_close_matches(wanted.revision, names, n=3) or names[:3])
        return UnknownSpaceError(
            f"{wanted.hub_id} has no revision {wanted.revision}{f'; nearest: {near}' if near else ''}",
            hint="name a branch, a tag, or all 40 characters of a commit",
        )

    def _no_space(self, hub_id: str) -> UnknownSpaceError:
        asked: tuple[tuple[str, Callable[..., object]], ...] = (
            ("model", self.api.model_info),
            ("dataset", self.api.dataset_info),
        )
        for kind, ask in asked:
            with suppress(HubError):
                with self.inquire(f"looking up the {kind} {hub_id}", one_id).open():
                    ask(hub_id, expand=["sha"])
                return UnknownSpaceError(
                    f"{hub_id} is a {kind} on the Hub, and no Space is called so",
                    hint="name a Space: https://huggingface.co/spaces shows them",
                )
        return UnknownSpaceError(f"the Hub has no Space {hub_id}, or none for strangers", hint=HINTS[ABSENT])


_PRIVATE = (
    "it may be private, gated, or not exist: the Hub tells strangers no more, and no token is sent to it;"
    " git clone it yourself, and name the folder"
)


class _Told:
    """How far a download is; written by the library's threads, told by ours."""

    def __init__(self, *, message: str, files: Sequence[RepositoryFile]) -> None:
        self._message = message
        self._files = files
        self._done_files = 0
        self._done_bytes = 0
        self.ends = False

    def progress(self, *, done: bool = False) -> Progress:
        count, total = len(self._files), sum(file.size_bytes for file in self._files)
        here, here_bytes = (count, total) if done else (self._done_files, min(self._done_bytes, total))
        return Progress(
            phase=Phase.PULL,
            message=f"{self._message}: {here} of {count} files" if count else self._message,
            completed=here_bytes,
            total=total or None,
            unit="bytes",
            done=done,
        )

    @property
    def bar(self) -> type[Any]:
        """The library's bar, which draws nothing: one of them counts the bytes, another without a name the files."""
        told = self

        class _Bar(tqdm):
            def __init__(self, *arguments: object, **options: Any) -> None:  # noqa: ANN401 - whatever the library gives a bar
                self._counts = options.pop("name", "") or ""
                super().__init__(*arguments, **{**options, "disable": True})  # type: ignore[no-untyped-call]

            def update(self, n: float | None = 1) -> None:
                if told.ends:
                    raise InterruptedError(errno.EINTR, "interrupted")
                if not self._counts:
                    told._done_files += int(n or 0)
                elif not self._counts.endswith("transfer"):
                    told._done_bytes += int(n or 0)

        return _Bar


def _in_a_thread(work: Callable[[], None], told: _Told, on_progress: ProgressCallback) -> None:
    """Do `work` in a thread, and tell in this one how it goes on: an interrupt then ends it without a long wait."""
    pool = ThreadPoolExecutor(1, thread_name_prefix="hfsr-fetch")
    future = pool.submit(contextvars.copy_context().run, work)
    try:
        while not wait((future,), _TELLS_EVERY_S).done:
            on_progress(told.progress())
        future.result()
    except BaseException:
        told.ends = True
        close_session()  # reads that wait end, and the next step of each download finds `ends`
        wait((future,), _ENDS_WITHIN_S)
        raise
    finally:
        pool.shutdown(wait=False)


@contextmanager
def _without_xet() -> Iterator[None]:
    """Have large files come over HTTP: the client of Xet keeps what it fetches, and logs, in the user's own cache."""
    was = constants.HF_HUB_DISABLE_XET
    constants.HF_HUB_DISABLE_XET = True
    try:
        yield
    finally:
        constants.HF_HUB_DISABLE_XET = was


def _mark_scripts(folder: Path, files: Sequence[RepositoryFile]) -> None:
    """Let files that begin with `#!` be executed, as in a clone: the Hub does not say which of them may be."""
    for file in files:
        path = folder / file.name
        with path.open("rb") as opened:
            if opened.read(2) == b"#!":
                path.chmod(0o755)


def _seconds(date: datetime | None) -> float | None:
    return None if date is None else date.timestamp()
