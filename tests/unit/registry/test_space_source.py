"""The source folder of a Space: which files count, which stay out, and what its hash depends on."""

import hashlib
import os
import socket
from pathlib import Path

import pytest

from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import front_matter, source_files
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import (
    find_constraints,
    read_source_file,
    read_space_source,
    refuse_links_out,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "space"
    folder.mkdir()
    (folder / "README.md").write_text("---\nsdk: gradio\nsdk_version: 5.49.1\ntitle: T\n---\n")
    (folder / "app.py").write_text("print(1)\n")
    return folder


def test_what_is_read(folder: Path) -> None:
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "pre-requirements.txt").write_text("wheel\n")
    (folder / "packages.txt").write_text("ffmpeg\n")
    (folder / "data").mkdir()
    (folder / "data" / "a b.txt").write_bytes(b"x")
    source = read_space_source(folder)
    front = source.front_matter
    assert (front.sdk, front.sdk_version, front.title, front.app_file) == (Sdk.GRADIO, "5.49.1", "T", "app.py")
    assert (source.requirements, source.pre_requirements, source.packages) == ("numpy\n", "wheel\n", "ffmpeg\n")
    assert list(source.files) == sorted(
        ["README.md", "app.py", "data/a b.txt", "packages.txt", "pre-requirements.txt", "requirements.txt"]
    )
    assert source.files["data/a b.txt"].sha256 == hashlib.sha256(b"x").hexdigest()
    assert source.left_out == ()


def test_version_control_credentials_and_caches_stay_out(folder: Path) -> None:
    for name in (".git", "__pycache__", ".venv", ".ssh"):
        (folder / name).mkdir()
        (folder / name / "secret").write_text("s")
    for name in (".env", ".env.local", ".hfsr.env"):
        (folder / name).write_text("TOKEN=s")
    (folder / "app.pyc").write_bytes(b"")
    source = read_space_source(folder)
    assert list(source.files) == ["README.md", "app.py"]
    assert source.left_out == (*(".env", ".env.local", ".git", ".hfsr.env", ".ssh", ".venv", "__pycache__", "app.pyc"),)


def test_what_is_too_much_for_a_space_is_not_read(folder: Path) -> None:
    with (folder / "model.bin").open("wb") as file:
        file.truncate(source_files.MAX_SOURCE_BYTES)  # a hole: no byte of it is on the disk
    with pytest.raises(InvalidRegistryError, match=r"holds more than 10 GiB or 100000 files"):
        read_space_source(folder)


def test_too_many_files_are_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_files, "MAX_SOURCE_FILES", 2)
    assert len(read_space_source(folder).files) == 2
    (folder / "one more").touch()
    with pytest.raises(InvalidRegistryError, match="files"):
        read_space_source(folder)


def test_a_git_file_of_a_submodule_stays_out(folder: Path) -> None:
    (folder / ".git").write_text("gitdir: ../.git/modules/x")
    assert ".git" not in read_space_source(folder).files


def test_what_git_would_not_push_is_not_there_for_a_build(folder: Path) -> None:
    (folder / "requirements.txt").write_text("numpy\n")
    (folder / "packages.txt").write_text("ffmpeg\n")
    (folder / ".gitignore").write_text("requirements.txt\n")
    source = read_space_source(folder)
    assert (source.requirements, source.packages) == (None, "ffmpeg\n")
    assert source.left_out == ("requirements.txt",)


@pytest.mark.parametrize(("pattern", "named"), [("app.py", "app.py"), ("dist/", "dist")])
def test_the_app_itself_must_not_be_ignored(folder: Path, pattern: str, named: str) -> None:
    (folder / "dist").mkdir()
    (folder / "dist" / "app.py").touch()
    (folder / "README.md").write_text(
        f"---\nsdk: gradio\nsdk_version: 5.49.1\napp_file: {'dist/' if '/' in pattern else ''}app.py\n---\n"
    )
    read_space_source(folder)
    (folder / ".gitignore").write_text(pattern)
    with pytest.raises(InvalidRegistryError, match=f"left out of the image.*'{named}'") as caught:
        read_space_source(folder)
    assert "git add --force" in (caught.value.hint or "")


def test_dockerignore_is_of_the_sdk_docker_alone(folder: Path) -> None:
    (folder / "Dockerfile").touch()
    (folder / ".dockerignore").write_text("app.py\n")
    assert "app.py" in read_space_source(folder).files
    (folder / "README.md").write_text("---\nsdk: docker\n---\n")
    assert read_space_source(folder).left_out == ("app.py",)
    (folder / "Dockerfile.dockerignore").write_text("*.md\n")
    assert read_space_source(folder).left_out == ("README.md",)


