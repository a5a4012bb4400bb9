"""Lists and hashes the files of a Space's folder that go into its image, following nothing that leads out of it."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hf_spaces_runner.domain.space_source import SourceFile
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry.file_hash import LargeFileHashes, hash_file, hash_text
from hf_spaces_runner.registry.secret_files import is_private_key, is_secret_name
from hf_spaces_runner.registry.snapshot import Snapshots

if TYPE_CHECKING:
    from hf_spaces_runner.registry.git_ignore import GitIgnore
    from hf_spaces_runner.registry.name_patterns import NamePattern, PatternsInFolder

MAX_SOURCE_BYTES = 10 * 1024**3
MAX_SOURCE_FILES = 100_000
"""More than that is not the source of a Space: it is read whole for each run, and sent to the engine."""

# Version control, and what tools leave behind.
_LEFT_OUT = frozenset(
    {".git", ".hg", ".svn", ".venv", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".DS_Store"}
)
_OF_GIT = frozenset({".gitignore", ".git"})
_HUB_CACHE = ".cache/huggingface"
"""Where `hf download` notes what it has got, and where a login may be kept."""
_ALWAYS_SENT = frozenset({"Dockerfile", ".dockerignore"})
"""What the engine itself takes out of the context where `.dockerignore` names it, after it has read it."""


class SourceFiles:
    """What was found. `files` by their paths in the folder, in the order of their bytes; all others are names.

    `left_out` is all that does not go into the image, folders as one, `secrets` and `links_out` among it: files that
    secrets lie in, and symbolic links that are absolute or lead out of the folder.
    """

    def __init__(self) -> None:
        self.files: dict[str, SourceFile] = {}
        self.left_out: list[str] = []
        self.secrets: list[str] = []
        self.links_out: list[str] = []


def read_source_files(
    folder: Path,
    *,
    dockerignore: "Sequence[NamePattern]" = (),
    snapshots: Snapshots | None = None,
    was_pushed: bool = False,
) -> SourceFiles:
    """Return what of `folder` goes into an image, with hashes. What `snapshots` knows of large files is not read again.

    Of one that `was_pushed` all that is there is tracked, whatever `.gitignore` says.

    Raises:
        InvalidRegistryError: something in it cannot be read, or there is too much.
    """
    walk = _Walk(folder, dockerignore, was_pushed=was_pushed)
    hashes = LargeFileHashes(walk.root, snapshots)
    found = walk.found
    for name, path in list(walk.files()):  # none is read before it is known how much there is
        file, head = hash_file(path, hashes)
        if is_private_key(name, head):
            found.left_out.append(name)
            found.secrets.append(name)
        else:
            found.files[name] = file
    hashes.keep()
    found.files = dict(sorted(found.files.items(), key=lambda item: os.fsencode(item[0])))
    return found


class _Walk:
    """One way through a folder."""

    def __init__(self, folder: Path, dockerignore: "Sequence[NamePattern]", *, was_pushed: bool) -> None:
        self.root = os.path.realpath(folder)
        self.found = SourceFiles()
        self._folder = folder
        self._dockerignore = dockerignore
        self._was_pushed = was_pushed
        self._takes_back = any(not pattern.says for pattern in dockerignore)
        self._count = self._size_bytes = 0

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield the name and the whole path of each regular file that is wanted; put the links where they belong."""
        waiting: list[tuple[str, GitIgnore | None]] = [("", None)]  # from its first .gitignore on
        while waiting:
            folder, git = waiting.pop()
            items = self._items(folder)
            docker = self._docker_in(folder)
            if git is None and not self._was_pushed and any(item.name in _OF_GIT for item in items):
                git = self._git_from(folder)
            for item in items:
                name = f"{folder}/{item.name}" if folder else item.name
                is_folder = item.is_dir(follow_symlinks=False)
                if self._is_left_out(name, item.name, git, docker, is_folder=is_folder):
                    self.found.left_out.append(name)
                    continue
                self._take_up(item)
                if is_folder:
                    waiting.append((name, None if git is None else git.enter(item.name)))
                elif item.is_symlink():
                    self._take_link(name, item.path)
                elif item.is_file(follow_symlinks=False):
                    yield name, item.path
                else:
                    self.found.left_out.append(name)

    def _git_from(self, folder: str) -> "GitIgnore":
        from hf_spaces_runner.registry.git_ignore import GitIgnore  # noqa: PLC0415 - many Spaces need none

        return GitIgnore(Path(self.root), folder)

    def _docker_in(self, folder: str) -> "PatternsInFolder | None":
        if not self._dockerignore:
            return None
        from hf_spaces_runner.registry.name_patterns import PatternsInFolder  # noqa: PLC0415 - loaded by who read them

        return PatternsInFolder(self._dockerignore, folder)

    def _take_up(self, item: os.DirEntry[str]) -> None:
        self._count += 1
        try:
            self._size_bytes += item.stat(follow_symlinks=False).st_size  # a few KiB for a folder
        except OSError as error:
            raise InvalidRegistryError(f"{item.path}: cannot be read: {error.strerror}") from error
        if self._count > MAX_SOURCE_FILES or self._size_bytes > MAX_SOURCE_BYTES:
            raise _too_large(self._folder)

    def _items(self, folder: str) -> list[os.DirEntry[str]]:
        path = f"{self.root}/{folder}" if folder else self.root
        try:
            with os.scandir(path) as items:
                return list(items)
        except OSError as error:
            raise InvalidRegistryError(f"{path}: cannot be read: {error.strerror}") from error

    def _is_left_out(
        self, name: str, word: str, git: "GitIgnore | None", docker: "PatternsInFolder | None", *, is_folder: bool
    ) -> bool:
        if word in _LEFT_OUT or word.endswith(".pyc"):
            return True
        if word == "huggingface" and f"/{name}".endswith(f"/{_HUB_CACHE}"):
            self.found.secrets += (f"{name}/{token}" for token in _tokens_in(f"{self.root}/{name}"))
            return True
        # What .dockerignore names is left out knowingly, and if it holds secrets nobody has to be told.
        by_docker = docker is not None and docker.says(word) and name not in _ALWAYS_SENT
        if by_docker and not (is_folder and self._takes_back):
            return True
        if is_secret_name(name, word, is_folder=is_folder):
            self.found.secrets.append(name)
            return True
        return git is not None and git.leaves_out(word, is_folder=is_folder)

    def _take_link(self, name: str, path: str) -> None:
        """Take a symbolic link as git does: as a link, with what it says. One that leads out would lead to nothing."""
        try:
            target = os.readlink(path)  # noqa: PTH115 - a Path would not keep it as it is written
            lexical = os.path.normpath(f"{name.rpartition('/')[0]}/{target}".lstrip("/"))
            real = os.path.realpath(path)
        except OSError as error:
            raise InvalidRegistryError(f"{path}: cannot be read: {error.strerror}") from error
        if target.startswith("/") or lexical.split("/", 1)[0] == ".." or not f"{real}/".startswith(f"{self.root}/"):
            self.found.left_out.append(name)
            self.found.links_out.append(name)
        else:
            self.found.files[name] = SourceFile(path=Path(path), sha256=hash_text(target), link=target)


def _tokens_in(path: str) -> list[str]:
    return [name for name in ("token", "stored_tokens") if os.path.lexists(f"{path}/{name}")]


def _too_large(folder: Path) -> InvalidRegistryError:
    return InvalidRegistryError(
        f"{folder}: holds more than {format_size(MAX_SOURCE_BYTES)} or {MAX_SOURCE_FILES} files",
        hint="name the folder of the Space itself, and what is no source in .gitignore; models and data belong into"
        " repositories of their own",
    )
