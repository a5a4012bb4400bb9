"""Reads the folder that a Space's image is built from, without following anything that leads out of it."""

import hashlib
import os
import shlex
import stat
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hf_spaces_runner.domain.front_matter import FrontMatter, Preload
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.file_hash import hash_file
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.source_files import SourceFiles, read_source_files

if TYPE_CHECKING:
    from hf_spaces_runner.registry.name_patterns import NamePattern

_DOCKERIGNORES = ("Dockerfile.dockerignore", ".dockerignore")
"""The first that is there counts, as for BuildKit."""
_TEXTS = ("requirements.txt", "pre-requirements.txt", "packages.txt")
_MAX_TEXT_BYTES = 1024**2
_LINK = 2
"""What stands for a symbolic link in the hash of a folder, where a file has its execute bit."""


def read_space_source(folder: Path, snapshots: Snapshots | None = None, *, was_pushed: bool = False) -> SpaceSource:
    """Return the source of the Space in `folder`: its front matter, its lists of requirements and its files.

    Left out are version control, caches, special files, what git would not push (see `git_ignore`), what secrets may
    lie in, and for the SDK docker what `.dockerignore` names. Of a folder that `was_pushed`, git has all that is there.
    A README.md that `snapshots` knows is not read as YAML again.

    Raises:
        InvalidRegistryError: the folder or its README.md cannot be read, the front matter is wrong, or there is too
            much in it.
    """
    front_matter = read_source_front_matter(folder, snapshots)
    patterns = _dockerignore(folder) if front_matter.sdk is Sdk.DOCKER else ()
    found = read_source_files(folder, dockerignore=patterns, snapshots=snapshots, was_pushed=was_pushed)
    _check_main_file(folder, "Dockerfile" if front_matter.sdk is Sdk.DOCKER else front_matter.app_file, found)
    texts = {name: _text(folder, name) if name in found.files else None for name in _TEXTS}
    return SpaceSource(
        folder=folder,
        front_matter=front_matter,
        requirements=texts["requirements.txt"],
        pre_requirements=texts["pre-requirements.txt"],
        packages=texts["packages.txt"],
        files=found.files,
        left_out=tuple(sorted(found.left_out)),
        sha256=_digest(found.files),
        secrets=tuple(sorted(found.secrets)),
        links_out=tuple(sorted(found.links_out)),
        app_text=_app_text(found.files.get(front_matter.app_file)),
    )


def _app_text(file: SourceFile | None) -> str:
    """Return what an app of Python says, for rules that look for words in it: one that cannot be read has none."""
    if file is None or file.path.suffix != ".py" or file.path.stat().st_size > _MAX_TEXT_BYTES:
        return ""
    return file.path.read_text(encoding="utf-8", errors="replace")


def read_source_front_matter(folder: Path, snapshots: Snapshots | None = None) -> FrontMatter:
    """Return the front matter of the Space in `folder`, without the keys that nobody here knows.

    Raises:
        InvalidRegistryError: as `read_space_source`.
    """
    return _front_matter(_text(folder, "README.md") or "", folder / "README.md", snapshots)


def refuse_links_out(source: SpaceSource) -> None:
    """Do nothing if no symbolic link of `source` leads out of its folder.

    Raises:
        InvalidRegistryError: one does, and what it leads to would be missing in the image.
    """
    for name in source.links_out:
        path = one_line(str(source.folder / name), limit=1000)
        target = str((source.folder / name).readlink())
        told = "an absolute symbolic link" if target.startswith("/") else "a symbolic link that leads out of the folder"
        raise InvalidRegistryError(
            f"{path}: is {told}, to {target!r}",
            hint=f"copy what it leads to into the folder, make it a relative link inside, or remove it: {path}",
        )


