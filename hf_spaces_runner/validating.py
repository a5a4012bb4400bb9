"""Checks the source of a Space for what breaks on the Hub or in a build; nothing of it is run."""

from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hf_spaces_runner.domain.front_matter import DEFAULT_PORT, FrontMatter, ReadFrontMatter
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_folder import EntryKind, SourceText, SpaceFinding, SpaceFolder, doubt, wrong
from hf_spaces_runner.images.space_folder import MAX_TEXT_BYTES, list_space_folder, read_text
from hf_spaces_runner.planning import check_names, space_checks
from hf_spaces_runner.planning.check_python import check_case, check_servers, missing_packages, read_python
from hf_spaces_runner.planning.check_requirements import check_packages, check_requirements
from hf_spaces_runner.planning.check_secrets import check_for_secret_file, check_for_secrets
from hf_spaces_runner.planning.space_checks import DOCKERFILE, PACKAGES, README, REQUIREMENTS
from hf_spaces_runner.registry.front_matter import read_front_matter
from hf_spaces_runner.registry.git_patterns import read_lfs_patterns
from hf_spaces_runner.registry.name_patterns import NamePattern

MAX_READ_BYTES = 64 * 1024**2
MAX_PYTHON_CHARACTERS = 2 * 1024**2
_LFS_POINTER_BYTES = 300
_MAX_FILES = 20_000
_MOST_PATTERNS = 1000
_NO_TEXT = frozenset(
    {".7z", ".avi", ".bin", ".bz2", ".ckpt", ".ggml", ".gguf", ".gif", ".gz", ".h5", ".ico", ".jpeg", ".jpg", ".mkv"}
    | {".mov", ".mp3", ".mp4", ".npy", ".npz", ".ogg", ".onnx", ".parquet", ".pdf", ".pkl", ".png", ".pt", ".pth"}
    | {
        ".pyc",
        ".safetensors",
        ".so",
        ".tar",
        ".ttf",
        ".wav",
        ".webm",
        ".webp",
        ".whl",
        ".woff",
        ".woff2",
        ".xz",
        ".zip",
    }
)
_ALWAYS = frozenset(
    {"folder", "front_matter", "source", "share", "secrets", "large_files", "names", "links", "line_ends"}
)


def validate_space(path: Path) -> tuple[SpaceFinding, ...]:
    """Return what was found out about the source of a Space in `path`, in the order of the checks.

    Raises:
        UsageError: `path` is no folder that can be looked into.
    """
    folder = list_space_folder(path)
    if not folder.entries:
        return (space_checks.check_missing_readme(folder),)
    names = set(check_names.files_in(folder))
    read, findings = _front_matter(folder, names)
    front = read.front_matter
    findings += [
        *check_names.check_leftovers(folder),
        *check_names.check_names(folder),
        *check_names.check_links(folder),
        *check_names.check_sizes(folder, _lfs_patterns(folder)),
        *(found for name in names for found in check_for_secret_file(name)),
        *_Texts(folder, names, front).check(),
    ]
    checked = _ALWAYS
    if front is not None:
        findings += space_checks.check_app(folder, front)
        checked |= {"app", "address"} | ({"dockerfile"} if front.sdk is Sdk.DOCKER and DOCKERFILE in names else set())
    if REQUIREMENTS in names:
        checked |= {"requirements"}
    if PACKAGES in names:
        checked |= {"packages"}
    return space_checks.in_order(findings, checked=checked)


def _front_matter(folder: SpaceFolder, names: set[str]) -> tuple[ReadFrontMatter, list[SpaceFinding]]:
    nothing = ReadFrontMatter(front_matter=None)
    if README not in names:
        return nothing, [space_checks.check_missing_readme(folder)]
    source = read_text(folder, README)
    if source.text is None:
        fix = "save it as a file of its own, in UTF-8"
        return nothing, [wrong("front_matter", source.problem, fix, file=README)]
    read = read_front_matter(source.text)
    return read, list(space_checks.check_readme(read, folder))


