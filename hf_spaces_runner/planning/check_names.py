"""Checks the names, links and sizes in a Space's folder for what a push or the Hub's file system does not take."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet

from hf_spaces_runner.domain.space_folder import Entry, EntryKind, LinkEnd, SpaceFinding, SpaceFolder, doubt, wrong
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.registry.name_patterns import NamePattern, last_word

MAX_BYTES_WITHOUT_LFS = 10 * 1024**2
_NO_SOURCE = {".venv": "a virtual environment", "venv": "a virtual environment", "node_modules": "what npm installed"}
_LINK_FIX = "copy what it leads to into the folder, or remove the link"


def check_names(folder: SpaceFolder) -> Iterator[SpaceFinding]:
    """Say which names differ by their case only, and which no other system can write."""
    by_case: dict[str, set[str]] = defaultdict(set)
    for entry in folder.entries:
        name = entry.name
        # Folders that were seen before have all folders above them behind them.
        while name and name not in by_case[name.casefold()]:
            by_case[name.casefold()].add(name)
            name = name.rpartition("/")[0]
        if not entry.name.isprintable():
            said = f"{one_line(ascii(entry.name))} has characters that no terminal shows, or is not UTF-8"
            yield doubt("names", said, "rename it", file=shown(entry.name))
    for names in by_case.values():
        if len(names) > 1:
            several = " and ".join(shown(name) for name in sorted(names)[:4])
            said = f"{several} differ by case only: on a Mac and on Windows they are one file"
            yield doubt("names", said, "rename one of them", file=shown(min(names)))


def check_links(folder: SpaceFolder) -> Iterator[SpaceFinding]:
    """Say which links lead where no build goes, and what is no file at all."""
    for entry in folder.entries:
        name, target = shown(entry.name), shown(entry.target)
        if entry.kind is EntryKind.SPECIAL:
            said = "is no file, but a pipe, a socket or a device: nothing takes it along"
            yield doubt("links", said, "remove it", file=name)
        elif entry.kind is not EntryKind.LINK:
            continue
        elif entry.end is LinkEnd.OUTSIDE:
            said = f"is a symbolic link that leads out of the folder, to {target}"
            yield wrong("links", said, _LINK_FIX, file=name)
        elif entry.end is LinkEnd.NOWHERE:
            yield doubt("links", f"is a symbolic link to {target}, which is not there", _LINK_FIX, file=name)
        elif entry.end is LinkEnd.FOLDER:
            said = "is a symbolic link to a folder, and is left out of the image"
            yield doubt("links", said, _LINK_FIX, file=name)
        elif entry.target.startswith("/"):
            said = f"is a symbolic link to {target}, a path of this machine"
            yield doubt("links", said, "make it a relative link", file=name)


def check_sizes(folder: SpaceFolder, lfs: Sequence[NamePattern]) -> Iterator[SpaceFinding]:
    """Say which files are too large for the Hub's git, and not given to LFS by the patterns of `.gitattributes`."""
    for entry in folder.entries:
        if entry.size_bytes > MAX_BYTES_WITHOUT_LFS and not last_word(lfs, entry.name):
            said = f"has {format_size(entry.size_bytes)}, and git pushes to the Hub end at 10 MiB"
            fix = f"git lfs track {shown(entry.name)!r}, or keep it in a model or dataset repository"
            yield doubt("large_files", said, fix, file=shown(entry.name))


def check_leftovers(folder: SpaceFolder) -> Iterator[SpaceFinding]:
    """Doubt what tools left here and no Space needs, and say what could not be looked at."""
    tops = {entry.name.split("/")[0] for entry in folder.entries if "/" in entry.name}
    for top in sorted(tops & _NO_SOURCE.keys()):
        yield doubt(
            "folder", f"{top} is {_NO_SOURCE[top]}, and a push would take it along", f"add {top}/ to .gitignore"
        )
    for name in folder.unreadable:
        said = "cannot be looked into"
        yield wrong("folder", said, "give yourself the right to read it", file=shown(name))
    if not folder.is_whole:
        said = f"there are too many files or folders in folders: the first {len(folder.entries)} files were looked at"
        yield doubt("folder", said, "move the data into a dataset repository, or add it to .gitignore")


def modules_in(folder: SpaceFolder) -> Mapping[str, AbstractSet[str]]:
    """Return the names of the modules and packages in each folder, by its name; "" is the top."""
    modules: dict[str, set[str]] = defaultdict(set)
    for name in files_in(folder):
        place, _, last = name.rpartition("/")
        if not last.endswith((".py", ".so", ".pyi")):
            continue
        last = last.split(".")[0]
        while last and last not in modules[place]:
            modules[place].add(last)
            place, _, last = place.rpartition("/")
    return modules


def files_in(folder: SpaceFolder) -> Iterator[str]:
    """Yield the names of files, and of links to files inside the folder."""
    for entry in folder.entries:
        if entry.kind is EntryKind.FILE or (entry.kind is EntryKind.LINK and entry.end is LinkEnd.FILE):
            yield entry.name


def total_bytes(entries: Sequence[Entry]) -> int:
    """Return the bytes of all files."""
    return sum(entry.size_bytes for entry in entries)


def shown(name: str) -> str:
    """Return `name` as a line can show it."""
    return one_line(name, limit=120)
