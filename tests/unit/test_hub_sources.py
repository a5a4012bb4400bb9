"""Sources of Spaces are fetched over loopback by the Hub's own library, once a commit, whole or not at all."""

import json
import os
import re
import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub import constants

from hf_spaces_runner.domain.hub_source import FetchedSource
from hf_spaces_runner.domain.progress import Progress
from hf_spaces_runner.errors import HubError, InvalidRegistryError, NoSpaceLeftError, RunnerError, UnknownSpaceError
from hf_spaces_runner.hub import snapshot, tree
from hf_spaces_runner.hub.client import Hub
from hf_spaces_runner.hub_sources import HubSources, kept_sources, remove_source
from hf_spaces_runner.registry.hub_source import read_hub_word
from tests.fakes import hub_repository
from tests.fakes.hub_repository import HubRepository
from tests.fakes.hub_server import Fault, HubServer, hub_server

__all__ = ["hub_server"]

pytestmark = pytest.mark.network

README = b"---\nsdk: static\ntitle: Tiny\n---\n"
FILES = {
    "README.md": README,
    "index.html": b"<p>hello</p>",
    "src/start.sh": b"#!/bin/sh\n",
    "a b\u202f\u00e9.txt": b"",
}
MODEL = b"weights" * 100_000


@pytest.fixture
def repository(hub_server: HubServer, monkeypatch: pytest.MonkeyPatch) -> HubRepository:
    """Return a Space with one commit."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)  # the library reads its environment when it is loaded
    monkeypatch.setattr("tenacity.nap.time", _NoSleep)
    repository = hub_server.repositories["you/tiny"] = HubRepository("you/tiny")
    repository.commit(FILES, large={"model.bin": MODEL})
    return repository


class _NoSleep:
    """Stands in for the module `time` where the library and tenacity sleep."""

    @staticmethod
    def sleep(_seconds: float) -> None:
        """Return at once."""


@pytest.fixture
def told() -> list[Progress | str]:
    """Return what was told of downloads."""
    return []


@pytest.fixture
def sources(
    hub_server: HubServer,
    repository: HubRepository,  # noqa: ARG001 - it is there
    tmp_path: Path,
    told: list[Progress | str],
) -> Iterator[HubSources]:
    with Hub(hub_server.url, timeout_s=5, sleep=lambda _seconds: None) as hub:
        yield HubSources(
            folder=tmp_path / "sources",
            locks=tmp_path / "locks",
            scratch=tmp_path / "scratch",
            endpoint=hub_server.url,
            hub=lambda: hub.sources,
            on_note=told.append,
            on_progress=told.append,
        )
    huggingface_hub.close_session()


def find(sources: HubSources, word: str = "you/tiny", *, asks_hub: bool = True) -> FetchedSource:
    return sources.find(read_hub_word(word), asks_hub=asks_hub)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_all_files_are_there_as_they_are_and_nothing_else(
    sources: HubSources, repository: HubRepository, told: list[Progress | str], hub_server: HubServer
) -> None:
    found = find(sources)
    assert contents(found.folder) == {**FILES, "model.bin": MODEL}
    assert not any(path.is_symlink() for path in found.folder.rglob("*"))
    assert {path.name for path in found.folder.iterdir()} == {*(name.partition("/")[0] for name in FILES), "model.bin"}
    assert (found.commit.hub_id, found.commit.sha, found.commit.revision) == (
        "you/tiny",
        repository.branches["main"],
        "main",
    )
    assert found.commit.committed_at == 1709287200.0  # 2024-03-01T10:00:00Z
    assert stat.S_IMODE((found.folder / "src/start.sh").stat().st_mode) & stat.S_IXUSR
    assert not stat.S_IMODE((found.folder / "index.html").stat().st_mode) & stat.S_IXUSR
    progress = [one for one in told if isinstance(one, Progress)]
    size = sum(map(len, FILES.values())) + len(MODEL)
    assert (progress[-1].done, progress[-1].completed, progress[-1].total) == (True, size, size)
    assert "5 of 5 files" in progress[-1].message
    assert all("authorization" not in seen.headers for seen in hub_server.requests)


def test_no_saved_login_is_used(
    sources: HubSources, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch, private_home: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    (private_home / "token").write_text("hf_secret")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(private_home / "token"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(private_home / "hub"))
    find(sources)
    assert [seen for seen in hub_server.requests if "hf_secret" in str(seen)] == []
    assert not (private_home / "hub").exists()


def test_the_same_commit_is_not_fetched_again(sources: HubSources, hub_server: HubServer) -> None:
    first = find(sources)
    hub_server.requests.clear()
    assert find(sources) == first
    assert hub_server.paths == ["/api/spaces/you/tiny/revision/main"]
    hub_server.requests.clear()
    pinned = find(sources, f"you/tiny@{first.commit.sha}")
    assert (pinned.folder, pinned.commit.committed_at) == (first.folder, first.commit.committed_at)
    assert hub_server.paths == []


def test_a_new_commit_is_fetched_beside_the_old_one(sources: HubSources, repository: HubRepository) -> None:
    old = find(sources)
    repository.commit({"README.md": README, "index.html": b"new"}, date="2025-01-01T00:00:00.000Z")
    new = find(sources)
    assert contents(new.folder)["index.html"] == b"new"
    assert "model.bin" not in contents(new.folder)
    assert (old.folder / "model.bin").exists()


def test_a_branch_with_a_slash_and_a_tag_are_revisions(sources: HubSources, repository: HubRepository) -> None:
    sha = repository.commit({"README.md": README}, branch="feature/x")
    repository.tags["v1"] = sha
    assert find(sources, "you/tiny@feature/x").commit.sha == sha
    assert find(sources, "you/tiny@v1").commit.sha == sha


def test_offline_what_is_here_is_used(sources: HubSources, repository: HubRepository, hub_server: HubServer) -> None:
    with pytest.raises(UnknownSpaceError, match="is not here") as caught:
        find(sources, asks_hub=False)
    assert caught.value.hint == "hfsr pull --from-hub you/tiny@main gets it beforehand"
    first = find(sources)
    hub_server.requests.clear()
    repository.commit({"README.md": README})
    assert find(sources, asks_hub=False).folder == first.folder
    assert find(sources, f"you/tiny@{first.commit.sha}", asks_hub=False).folder == first.folder
    with pytest.raises(UnknownSpaceError):
        find(sources, "you/tiny@dev", asks_hub=False)
    assert hub_server.paths == []


def test_a_hub_that_does_not_answer_means_the_commit_of_last_time(
    sources: HubSources, hub_server: HubServer, told: list[Progress | str]
) -> None:
    first = find(sources)
    hub_server.fail(Fault(broken=True), times=10)
    assert find(sources).folder == first.folder
    assert any(isinstance(one, str) and "taken as it was last" in one for one in told)


def test_a_hub_that_never_answered_is_an_error(sources: HubSources, hub_server: HubServer) -> None:
    hub_server.fail(Fault(broken=True), times=10)
    with pytest.raises(HubError) as caught:
        find(sources)
    assert caught.value.verdict == "hub_unreachable"


@pytest.mark.parametrize(
    "item",
    [
        {"path": "../evil"},
        {"path": "/etc/evil"},
        {"path": "a/../../evil"},
        {"path": "a//b"},
        {"path": "line\nbreak"},
        {"path": "x" * 256},
        {"path": ".git/config"},
        {"path": "a/.GIT/hooks/x"},
        {"path": "half\ud800"},
        {"path": "index.html"},  # twice
    ],
)
def test_names_that_are_not_safe_are_refused_before_anything_is_downloaded(
    sources: HubSources, repository: HubRepository, hub_server: HubServer, item: dict[str, object]
) -> None:
    repository.extra_items = [{"type": "file", "oid": "0" * 40, "size": 1, **item}]
    with pytest.raises(InvalidRegistryError, match="was not begun"):
        find(sources)
    assert not any("/resolve/" in path for path in hub_server.paths)
    assert list(kept_sources(sources.folder)) == []


def test_names_of_one_case_are_refused_only_where_the_disk_takes_them_for_one() -> None:
    files = [tree.RepositoryFile(name=name, size_bytes=1, oid="0" * 40) for name in ("A.png", "a.png")]
    assert tree.check_files("fetching", files, folds_case=False) == 2
    with pytest.raises(InvalidRegistryError, match="one name on this disk"):
        tree.check_files("fetching", files, folds_case=True)


@pytest.mark.parametrize(
    ("name", "limit"), [("MAX_SOURCE_BYTES", 1000), ("MAX_SOURCE_FILES", 3)], ids=["bytes", "files"]
)
def test_too_much_is_refused_before_anything_is_downloaded(
    sources: HubSources, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch, name: str, limit: int
) -> None:
    monkeypatch.setattr(tree, name, limit)
    with pytest.raises(InvalidRegistryError, match="no source of a Space may have more"):
        find(sources)
    assert not any("/resolve/" in path for path in hub_server.paths)


def test_a_disk_without_room_is_told_before_anything_is_downloaded(
    sources: HubSources, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_RESERVE_BYTES", 10**18)
    with pytest.raises(NoSpaceLeftError, match="are free"):
        find(sources)
    assert not any("/resolve/" in path for path in hub_server.paths)


@pytest.mark.parametrize(
    "items", [["x"], [{"type": "file"}], [{"type": "file", "path": "x", "size": -1, "oid": "0" * 40}]]
)
def test_a_list_that_is_none_is_not_taken_for_a_whole_one(
    sources: HubSources, repository: HubRepository, items: list[object]
) -> None:
    repository.extra_items = items
    with pytest.raises(HubError) as caught:
        find(sources)
    assert caught.value.verdict == "hub_nonsense"


def test_a_file_that_is_not_what_the_commit_says_is_not_used(sources: HubSources, repository: HubRepository) -> None:
    repository.lies = {"index.html"}
    with pytest.raises(HubError, match="is not what the commit says"):
        find(sources)
    assert list(kept_sources(sources.folder)) == []
    assert list(sources.scratch.iterdir()) == []
    repository.lies = set()
    assert contents(find(sources).folder)["index.html"] == FILES["index.html"]


def test_a_download_that_breaks_off_is_never_used(
    sources: HubSources, repository: HubRepository, hub_server: HubServer
) -> None:
    sha = repository.branches["main"]
    absent = Fault(status=404, headers={"X-Error-Code": "EntryNotFound"})
    hub_server.faults[f"/spaces/you/tiny/resolve/{sha}/index.html"] = absent
    with pytest.raises(HubError):
        find(sources)
    with pytest.raises(UnknownSpaceError):
        find(sources, asks_hub=False)
    assert list(sources.scratch.iterdir()) == []
    hub_server.faults.clear()
    assert contents(find(sources).folder) == {**FILES, "model.bin": MODEL}


def test_a_list_of_files_may_have_several_pages(
    sources: HubSources, repository: HubRepository, hub_server: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_repository, "PAGE", 3)
    files = {"README.md": README, **{f"data/{number}.txt": b"" for number in range(7)}}
    repository.commit(files)
    assert contents(find(sources).folder) == files
    assert sum("/tree/" in path for path in hub_server.paths) == 3


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("you/none", "the Hub has no Space you/none"),
        ("you/model", "you/model is a model on the Hub"),
        ("you/data", "you/data is a dataset on the Hub"),
        ("you/tiny@mian", "you/tiny has no revision mian; nearest: main"),
        (f"you/tiny@{'0' * 40}", f"you/tiny has no revision {'0' * 40}; nearest: main"),
    ],
)
def test_what_the_hub_does_not_have(sources: HubSources, hub_server: HubServer, word: str, message: str) -> None:
    hub_server.models["you/model"] = None
    hub_server.datasets.add("you/data")
    with pytest.raises(UnknownSpaceError, match=re.escape(message)):
        find(sources, word)


def test_a_gated_space_says_what_to_do_instead(sources: HubSources, repository: HubRepository) -> None:
    repository.gated = True
    with pytest.raises(HubError, match="403") as caught:
        find(sources)
    assert "git clone it yourself" in str(caught.value.hint)


def test_a_private_space_looks_as_if_there_were_none(sources: HubSources, repository: HubRepository) -> None:
    repository.private = True
    with pytest.raises(UnknownSpaceError, match="or none for strangers"):
        find(sources)


def test_a_hub_that_does_not_say_when_a_commit_was_made(sources: HubSources, repository: HubRepository) -> None:
    repository.has_no_dates = True
    assert find(sources).commit.committed_at is None


def test_two_at_once_fetch_once(sources: HubSources, hub_server: HubServer) -> None:
    barrier = threading.Barrier(2)

    def fetch(_number: int) -> FetchedSource:
        barrier.wait()
        return find(sources)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(fetch, range(2))
    assert first == second
    assert sum("/tree/" in path for path in hub_server.paths) == 1


def test_an_interrupt_ends_a_download_and_leaves_nothing(
    sources: HubSources, repository: HubRepository, hub_server: HubServer
) -> None:
    sha = repository.branches["main"]
    hub_server.faults[f"/spaces/you/tiny/resolve/{sha}/index.html"] = Fault(slow=True)

    def interrupt(_progress: Progress) -> None:
        if any("index.html" in path for path in hub_server.paths):
            hub_server.over.set()
            raise KeyboardInterrupt

    commit = sources.hub().commit_of(read_hub_word("you/tiny"))
    folder = sources.folder / "x"
    folder.mkdir(parents=True)
    with pytest.raises(KeyboardInterrupt):
        sources.hub().fetch(commit, folder, interrupt)
    assert constants.HF_HUB_DISABLE_XET is False


def test_what_is_kept_can_be_counted_and_removed(sources: HubSources) -> None:
    found = find(sources)
    os.utime(found.folder.with_suffix(".json"), (5, 5))
    (kept,) = kept_sources(sources.folder)
    size = sum(map(len, FILES.values())) + len(MODEL)
    assert (kept.folder, kept.used_at, kept.size_bytes) == (found.folder, 5, size)
    assert kept.name == f"you/tiny at {found.commit.sha[:8]}"
    find(sources)
    assert next(kept_sources(sources.folder)).used_at > 5
    remove_source(kept.folder)
    remove_source(kept.folder)
    assert list(kept_sources(sources.folder)) == []
    assert not found.folder.exists()
    assert find(sources).folder == found.folder


def test_notes_that_are_broken_mean_nothing(sources: HubSources) -> None:
    found = find(sources)
    (found.folder.parent / "revisions.json").write_text("[")
    found.folder.with_suffix(".json").write_text(json.dumps({"committed_at": "x"}))
    with pytest.raises(RunnerError):
        find(sources, asks_hub=False)
    assert find(sources).folder == found.folder