class _Texts:
    """The checks of all texts of a folder; each is read once, and none is kept."""

    def __init__(self, folder: SpaceFolder, names: set[str], front: FrontMatter | None) -> None:
        self._folder = folder
        self._names = names
        self._front = front
        self._sdk = None if front is None else front.sdk
        self._port = DEFAULT_PORT if front is None else front.app_port
        self._dockerfile = read_text(folder, DOCKERFILE).text or "" if DOCKERFILE in names else ""
        self._modules = check_names.modules_in(folder)
        self._by_case = {name.casefold(): name for name in sorted(names, reverse=True)}
        self._app_folder = "" if front is None else front.app_file.rpartition("/")[0]
        self._missing: dict[str, tuple[str, int]] = {}
        self._python_characters = 0

    def check(self) -> Iterator[SpaceFinding]:
        """Yield what was found in them."""
        if self._front is not None and self._sdk is Sdk.DOCKER and self._dockerfile:
            yield from space_checks.check_dockerfile(self._dockerfile, self._front)
        for source in _texts(self._folder):
            if isinstance(source, SpaceFinding):
                yield source
            elif source.text is None:
                yield from _unread(source)
            else:
                yield from space_checks.check_text(source)
                yield from check_for_secrets(source.name, source.text)
                yield from self._check(source.name, source.text)
        yield from space_checks.check_missing_requirements(self._missing)

    def _check(self, name: str, text: str) -> Iterator[SpaceFinding]:
        if name in {REQUIREMENTS, "pre-requirements.txt"}:
            yield from check_requirements(name, text, self._front)
        elif name == PACKAGES:
            yield from check_packages(name, text)
        elif name.endswith(".py"):
            yield from self._check_python(name, text)

    def _check_python(self, name: str, text: str) -> Iterator[SpaceFinding]:
        self._python_characters += len(text)
        if self._python_characters > MAX_PYTHON_CHARACTERS:
            said = f"was not looked at: there are more than {MAX_PYTHON_CHARACTERS // 1024**2} MiB of Python"
            yield doubt("source", said, "add what is not the Space's own to .gitignore", file=name)
            return
        front = self._front
        file = read_python(
            name,
            text,
            python_version=None if front is None else front.python_version,
            is_app=front is not None and front.sdk is not Sdk.DOCKER and name == front.app_file,
        )
        if isinstance(file, SpaceFinding):
            yield file
            return
        address_is_set = "GRADIO_SERVER_NAME" in self._dockerfile
        yield from check_servers(file, self._sdk, port=self._port, address_is_set=address_is_set)
        yield from check_case(file, self._modules, self._by_case, self._app_folder)
        if self._sdk in {Sdk.GRADIO, Sdk.STREAMLIT} and REQUIREMENTS not in self._names:
            for package, place in missing_packages([file], self._modules, self._sdk).items():
                self._missing.setdefault(package, place)


def _texts(folder: SpaceFolder) -> Iterator[SourceText | SpaceFinding]:
    """Yield what may hold text, small files of any name included, within `MAX_READ_BYTES` together."""
    total = count = 0
    for entry in folder.entries:
        needed = entry.name.endswith(".py") or entry.name in {REQUIREMENTS, PACKAGES, DOCKERFILE}
        if entry.kind is not EntryKind.FILE or (entry.size_bytes > _most_bytes(entry.name) and not needed):
            continue
        total += min(entry.size_bytes, MAX_TEXT_BYTES)
        count += 1
        if total > MAX_READ_BYTES or count > _MAX_FILES:
            said = f"there is too much text: the first {count - 1} files of it were read"
            yield doubt("source", said, "move the data into a dataset repository, or add it to .gitignore")
            return
        source = read_text(folder, entry.name)
        if source.text is None or "\0" not in source.text[:8192] or needed:
            yield source


def _most_bytes(name: str) -> int:
    """Return how large a file may be to be looked at as text; a pointer of LFS has any name."""
    return _LFS_POINTER_BYTES if PurePosixPath(name).suffix.lower() in _NO_TEXT else MAX_TEXT_BYTES


def _unread(source: SourceText) -> Iterator[SpaceFinding]:
    name = source.name
    if name in {REQUIREMENTS, PACKAGES, DOCKERFILE}:
        yield wrong("source", source.problem, "save it as UTF-8, and small", file=name)
    elif name.endswith(".py"):
        yield doubt("source", source.problem, "save it as UTF-8, without data in it", file=name)


def _lfs_patterns(folder: SpaceFolder) -> tuple[NamePattern, ...]:
    """Return the patterns of all `.gitattributes`, those of deeper folders last, as git takes them."""
    found = [entry.name for entry in folder.entries if PurePosixPath(entry.name).name == ".gitattributes"][:100]
    patterns: list[NamePattern] = []
    for name in sorted(found, key=lambda name: name.count("/")):
        patterns += read_lfs_patterns(read_text(folder, name).text or "", name.rpartition("/")[0])
    return tuple(patterns[-_MOST_PATTERNS:])
