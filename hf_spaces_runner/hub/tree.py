"""Lets pass the list of a repository's files only if it is safe to write them down, and checks what was written."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.hub.hub_errors import NONSENSE, hub_error
from hf_spaces_runner.registry.source_files import MAX_SOURCE_BYTES, MAX_SOURCE_FILES

LIBRARYS_FOLDER = ".cache/huggingface/"
"""Where the library keeps notes on what it has fetched: files of that name cannot be fetched beside them."""

_SHA1 = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MAX_NAME_BYTES = 255
_MAX_PATH_BYTES = 2048
_UNWRITABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, halves of characters, ends of lines and paragraphs
_CHUNK_BYTES = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class RepositoryFile:
    """One file of a commit; `oid` is git's name of its content, `sha256` that of the content itself, of LFS files."""

    name: str
    size_bytes: int
    oid: str
    sha256: str | None = None


def read_tree_page(answer: object) -> tuple[list[dict[str, object]], list[RepositoryFile]]:
    """Return what the library is given of a page of the list, and the files on it.

    Raises:
        HubError: it is no such page; nothing of it is left out, since the source would not be whole.
    """
    if not isinstance(answer, list):
        raise hub_error(NONSENSE, "the Hub's answer is not a list of files")
    items: list[dict[str, object]] = []
    files: list[RepositoryFile] = []
    for item in answer:
        if not isinstance(item, dict) or not isinstance(item.get("path"), str):
            raise hub_error(NONSENSE, "the Hub's answer has something in it that is not a file")
        if item.get("type") != "file":  # a folder: its files are listed for themselves
            continue
        file = _file(item)
        files.append(file)
        items.append(_for_the_library(file))
    return items, files


def check_files(doing: str, files: Sequence[RepositoryFile], *, folds_case: bool) -> int:
    """Return how many bytes `files` have together, if all of them may be written into one folder.

    Args:
        doing: what they are wanted for, for the message.
        files: all files of a commit.
        folds_case: whether the disk takes names for the same that differ in case only.

    Raises:
        InvalidRegistryError: there is too much of them, or one has a name that is not safe.
    """
    size_bytes = sum(file.size_bytes for file in files)
    if size_bytes > MAX_SOURCE_BYTES or len(files) > MAX_SOURCE_FILES:
        raise InvalidRegistryError(
            f"{doing} was not begun: it has {len(files):,} files with {format_size(size_bytes)}, and no source of a"
            f" Space may have more than {MAX_SOURCE_FILES:,} files or {format_size(MAX_SOURCE_BYTES)}",
            hint="models and data belong into repositories of their own",
        )
    seen: dict[str, str] = {}
    for file in files:
        _check_name(doing, file.name)
        key = file.name.casefold() if folds_case else file.name
        if key in seen:
            raise InvalidRegistryError(
                f"{doing} was not begun: {_shown(file.name)} and {_shown(seen[key])} are one name on this disk",
                hint="fetch it where names that differ in case are different files",
            )
        seen[key] = file.name
    return size_bytes


def check_contents(doing: str, folder: Path, files: Iterable[RepositoryFile]) -> None:
    """Do nothing if each of `files` lies in `folder` with the very content that the commit names.

    Raises:
        HubError: one does not.
    """
    for file in files:
        path = folder / file.name
        if path.is_symlink() or not path.is_file() or _name_of_content(path, file) != (file.sha256 or file.oid):
            raise hub_error(NONSENSE, f"{doing} failed: {_shown(file.name)} is not what the commit says it is")


def _file(item: dict[object, object]) -> RepositoryFile:
    lfs = item.get("lfs")
    size, oid = item.get("size"), item.get("oid")
    sha256 = lfs.get("oid") if isinstance(lfs, dict) else None
    if isinstance(lfs, dict):
        size = lfs.get("size")
    if (
        not isinstance(size, int)
        or size < 0
        or not (isinstance(oid, str) and _SHA1.fullmatch(oid))
        or (lfs is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)))
    ):
        raise hub_error(NONSENSE, f"the Hub says of {_shown(str(item['path']))} no size and hash that a file can have")
    return RepositoryFile(name=str(item["path"]), size_bytes=size, oid=oid, sha256=sha256)


def _for_the_library(file: RepositoryFile) -> dict[str, object]:
    told: dict[str, object] = {"type": "file", "path": file.name, "size": file.size_bytes, "oid": file.oid}
    if file.sha256 is not None:
        told["lfs"] = {"oid": file.sha256, "size": file.size_bytes, "pointerSize": 0}
    return told  # without the hash for Xet, whose own client keeps files in the user's cache


def _check_name(doing: str, name: str) -> None:
    parts = name.split("/")
    problem = None
    if any(part in {"", ".", ".."} for part in parts):
        problem = "leads out of the folder, or is no path at all"
    elif any(unicodedata.category(character) in _UNWRITABLE for character in name):
        problem = "has control characters in it"
    elif ".git" in (part.lower() for part in parts):
        problem = "lies in a folder that git keeps for itself"
    elif len(name.encode()) > _MAX_PATH_BYTES or any(len(part.encode()) > _MAX_NAME_BYTES for part in parts):
        problem = "is longer than the name of a file may be"
    if problem is not None:
        raise InvalidRegistryError(
            f"{doing} was not begun: the file {_shown(name)} {problem}", hint="no Space that is sound has such a file"
        )


def _name_of_content(path: Path, file: RepositoryFile) -> str:
    # Git's name of a content is the hash of a header and the content (git, "hash-object").
    digest = hashlib.sha256() if file.sha256 else hashlib.sha1(b"blob %d\0" % file.size_bytes, usedforsecurity=False)
    with path.open("rb") as opened:
        while chunk := opened.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _shown(name: str) -> str:
    return repr(one_line(name, limit=80))