def _check_main_file(folder: Path, name: str, found: SourceFiles) -> None:
    """Do nothing unless the file that all depends on lies in the folder, and is left out of the image."""
    above = [name[:end] for end in range(1, len(name)) if name[end] == "/"]
    left_out = next((part for part in (*above, name) if part in found.left_out), None)
    if left_out is not None and left_out not in found.links_out and (folder / name).is_file():
        raise InvalidRegistryError(
            f"{folder / name}: is left out of the image, as of a push. A .gitignore names {left_out!r}, or it"
            " is no source (see README, A Space from its folder)",
            hint=f"take {left_out} out of .gitignore, or track it all the same: git add --force {shlex.quote(name)}",
        )


def _dockerignore(folder: Path) -> "tuple[NamePattern, ...]":
    for name in _DOCKERIGNORES:
        text = _text(folder, name)
        if text is not None:
            from hf_spaces_runner.registry.docker_patterns import read_dockerignore  # noqa: PLC0415 - most have none

            return read_dockerignore(text, folder / name)
    return ()


def _front_matter(text: str, readme: Path, snapshots: Snapshots | None) -> FrontMatter:
    name = f"front matter of {readme.absolute()}"
    known = None if snapshots is None else snapshots.find(name, text)
    if isinstance(known, dict) and known.keys() == FrontMatter.__dataclass_fields__.keys():
        return _restored(known)
    from hf_spaces_runner.registry.front_matter import parse_front_matter  # noqa: PLC0415 - it takes a while to load

    front_matter = replace(parse_front_matter(text, readme), extra={})
    if snapshots is not None:
        snapshots.keep(name, text, asdict(front_matter))
    return front_matter


def _restored(fields: dict[str, Any]) -> FrontMatter:
    """Return the front matter that `fields` was before it became JSON, which has lists alone."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()
    }
    values["sdk"] = Sdk(fields["sdk"])
    values["preload_from_hub"] = tuple(
        Preload(**{**item, "files": tuple(item["files"])}) for item in fields["preload_from_hub"]
    )
    return FrontMatter(**values)


def find_constraints(directory: Path, sdk: Sdk, sdk_version: str | None) -> SourceFile | None:
    """Return the constraints file of that version of the SDK (`gradio-5.49.1.txt` in `directory`), None without one."""
    path = directory / f"{sdk}-{sdk_version}.txt"
    return read_source_file(path) if sdk_version is not None and path.is_file() else None


def read_source_file(path: Path) -> SourceFile:
    """Return the file at `path` with the hash of its content.

    Raises:
        InvalidRegistryError: it cannot be read.
    """
    return replace(hash_file(os.path.realpath(path))[0], path=path)


def _target(path: Path, root: Path) -> Path | None:
    """Return the regular file that `path` is or links to inside `root`; None for anything else."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    inside = target.is_relative_to(root) and ".git" not in target.relative_to(root).parts
    return target if inside and stat.S_ISREG(target.stat().st_mode) else None


def _text(folder: Path, name: str) -> str | None:
    path = folder / name
    target = _target(path, folder.resolve())
    if target is None:
        if name == "README.md":
            raise InvalidRegistryError(
                f"{path}: no such file: the folder is not the source of a Space",
                hint="name a folder with a README.md that has the front matter of a Space",
            )
        return None
    try:
        if target.stat().st_size > _MAX_TEXT_BYTES:
            raise InvalidRegistryError(f"{path}: is larger than {_MAX_TEXT_BYTES // 1024} KiB")
        return target.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidRegistryError(f"{path}: is not UTF-8 (byte {error.start})", hint="save it as UTF-8") from error
    except OSError as error:
        raise InvalidRegistryError(f"{path}: cannot be read: {error.strerror}") from error


def _digest(files: dict[str, SourceFile]) -> str:
    digest = hashlib.sha256()
    for name, file in files.items():
        # Each part has a length or a fixed size, so no two trees can write the same bytes.
        encoded = os.fsencode(name)
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
        kind = _LINK if file.link is not None else int(file.executable)
        digest.update(bytes([kind]) + bytes.fromhex(file.sha256))
    return digest.hexdigest()