def test_a_link_that_says_something_else_makes_another_hash(folder: Path) -> None:
    (folder / "a").write_text("x")
    (folder / "b").write_text("x")
    digests = set()
    for target in ("a", "b", "./a"):
        (folder / "link").unlink(missing_ok=True)
        (folder / "link").symlink_to(target)
        digests.add(read_space_source(folder).sha256)
    (folder / "link").unlink()
    (folder / "link").write_text("a")  # a file that holds what a link says is no link
    digests.add(read_space_source(folder).sha256)
    assert len(digests) == 4


@pytest.mark.parametrize(("target", "told"), [("../x", "leads out of the folder"), ("/etc/hostname", "absolute")])
def test_links_out_are_refused(folder: Path, target: str, told: str) -> None:
    (folder / "link").symlink_to(target)
    source = read_space_source(folder)
    assert source.links_out == source.left_out == ("link",)
    with pytest.raises(InvalidRegistryError, match=told) as caught:
        refuse_links_out(source)
    assert str(folder / "link") in caught.value.message


@pytest.mark.network
def test_special_files_are_not_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "s"))
        source = read_space_source(folder)
    assert source.left_out == ("pipe", "s")


def test_names_that_are_not_utf8(folder: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_text("x")
    source = read_space_source(folder)
    assert os.fsencode(list(source.files)[-1]) == b"caf\xe9.txt"
    assert len(source.sha256) == 64


def test_the_hash_covers_names_contents_and_execute_bits_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    first = read_space_source(folder).sha256
    os.utime(folder / "app.py", (1, 1))
    (folder / "__pycache__").mkdir()
    assert read_space_source(folder).sha256 == first
    folder.rename(tmp_path / "elsewhere")
    folder = tmp_path / "elsewhere"
    assert read_space_source(folder).sha256 == first
    seen = {first}
    for change in (
        lambda: (folder / "app.py").write_text("print(2)\n"),
        lambda: (folder / "app.py").chmod(0o755),
        lambda: (folder / "app.py").rename(folder / "b.py"),
        lambda: (folder / "empty").write_text(""),
    ):
        change()
        digest = read_space_source(folder).sha256
        assert digest not in seen
        seen.add(digest)


def test_a_folder_that_is_no_space(tmp_path: Path) -> None:
    with pytest.raises(InvalidRegistryError, match=r"README\.md: no such file"):
        read_space_source(tmp_path)
    with pytest.raises(InvalidRegistryError, match=r"README\.md: no such file"):
        read_space_source(tmp_path / "nothing")


def test_texts_that_cannot_be_read(folder: Path) -> None:
    (folder / "packages.txt").write_bytes(b"\xff")
    with pytest.raises(InvalidRegistryError, match=r"packages\.txt: is not UTF-8 \(byte 0\)"):
        read_space_source(folder)
    (folder / "packages.txt").write_bytes(b"x" * (1024**2 + 1))
    with pytest.raises(InvalidRegistryError, match="is larger than 1024 KiB"):
        read_space_source(folder)


def test_constraints_of_a_version(tmp_path: Path) -> None:
    (tmp_path / "gradio-5.49.1.txt").write_text("numpy==1\n")
    found = find_constraints(tmp_path, Sdk.GRADIO, "5.49.1")
    assert found is not None
    assert found == read_source_file(tmp_path / "gradio-5.49.1.txt")
    assert find_constraints(tmp_path, Sdk.GRADIO, "5.0.0") is None
    assert find_constraints(tmp_path, Sdk.DOCKER, None) is None


def test_the_bundled_spaces_are_read() -> None:
    folders = sorted((bundled_registry_directory() / "spaces").iterdir())
    assert folders
    for folder in folders:
        source = read_space_source(folder)
        assert source.front_matter.sdk is Sdk.DOCKER or source.front_matter.app_file in source.files


def test_front_matter_is_read_as_yaml_only_when_it_has_changed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    snapshots = Snapshots(tmp_path / "snapshots")
    first = read_space_source(folder, snapshots)
    monkeypatch.setattr(front_matter, "FrontMatter", None)
    assert read_space_source(folder, snapshots) == first
    readme = folder / "README.md"
    readme.write_text(readme.read_text() + "\n")
    with pytest.raises(TypeError, match="not callable"):
        read_space_source(folder, snapshots)
