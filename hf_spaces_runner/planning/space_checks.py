"""Checks what a Space's README.md asks for against what lies in its folder, and each text that lies there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from hf_spaces_runner.domain.finding import Health
from hf_spaces_runner.domain.front_matter import FrontMatter, ReadFrontMatter
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.space_folder import SourceText, SpaceFinding, SpaceFolder, at_most, doubt, fine, wrong
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.planning.check_names import files_in, shown
from hf_spaces_runner.planning.dockerfile import read_dockerfile
from hf_spaces_runner.registry.front_matter import NO_SDK

README = "README.md"
DOCKERFILE = "Dockerfile"
REQUIREMENTS = "requirements.txt"
PACKAGES = "packages.txt"
_SIGNS = {DOCKERFILE: Sdk.DOCKER, "app.py": Sdk.GRADIO, "index.html": Sdk.STATIC}
_LONGEST_MESSAGE = 500
_LFS_POINTER = "version https://git-lfs.github.com/spec/v1"
_NAMES = {
    "folder": "everything in it could be looked at",
    "front_matter": "all its values are what the Hub takes",
    "app": "what README.md names is there",
    "dockerfile": "it fits README.md",
    "requirements": "pip can read them, and none fights the SDK",
    "packages": "apt can read them",
    "source": "all of it can be read",
    "address": "no server was seen that listens elsewhere",
    "share": "no public tunnel is asked for",
    "secrets": "none was seen",
    "large_files": "none is too large for a push, none is only a pointer",
    "names": "their case fits, and no two differ by it only",
    "links": "none leads out of the folder",
    "line_ends": "no script has those of Windows",
}
_ADDRESS_OPTION = re.compile(
    r"(?:--(?:host|bind|ip|server[._-](?:name|address))|-b)[\"', =]+(?:127\.0\.0\.1|localhost)\b"
)
_HOST_OPTION = re.compile(r"--(?:host|uds|fd)\b|0\.0\.0\.0")
_PORT_OPTION = re.compile(r"--(?:server[._-])?port[\"', =]+(?P<port>[0-9]{2,5})\b")
_PORT = re.compile(r"(?P<port>[0-9]{2,5})(?:/tcp)?")


def in_order(findings: Sequence[SpaceFinding], *, checked: frozenset[str]) -> tuple[SpaceFinding, ...]:
    """Return `findings` in the order of their checks, with a line for each of `checked` that found nothing."""
    ordered: list[SpaceFinding] = []
    for name, message in _NAMES.items():
        found = [finding for finding in findings if finding.name == name]
        found.sort(key=lambda finding: (finding.status is not Health.FAIL, finding.file or "", finding.line or 0))
        ordered.extend(_printable(finding) for finding in at_most(found))
        if not found and name in checked:
            ordered.append(fine(name, message))
    return tuple(ordered)


def _printable(finding: SpaceFinding) -> SpaceFinding:
    """Return `finding` as a terminal can show it: names and words of a stranger's files stand in it."""
    return replace(
        finding,
        message=one_line(finding.message, limit=_LONGEST_MESSAGE),
        fix=None if finding.fix is None else one_line(finding.fix, limit=_LONGEST_MESSAGE),
        file=None if finding.file is None else one_line(finding.file, limit=_LONGEST_MESSAGE),
    )


def check_readme(read: ReadFrontMatter, folder: SpaceFolder) -> Iterator[SpaceFinding]:
    """Say what is wrong with the front matter."""
    for fault in read.faults:
        if fault.message == NO_SDK:
            names = set(files_in(folder))
            sign = next((name for name in _SIGNS if name in names), None)
            if sign is not None:
                fix = f"there is a {sign}: write sdk: {_SIGNS[sign]}"
                yield wrong("front_matter", f"sdk: {fault.message}", fix, file=README, line=fault.line)
                continue
        said = f"{fault.key}: {fault.message}" if fault.key else fault.message
        say = wrong if fault.status is Health.FAIL else doubt
        yield say("front_matter", said, fault.fix, file=README, line=fault.line)


def check_missing_readme(folder: SpaceFolder) -> SpaceFinding:
    """Say what is to be done where there is no README.md: the name is in the wrong case, or nothing is there."""
    if not folder.entries:
        return wrong("folder", "the folder is empty", f"put a {README} with front matter there, and the app beside it")
    near = next((name for name in files_in(folder) if name.lower() == README.lower()), None)
    if near is not None:
        return wrong(
            "front_matter", f"it is called {near}, and the Hub reads {README}", f"rename it {README}", file=near
        )
    beside = next((f"sdk: {sdk}" for sign, sdk in _SIGNS.items() if sign in set(files_in(folder))), "sdk: gradio")
    said = f"there is no {README}, so this is not the source of a Space"
    return wrong("front_matter", said, f"write {README}, beginning with the lines ---, {beside}, ---")


