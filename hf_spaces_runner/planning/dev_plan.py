"""Decides what a change of a Space's source asks for: nothing, the app to start again, or the image to be built again.

The source is laid over the image's copy of it entry by entry: each file and folder at its top is a mount of its own. So
what else lies in the app's folder stays (packages of Node, models that a build has fetched), and the app can write new
files there, as on the Hub. What a mount cannot do is take something away, and what a build made of the source it does
not make again: that needs a build.
"""

import fnmatch
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.planning.build_python import SOURCE_FOLDER
from hf_spaces_runner.planning.dockerfile import Dockerfile, Instruction, read_dockerfile

MAX_ENTRIES = 200
"""A container with more mounts than that takes long to start; a build takes over."""

_MAKES_FILES = frozenset({"RUN", "COPY", "ADD"})
_WHOLE = {".": "", "./": "", f"{SOURCE_FOLDER}/": f"{SOURCE_FOLDER}/"}
_HERE = frozenset({".", "./"})


class Step(StrEnum):
    """What is done about a change."""

    NOTHING = "nothing"
    RESTART = "restart"
    REBUILD = "rebuild"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceCopy:
    """The instruction of a Dockerfile that copies the source, where nothing is made of it afterwards.

    `prefix` is what the names of the source's files begin with in the build context. `target` is the folder of the
    image that they go to, None for its work directory. `built_from` are patterns of the names of what the build uses in
    other ways.
    """

    prefix: str
    target: str | None
    built_from: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What decides how a container with the source laid over its image differs from one of an image built anew.

    `tag` stands for all of it, as that of `BuildPlan`. `inputs` are the hashes of files that the build uses, by name.
    `entries` are the names at the top of the source, and whether each is a folder.
    """

    tag: str
    base_image: str
    dockerfile: str
    copy: SourceCopy | None
    inputs: Mapping[str, str]
    entries: Mapping[str, bool]

    @property
    def can_be_mounted(self) -> bool:
        """Whether the source can be laid over the image's."""
        return self.copy is not None and len(self.entries) <= MAX_ENTRIES


def next_step(built: Recipe, wanted: Recipe, tried: str) -> Step:
    """Return what leads from the image of `built` to a container of `wanted`; `tried` is the tag of the last try."""
    if wanted.tag == tried:
        return Step.NOTHING
    if not wanted.can_be_mounted:
        return Step.REBUILD
    same = (built.base_image, built.dockerfile) == (wanted.base_image, wanted.dockerfile)
    # One that is gone, or was a folder and is a file now, would still be seen, or be in the way.
    lies_over = built.entries.items() <= wanted.entries.items()
    return Step.RESTART if same and built.inputs == wanted.inputs and lies_over else Step.REBUILD


def find_source_copy(dockerfile: str) -> SourceCopy | None:
    """Return where `dockerfile` copies the whole source; None where it does not, or makes something of it."""
    read = read_dockerfile(dockerfile)
    last = next((item for item in reversed(_last_stage(read)) if item.keyword in _MAKES_FILES), None)
    if last is None or last.keyword != "COPY" or "--from" in last.flags:
        return None
    words = _words(last)
    if len(words) != 2 or words[0] not in _WHOLE:  # noqa: PLR2004 - what is copied, and where to
        return None
    target = _target(words[1], last, read)
    if target == "/":
        return None
    others = (item for item in read.instructions if item is not last and item.keyword in {"COPY", "ADD"})
    used = tuple(_plain(word) for item in others if "--from" not in item.flags for word in _words(item)[:-1])
    prefix = _WHOLE[words[0]]
    # What is made of the whole source, in another stage, has to be made again.
    if target is None or {"", _plain(prefix)} & {*used}:
        return None
    return SourceCopy(prefix=prefix, target=target or None, built_from=used)


def is_built_from(name: str, copy: SourceCopy) -> bool:
    """Return whether the build uses the file `name` of its context otherwise than as a part of the source."""
    return any(fnmatch.fnmatchcase(name, used) or name.startswith(f"{used}/") for used in copy.built_from)


def source_names(names: Iterable[str], copy: SourceCopy) -> dict[str, str]:
    """Return those of `names`, files of the build context, that are the source, by their names inside it."""
    return {name.removeprefix(copy.prefix): name for name in names if name.startswith(copy.prefix)}


def top_entries(names: Iterable[str]) -> dict[str, bool]:
    """Return the files and folders at the top of a source with the files `names`, and whether each is a folder."""
    return {first: bool(slash) for first, slash, _ in (name.partition("/") for name in names)}


def _last_stage(read: Dockerfile) -> list[Instruction]:
    begins = max((number for number, item in enumerate(read.instructions) if item.keyword == "FROM"), default=0)
    return list(read.instructions[begins:])


def _words(instruction: Instruction) -> list[str]:
    """Return the words of a COPY or ADD, which may be written as JSON."""
    if instruction.text.startswith("["):
        try:
            return [str(word) for word in json.loads(instruction.text)]
        except ValueError:
            pass
    return instruction.text.split()


def _target(word: str, copy: Instruction, read: Dockerfile) -> str | None:
    """Return the folder that `word` means, empty for the image's work directory; None where that cannot be told."""
    stage = _last_stage(read)
    folders = [item for item in stage if item.keyword == "WORKDIR"]
    moves_on = any(item.line > copy.line for item in folders)
    before = [item.text.strip("\"'").rstrip("/") for item in folders if item.line < copy.line]
    if not moves_on and (word in _HERE or (before and word.rstrip("/") == before[-1])):
        return ""
    plain = word.startswith("/") and "$" not in word and ".." not in word.split("/")
    return (word.rstrip("/") or "/") if plain else None


def _plain(word: str) -> str:
    """Return `word`, a path in the build context, without what says the same; empty for all of the context."""
    return "" if word in _HERE else word.removeprefix("./").strip("/")
