"""When the last commit was made: as git itself says, however it keeps it; what is broken or hostile has no date."""

import os
import shutil
import subprocess
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hf_spaces_runner.domain.hub_source import HubCommit
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.last_commit import last_commit_of, read_last_commit

FIRST, LAST = 1_600_000_000, 1_688_212_800
LAST_COMMIT = datetime(2023, 7, 1, 12, tzinfo=UTC)


def git(root: Path, *words: str, at: int = LAST) -> str:
    # The zone is another one than UTC, and the author's date another one than the committer's.
    dates = {"GIT_COMMITTER_DATE": f"{at} +0530", "GIT_AUTHOR_DATE": "1500000000 +0000"}
    names = {f"GIT_{who}_{what}": "A > <b> x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    settings_of = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-C", str(root), *words]
    environment = {**os.environ, **dates, **names, **settings_of}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout with two commits, the second of which says in its text that it is another one."""
    folder = tmp_path / "space"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first", at=FIRST)
    git(folder, "commit", "-q", "--allow-empty", "-m", f"committer X <x> {FIRST} +0000\n\ncommitter X <x> 1 +0000")
    return folder


def test_loose(checkout: Path) -> None:
    assert read_last_commit(checkout) == LAST_COMMIT


def test_packed_with_packed_refs(checkout: Path) -> None:
    git(checkout, "gc", "-q")
    assert not (checkout / ".git/refs/heads/main").exists()
    assert read_last_commit(checkout) == LAST_COMMIT


def test_each_commit_of_packs_that_keep_changes(checkout: Path) -> None:
    for number in range(40):
        text = (
            f"Number {number}: " + "the same long text in each of the commits, so that one is kept as a change. " * 20
        )
        git(checkout, "commit", "-q", "--allow-empty", "-m", text, at=LAST + number)
    for words in (("-c", "repack.useDeltaBaseOffset=true"), ("-c", "repack.useDeltaBaseOffset=false")):
        git(checkout, *words, "repack", "-adfq", "--depth=50", "--window=50")
        (index,) = (checkout / ".git/objects/pack").glob("*.idx")
        packed = [line.split() for line in git(checkout, "verify-pack", "-v", str(index)).splitlines()]
        assert [line for line in packed if line[1:2] == ["commit"] and len(line) > 5], "no commit is kept as a change"
        for line in git(checkout, "log", "--format=%H %ct").splitlines():
            name, seconds = line.split()
            (checkout / ".git/HEAD").write_text(f"{name}\n")
            assert read_last_commit(checkout) == datetime.fromtimestamp(int(seconds), UTC)


def test_detached(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "HEAD~1")
    assert read_last_commit(checkout) == datetime.fromtimestamp(FIRST, UTC)


def test_a_branch_with_slashes_and_letters_of_the_world(checkout: Path) -> None:
    git(checkout, "checkout", "-q", "-b", "feature/äöü.x")
    assert read_last_commit(checkout) == LAST_COMMIT
    git(checkout, "pack-refs", "--all")
    assert read_last_commit(checkout) == LAST_COMMIT


def test_a_worktree(checkout: Path, tmp_path: Path) -> None:
    git(checkout, "worktree", "add", "-q", str(tmp_path / "other"), "HEAD~1")
    assert (tmp_path / "other/.git").is_file()
    assert read_last_commit(tmp_path / "other") == datetime.fromtimestamp(FIRST, UTC)


def test_a_submodule_and_a_shallow_clone(checkout: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", "--depth=1", f"file://{checkout}", "shallow")
    assert read_last_commit(tmp_path / "shallow") == LAST_COMMIT
    whole = tmp_path / "whole"
    git(tmp_path, "init", "-q", "whole")
    git(whole, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(checkout), "inner")
    assert (whole / "inner/.git").is_file()
    assert read_last_commit(whole / "inner") == LAST_COMMIT


def test_names_of_sha256(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--object-format=sha256")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "x")
    assert read_last_commit(tmp_path) == LAST_COMMIT
    git(tmp_path, "gc", "-q")
    assert read_last_commit(tmp_path) == LAST_COMMIT


def test_no_program_that_the_settings_name_is_run(checkout: Path) -> None:
    program = checkout / "owned.sh"
    program.write_text(f"#!/bin/sh\ntouch {checkout}/owned\n")
    program.chmod(0o755)
    settings_of = checkout / ".git/config"
    settings_of.write_text(
        f"{settings_of.read_text()}\n[core]\n\tfsmonitor = {program}\n\tpager = {program}\n"
        f"[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {program}\n"
    )
    assert read_last_commit(checkout) == LAST_COMMIT
    assert not (checkout / "owned").exists()


def test_no_checkout_and_no_commit_yet(tmp_path: Path) -> None:
    assert read_last_commit(tmp_path) is None
    assert read_last_commit(tmp_path / "none") is None
    git(tmp_path, "init", "-q")
    assert read_last_commit(tmp_path) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("HEAD", b""),
        ("HEAD", b"ref: refs/heads/none\n"),
        ("HEAD", b"ref: refs/heads/../../config\n"),
        ("HEAD", b"ref: /etc/passwd\n"),
        ("HEAD", b"ref: HEAD\n"),
        ("HEAD", b"0" * 40 + b"\n"),
        ("HEAD", b"\xff" * 100),
        ("HEAD", b"x" * 10_000),
        ("refs/heads/main", b"ref: refs/heads/main\n"),
        ("refs/heads/main", b"nonsense"),
        ("commondir", b"\0"),
        ("commondir", b"../nowhere\n"),
    ],
)
def test_broken_repositories_have_no_date(checkout: Path, name: str, content: bytes) -> None:
    (checkout / ".git" / name).write_bytes(content)
    assert read_last_commit(checkout) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not packed by zlib",
        zlib.compress(b"commit 5\0tree x\n"),
        zlib.compress(b"blob 40\0committer x <x> 1600000000 +0000\n\n"),
        zlib.compress(b"commit 40\0committer x <x> 999999999999 +0000\n\n"),
        zlib.compress(b"commit 9\0\n\ncommitter x <x> 1600000000 +0000\n"),
        zlib.compress(b"commit 9\0committer x <x> 1600000000 +0000\n" + bytes(64 * 1024**2)),
    ],
)
def test_broken_commits_have_no_date(checkout: Path, content: bytes) -> None:
    name = git(checkout, "rev-parse", "HEAD")
    path = checkout / ".git/objects" / name[:2] / name[2:]
    path.unlink()
    path.write_bytes(content)
    assert read_last_commit(checkout) is None


@pytest.mark.parametrize("name", ["HEAD", "refs/heads/main", "packed-refs", "objects"])
def test_special_files_and_links_are_not_waited_for(checkout: Path, tmp_path: Path, name: str) -> None:
    git(checkout, "pack-refs", "--all")
    path = checkout / ".git" / name
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    os.mkfifo(path)
    if name != "refs/heads/main":  # what stands in packed-refs is there all the same
        assert read_last_commit(checkout) is None
    path.unlink()
    path.symlink_to("/dev/zero")
    assert read_last_commit(checkout) is None
    assert tmp_path.is_dir()


def test_a_git_that_is_a_link_leads_nowhere(checkout: Path, tmp_path: Path) -> None:
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked/.git").symlink_to(checkout / ".git")
    assert read_last_commit(tmp_path / "linked") is None


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_packs_with_wrong_bytes_are_no_danger(checkout: Path, data: st.DataObject) -> None:
    objects = checkout / ".git/objects/pack"
    if not list(objects.glob("*.idx")):
        git(checkout, "gc", "-q")
    path = next(objects.glob(data.draw(st.sampled_from(["*.idx", "*.pack"]))))
    before = path.read_bytes()
    content = bytearray(before)
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.chmod(0o644)
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        found = read_last_commit(checkout)
    finally:
        path.write_bytes(before)
    assert found is None or isinstance(found, datetime)
    assert read_last_commit(checkout) == LAST_COMMIT


def test_a_change_of_itself_is_no_commit(tmp_path: Path) -> None:
    name = bytes.fromhex("ab" * 20)
    packs = tmp_path / ".git/objects/pack"
    packs.mkdir(parents=True)
    (tmp_path / ".git/HEAD").write_text(name.hex())
    header = b"PACK\0\0\0\2\0\0\0\1"
    (packs / "a.pack").write_bytes(header + bytes([7 << 4]) + name + zlib.compress(b"\1\1\1A"))
    fanout = b"".join(int(first >= name[0]).to_bytes(4, "big") for first in range(256))
    (packs / "a.idx").write_bytes(b"\377tOc\0\0\0\2" + fanout + name + bytes(4) + len(header).to_bytes(4, "big"))
    assert read_last_commit(tmp_path) is None


def test_of_a_commit_of_the_hub_the_hubs_word_counts(checkout: Path) -> None:
    commit = HubCommit(hub_id="user/name", sha="a" * 40, revision="main", committed_at=float(FIRST))
    space = Space(id="x", docker_image="x:1", source=checkout, commit=commit)
    assert last_commit_of(space) == datetime.fromtimestamp(FIRST, UTC)
    unknown = HubCommit(hub_id="user/name", sha="a" * 40, revision="main")
    assert last_commit_of(Space(id="x", docker_image="x:1", source=checkout, commit=unknown)) is None
    assert last_commit_of(Space(id="x", docker_image="x:1", source=checkout)) == LAST_COMMIT
    assert last_commit_of(Space(id="x", docker_image="x:1")) is None
