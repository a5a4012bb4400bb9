"""Reads the folder that a Space's image is built from, without following anything that leads out of it."""

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from hf_spaces_runner.domain.front_matter import FrontMatter, Preload
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.snapshot import Snapshots

# Version control, credentials, and what tools leave behind: never part of an image.
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".env", ".hfsr.env", ".netrc", ".ssh"}
    | {".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"}
)
_MAX_TEXT_BYTES = 1024**2
MAX_SOURCE_BYTES = 10 * 1024**3
MAX_SOURCE_FILES = 100_000
"""More than that is not the source of a Space: it is read whole for each run, and sent to the engine."""


def read_space_source(folder: Path, snapshots: Snapshots | None = None) -> SpaceSource:
    """Return the source of the Space in `folder`: its front matter, its lists of requirements and its files.

    Left out are version control, `.env` files, caches, special files, and symbolic links to directories or out of
    the folder. A README.md that `snapshots` knows is not read as YAML again.

    Raises:
        InvalidRegistryError: the folder or its README.md cannot be read, the front matter is wrong, or there is too
            much in it.
    """
    front_matter = read_source_front_matter(folder, snapshots)
    files: dict[str, SourceFile] = {}
    left_out: list[str] = []
    size_bytes = 0
    for name, path in _walk(folder, left_out):
        size_bytes += path.stat().st_size
        if size_bytes > MAX_SOURCE_BYTES or len(files) >= MAX_SOURCE_FILES:
            raise _too_large(folder)
        files[name] = read_source_file(path)
    files = dict(sorted(files.items(), key=lambda item: os.fsencode(item[0])))
    return SpaceSource(
        folder=folder,
        front_matter=front_matter,
        requirements=_text(folder, "requirements.txt"),
        pre_requirements=_text(folder, "pre-requirements.txt"),
        packages=_text(folder, "packages.txt"),
        files=files,
        left_out=tuple(sorted(left_out)),
        sha256=_digest(files),
    )


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
    root = source.folder.resolve()
    for name in source.left_out:
        path = source.folder / name
        if path.is_symlink() and path.name not in _LEFT_OUT and not _leads_inside(path, root):
            raise InvalidRegistryError(
                f"{path}: is a symbolic link that leads out of the folder, to {str(path.readlink())!r}",
                hint=f"copy what it leads to into the folder, or remove the link: {path}",
            )


def _leads_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # it leads to itself, so nowhere
        return True


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
    try:
        with path.open("rb") as file:
            executable = bool(os.fstat(file.fileno()).st_mode & stat.S_IXUSR)
            return SourceFile(path=path, sha256=hashlib.file_digest(file, "sha256").hexdigest(), executable=executable)
    except OSError as error:
        raise InvalidRegistryError(f"{path}: cannot be read: {error.strerror}") from error


def _walk(folder: Path, left_out: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield the relative name and the path of each file to copy; note in `left_out` what is passed over."""
    root = folder.resolve()
    for directory, directories, names in os.walk(root, onerror=_unreadable):
        place = Path(directory)
        kept = []
        for name in directories:
            if name in _LEFT_OUT or (place / name).is_symlink():
                left_out.append((place / name).relative_to(root).as_posix())
            else:
                kept.append(name)
        directories[:] = sorted(kept)
        for name in names:
            path = place / name
            relative = path.relative_to(root).as_posix()
            target = _target(path, root)
            if name in _LEFT_OUT or name.startswith(".env.") or name.endswith(".pyc") or target is None:
                left_out.append(relative)
            else:
                yield relative, target


def _target(path: Path, root: Path) -> Path | None:
    """Return the regular file that `path` is or links to inside `root`; None for anything else."""
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    inside = target.is_relative_to(root) and not _LEFT_OUT.intersection(target.relative_to(root).parts)
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
        digest.update(bytes([file.executable]) + bytes.fromhex(file.sha256))
    return digest.hexdigest()


def _too_large(folder: Path) -> InvalidRegistryError:
    return InvalidRegistryError(
        f"{folder}: holds more than {format_size(MAX_SOURCE_BYTES)} or {MAX_SOURCE_FILES} files",
        hint="name the folder of the Space itself; models and data belong into repositories of their own",
    )


def _unreadable(error: OSError) -> None:
    raise InvalidRegistryError(f"{error.filename}: cannot be read: {error.strerror}") from error
