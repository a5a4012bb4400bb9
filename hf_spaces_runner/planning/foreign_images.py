"""Keeps a Dockerfile, which may be a stranger's, from building on what other Spaces have left on this machine.

The engine looks for an image among its own before it asks an image registry. Those that are built here have names that
can be guessed, and its own builder takes the beginning of an id for a name: `FROM f4` may be anybody's.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.planning.dockerfile import Dockerfile, Instruction, read_dockerfile

_BUILT_HERE = re.compile(
    r"(?P<image>(?:(?:index\.)?docker\.io/)?hf-spaces-runner/(?!base(?:[:@\s]|$))[^\s,]*)", re.IGNORECASE
)
_ID = re.compile(r"(?P<image>(?:sha256:)?[0-9a-f]{1,64})(?=\s|$)", re.IGNORECASE)
_FROM = re.compile(r"\bfrom=", re.IGNORECASE)
# A flag may have them in any place, and the engine takes them away.
_QUOTES = str.maketrans("", "", "\"'\\`")
_WITH_IDS = frozenset({"COPY", "ADD", "ONBUILD"})


def check_foreign_images(read: Dockerfile, path: Path, given: Mapping[str, str], base_image: str | None) -> None:
    """Do nothing if `read`, the Dockerfile at `path`, takes nothing of other Spaces.

    `given` are its build arguments, and `base_image` is what it may build on in any case.

    Raises:
        InvalidRegistryError: it names an image that was built here, or one by its id.
    """
    _check(read, path, base_image, (_BUILT_HERE, _ID))
    # What looks like a heredoc may be none for the engine, which then reads the lines in it.
    plain = read_dockerfile("\n".join(read.lines).replace("<<", "< <"), given)
    _check(plain, path, base_image, (_BUILT_HERE,))


def _check(read: Dockerfile, path: Path, base_image: str | None, forms: tuple[re.Pattern[str], ...]) -> None:
    for stage in read.stages:
        if stage.is_external and stage.image != base_image and any(form.fullmatch(stage.image) for form in forms):
            raise _refused(path, stage.instruction, stage.image)
    stages = iter(read.stages)
    earlier: set[str] = set()  # a name that comes later is that of an image here
    for instruction in read.instructions:
        if instruction.keyword == "FROM":
            earlier.add(next(stages).name)
        for image in _copied_from(instruction, read, forms):
            if image.lower() not in earlier and not image.isdecimal():  # a number is that of a stage
                raise _refused(path, instruction, image)


def _copied_from(instruction: Instruction, read: Dockerfile, forms: tuple[re.Pattern[str], ...]) -> Iterator[str]:
    """Yield the images that files are copied out of, or that a step mounts, where they have one of `forms`."""
    lines = read.lines[instruction.line - 1 : instruction.last_line]
    text = "".join(line.rstrip().translate(_QUOTES) for line in lines if not line.lstrip().startswith("#"))
    for flag in _FROM.finditer(text):
        for form in forms:
            found = form.match(text, flag.end())
            # In a RUN it may be a word of the command's, and the builder that knows mounts wants no ids.
            if found is not None and (form is not _ID or instruction.keyword in _WITH_IDS):
                yield found["image"]


def _refused(path: Path, instruction: Instruction, image: str) -> InvalidRegistryError:
    where = f"{path}:{instruction.line}:{instruction.column}: {instruction.keyword} {image}"
    if _ID.fullmatch(image):
        return InvalidRegistryError(
            f"{where}: may be the id of any image on this machine",
            hint=f"name the image with its tag, such as {image.removeprefix('sha256:')}:latest",
        )
    return InvalidRegistryError(
        f"{where}: was built here, and may hold what another Space keeps for itself",
        hint="build on an image of an image registry, or on the base image: ARG BASE_IMAGE, then FROM ${BASE_IMAGE}",
    )
