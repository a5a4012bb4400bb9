"""The archive of a build: what is in it, links as links, the same bytes each time."""

import os
import tarfile
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.images.context import build_context


def plan(tmp_path: Path) -> BuildPlan:
    names = ("a b", "new\nline", "-rf", os.fsdecode(b"caf\xe9"))
    for name in names:
        (tmp_path / name).write_text(name.encode("utf-8", "replace").decode())
    (tmp_path / "-rf").chmod(0o700)
    return BuildPlan(
        tag="x:1",
        base_image="y",
        python_version="3.11",
        dockerfile="FROM y\n",
        files={f"source/{name}": tmp_path / name for name in names},
        links={"source/link": "./a b"},
    )


def test_names_and_links_are_as_they_were(tmp_path: Path) -> None:
    with build_context(plan(tmp_path)) as archive, tarfile.open(fileobj=archive) as tar:
        entries = {entry.name: entry for entry in tar.getmembers()}
    assert set(entries) == {"Dockerfile", *plan(tmp_path).files, "source/link"}
    assert (entries["source/link"].issym(), entries["source/link"].linkname) == (True, "./a b")
    assert [entries[name].mode for name in ("source/-rf", "source/a b")] == [0o755, 0o644]


def test_the_same_files_make_the_same_bytes(tmp_path: Path) -> None:
    def content() -> bytes:
        with build_context(plan(tmp_path)) as archive:
            return archive.read()

    first = content()
    os.utime(tmp_path / "a b", (1, 1))
    assert content() == first