def check_app(folder: SpaceFolder, front: FrontMatter) -> Iterator[SpaceFinding]:
    """Say which of the files that the SDK needs are missing, and which do nothing."""
    names = set(files_in(folder))
    line = front.lines.get("app_file")
    if front.sdk is Sdk.DOCKER:
        if DOCKERFILE not in names:
            yield from _missing(DOCKERFILE, names, f"add a {DOCKERFILE}, or correct sdk", front.lines["sdk"])
        return
    if DOCKERFILE in names:
        said = f"the {DOCKERFILE} does nothing where sdk is {front.sdk}"
        yield doubt("app", said, f"write sdk: docker, or remove the {DOCKERFILE}", file=README, line=front.lines["sdk"])
    if front.app_file not in names and not (front.sdk is Sdk.STATIC and front.app_build_command):
        yield from _missing(front.app_file, names, "add it, or name another with app_file", line or front.lines["sdk"])
    elif front.sdk is Sdk.GRADIO and not front.app_file.endswith(".py"):
        yield doubt(
            "app", f"app_file: {front.app_file} is no file of Python", "name the app's file", file=README, line=line
        )


def check_missing_requirements(missing: dict[str, tuple[str, int]]) -> Iterator[SpaceFinding]:
    """Doubt a Space that imports packages and has no list of them."""
    if missing:
        some = sorted(missing)
        named = ", ".join(some[:5]) + (" and others" if len(some) > 5 else "")  # noqa: PLR2004 - a line's length
        file, line = missing[some[0]]
        said = f"there is no {REQUIREMENTS}, and the code imports {named}"
        yield doubt("requirements", said, f"add {REQUIREMENTS} with what the app needs", file=file, line=line)


def check_dockerfile(text: str, front: FrontMatter) -> Iterator[SpaceFinding]:
    """Say what keeps the container of this Dockerfile from answering on `app_port`."""
    read = read_dockerfile(text)
    if not read.stages:
        yield wrong("dockerfile", "it has no FROM", "begin it with FROM and an image", file=DOCKERFILE, line=1)
        return
    last = read.stages[-1].instruction.line
    in_last = [instruction for instruction in read.instructions if instruction.line >= last]
    exposed = [
        (found["port"], one.line) for one in in_last if one.keyword == "EXPOSE" for found in _PORT.finditer(one.text)
    ]
    if exposed and str(front.app_port) not in {port for port, _ in exposed}:
        said = f"EXPOSE names port {exposed[0][0]}, and the Hub asks port {front.app_port} (app_port)"
        fix = f"write app_port: {exposed[0][0]} in {README}, or listen on {front.app_port}"
        yield doubt("dockerfile", said, fix, file=DOCKERFILE, line=exposed[0][1])
    for one in in_last:
        if one.keyword not in {"CMD", "ENTRYPOINT"}:
            continue
        asked = _PORT_OPTION.search(one.text)
        if _ADDRESS_OPTION.search(one.text):
            said = f"{one.keyword} listens on 127.0.0.1: nobody outside the container reaches it"
            yield doubt("dockerfile", said, "listen on 0.0.0.0", file=DOCKERFILE, line=one.line)
        elif re.search(r"\b(?:uvicorn|flask)\b", one.text) and not _HOST_OPTION.search(one.text):
            said = f"{one.keyword} names no address, and listens on 127.0.0.1 then"
            yield doubt("dockerfile", said, "add --host 0.0.0.0", file=DOCKERFILE, line=one.line)
        if asked and int(asked["port"]) != front.app_port:
            said = f"{one.keyword} listens on port {asked['port']}, and the Hub asks port {front.app_port} (app_port)"
            fix = f"write app_port: {asked['port']} in {README}, or listen on {front.app_port}"
            yield doubt("dockerfile", said, fix, file=DOCKERFILE, line=one.line)


def check_text(source: SourceText) -> Iterator[SpaceFinding]:
    """Say what of a text's form is in the way: line ends of Windows, a byte order mark, a pointer of LFS."""
    name, text = shown(source.name), source.text or ""
    is_script = text.startswith("#!") or PurePosixPath(source.name).suffix in {".sh", ".bash"}
    if is_script and "\r\n" in text:
        said = "has the line ends of Windows: the first line then names a program that is not there"
        yield doubt("line_ends", said, "save it with LF; *.sh text eol=lf in .gitattributes keeps it so", file=name)
    if source.name == PACKAGES and "\r" in text:
        said = "has the line ends of Windows, and apt takes them for part of a name"
        yield doubt("line_ends", said, "save it with LF", file=name)
    if source.has_mark and (is_script or source.name in {README, DOCKERFILE, PACKAGES}):
        said = "begins with a byte order mark, which not every reader passes over"
        yield doubt("line_ends", said, "save it as UTF-8 without BOM", file=name, line=1)
    if text.startswith(_LFS_POINTER):
        yield doubt("large_files", "is only the pointer of a file of LFS", "git lfs pull", file=name)


def _missing(wanted: str, names: set[str], fix: str, line: int) -> Iterator[SpaceFinding]:
    near = next((name for name in sorted(names) if name.casefold() == wanted.casefold()), None)
    said = f"there is no {wanted} here"
    if near is not None:
        said, fix = f"{said}, only {shown(near)}: names are case-sensitive", f"rename it {wanted}"
    yield wrong("app", said, fix, file=README, line=line)
