"""Knows what of a Dockerfile needs BuildKit, which secrets it mounts, and keeps a stranger's frontend out of it.

Sources: https://docs.docker.com/reference/dockerfile/ for the version of the syntax that brought a flag, and the
release notes of moby for the engine whose BuildKit has that version built in.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from hf_spaces_runner.domain.image import BuildkitNeed
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.planning.dockerfile import Dockerfile, Instruction

# Syntax 1.2 is that of engine 20.10, 1.4 of 23, 1.5 of 24, 1.6 of 25, 1.20 of 29. RUN --security stays refused by every
# engine that was not told otherwise.
_FLAGS: Mapping[str, Mapping[str, int]] = {
    "RUN": {"--mount": 20, "--network": 23, "--security": 29},
    "COPY": {"--chmod": 20, "--link": 23, "--parents": 29, "--exclude": 29},
    "ADD": {"--chmod": 20, "--link": 23, "--keep-git-dir": 24, "--checksum": 25, "--exclude": 29, "--unpack": 29},
}
_HEREDOC_ENGINE = 23
_MOUNT = re.compile(r"(?:^|\s)--mount=(?P<options>\S+)")
_DIRECTIVE = re.compile(r"\s*#\s*(?P<name>[A-Za-z][A-Za-z0-9]*)\s*=\s*.+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretMount:
    """A secret that a step asks for by `name`; without a required one it fails."""

    name: str
    required: bool
    place: str


def needs_of(read: Dockerfile, path: Path) -> tuple[BuildkitNeed, ...]:
    """Return the steps of `read`, the Dockerfile at `path`, that only BuildKit can do."""
    return tuple(need for instruction in read.instructions for need in _needs(instruction, read, path))


def secret_mounts(read: Dockerfile, path: Path) -> tuple[SecretMount, ...]:
    """Return the secrets that the steps of `read`, the Dockerfile at `path`, mount."""
    return tuple(
        mount
        for instruction in read.instructions
        if instruction.keyword == "RUN"
        for mount in _secrets(instruction, read, path)
    )


def given_secrets(mounts: Iterable[SecretMount], secrets: Mapping[str, Secret]) -> dict[str, Secret]:
    """Return those of `secrets` that a step mounts: no step sees another."""
    wanted = {mount.name for mount in mounts}
    return {name: secret for name, secret in secrets.items() if name in wanted}


def missing_secrets(mounts: Iterable[SecretMount], secrets: Mapping[str, Secret]) -> tuple[str, ...]:
    """Return the names of the secrets that a step cannot do without and that `secrets` lack."""
    return tuple(dict.fromkeys(mount.name for mount in mounts if mount.required and mount.name not in secrets))


def without_frontend(dockerfile: str) -> str:
    """Return `dockerfile` so that the engine reads it itself, whatever `# syntax=` says.

    That directive names an image which reads the rest and decides what is done: it would have to be pulled, and a
    stranger's could mount the caches of other Spaces.
    """
    lines = dockerfile.removeprefix("\ufeff").split("\n")
    kept: list[str] = []
    while lines and (directive := _DIRECTIVE.fullmatch(lines[0].removesuffix("\r"))):
        kept += [lines[0]] if directive["name"].lower() == "escape" else []
        lines.pop(0)
    # A comment ends the directives, so nothing that follows is one, in whatever form an engine knows them.
    return "\n".join([*kept, "# Read by the engine itself", *lines])


def _needs(instruction: Instruction, read: Dockerfile, path: Path) -> Iterable[BuildkitNeed]:
    known = _FLAGS.get(instruction.keyword)
    if known is None:
        return
    place = f"{path}:{instruction.line}:{instruction.column}"
    for flag in sorted(known.keys() & instruction.flags.keys()):
        yield BuildkitNeed(place=place, what=f"{instruction.keyword} {flag}", engine=known[flag])
    if (end := read.heredoc(instruction)) is not None:
        what = f"{instruction.keyword} <<{end}, a heredoc,"
        yield BuildkitNeed(place=place, what=what, engine=_HEREDOC_ENGINE)


def _secrets(instruction: Instruction, read: Dockerfile, path: Path) -> Iterable[SecretMount]:
    text = " ".join(read.lines[instruction.line - 1 : instruction.last_line])
    for found in _MOUNT.finditer(text):
        options = dict(_option(part) for part in found["options"].strip("\"'").split(","))
        if options.get("type") != "secret":
            continue
        target = options.get("target") or options.get("dst") or options.get("destination") or ""
        name = options.get("id") or PurePosixPath(target).name
        if name:
            required = options.get("required", "false").lower() in {"true", "1"}
            yield SecretMount(name=name, required=required, place=f"{path}:{instruction.line}:{instruction.column}")


def _option(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    return key.lower(), value if equals else "true"
