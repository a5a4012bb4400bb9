"""Reads a Dockerfile as far as a build has to know it: its instructions, its stages, and who its container runs as.

Source: https://docs.docker.com/reference/dockerfile/, and moby's `frontend/dockerfile/parser`, whose rules for
directives, comments and continued lines these are.
"""

import re
import shlex
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

_DIRECTIVE = re.compile(r"#\s*(?P<name>[A-Za-z][A-Za-z0-9]*)\s*=\s*(?P<value>.+?)\s*")
_FLAG = re.compile(r"\s*--(?P<name>[a-z-]+)(?:=(?P<value>\S*))?(?=\s|$)")
_VARIABLE = re.compile(r"\$(?:(?P<bare>\w+)|\{(?P<name>\w+)(?::?(?P<kind>[-+])(?P<other>[^}]*))?\})")
_MAX_VALUE = 4096
"""In characters; no name of an image is nearly as long. `ARG B=$A$A` makes a value twice as long, and again."""
_WITH_HEREDOC = frozenset({"RUN", "COPY", "ADD"})
_HEREDOC = re.compile(r"(?:^|\s)\d*<<-?(?P<quote>[\"']?)(?P<end>[A-Za-z_]\w*)(?P=quote)(?=\s|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction: `keyword` in capitals, its flags (`--from` with its value), and what follows them.

    `line` is where it begins and `last_line` where it ends, `column` where its keyword stands, all from 1.
    """

    keyword: str
    flags: Mapping[str, str]
    text: str
    line: int
    last_line: int
    column: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage: the image that it begins with, and who it runs as; `user` is None where nothing in the file says it.

    `image` has its variables filled in, and is empty where one of them has no value. `is_external` tells an image
    that the engine must have from an earlier stage and from `scratch`.
    """

    instruction: Instruction
    image: str
    name: str
    is_external: bool
    user: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A Dockerfile in parts. `lines` are those of the text; `ends_inside` says that the last one asks for another."""

    lines: tuple[str, ...]
    instructions: tuple[Instruction, ...]
    stages: tuple[Stage, ...]
    ends_inside: bool = False

    def heredoc(self, instruction: Instruction) -> str | None:
        """Return the word that ends the heredoc of `instruction`, None where it has none whose end is there."""
        for found in _HEREDOC.finditer(instruction.text if instruction.keyword in _WITH_HEREDOC else ""):
            if any(line.strip() == found["end"] for line in self.lines[instruction.last_line :]):
                return found["end"]
        return None


def read_dockerfile(text: str, arguments: Mapping[str, str] | None = None) -> Dockerfile:
    """Return `text` in parts. `arguments` are the values of build arguments, which win over those of the file."""
    # Not str.splitlines: only a line feed ends a line of a Dockerfile.
    lines = tuple(line.removesuffix("\r") for line in text.removeprefix("\ufeff").removesuffix("\n").split("\n"))
    found: list[Instruction] = []
    ends_inside = False
    for instruction, ends_inside in _instructions(lines, _escape(lines)):  # noqa: B007 - what the last one says is kept
        found.append(instruction)
    stages = _stages(found, arguments or {})
    return Dockerfile(lines=lines, instructions=tuple(found), stages=stages, ends_inside=ends_inside)


def declared_arguments(read: Dockerfile) -> frozenset[str]:
    """Return the names of all build arguments that `read` declares, before its first FROM and in its stages."""
    texts = (instruction.text for instruction in read.instructions if instruction.keyword == "ARG")
    return frozenset(word.partition("=")[0] for text in texts for word in _words(text))


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote without its end, of which the engine will say what it thinks
        return text.split()


def is_built_on_argument(read: Dockerfile, name: str) -> bool:
    """Return whether an argument `name` before the first FROM is all that some FROM names as its image."""
    whole = re.compile(rf"[\"']?\$(?:{name}|\{{{name}(?::?-[^}}]*)?\}})[\"']?(?:\s|$)")
    return name in _global_arguments(read.instructions, {}) and any(
        whole.match(stage.instruction.text) for stage in read.stages
    )


def _escape(lines: tuple[str, ...]) -> str:
    """Return what continues a line; directives stand before everything else, comments included."""
    for line in lines:
        directive = _DIRECTIVE.fullmatch(line.strip())
        if directive is None:
            break
        if directive["name"].lower() == "escape":
            return directive["value"]
    return "\\"


def _instructions(lines: tuple[str, ...], escape: str) -> Iterator[tuple[Instruction, bool]]:
    """Yield each instruction, and whether the text ends before it does."""
    continued = re.compile(re.escape(escape) + r"[ \t]*$")
    places: dict[str, list[int]] = {}  # where each line stands, for the ends of heredocs
    for number, line in enumerate(lines):
        places.setdefault(line.strip(), []).append(number)
    number = 0
    while number < len(lines):
        first = number
        raw = lines[number]
        number += 1
        if not raw.strip() or raw.lstrip().startswith("#"):
            continue
        text, goes_on = continued.subn("", raw.lstrip())
        last = number
        while goes_on and number < len(lines):
            raw = lines[number]
            number += 1
            # Comments and empty lines stand between the lines of an instruction without ending it.
            if raw.strip() and not raw.lstrip().startswith("#"):
                more, goes_on = continued.subn("", raw)
                text += more
                last = number
        instruction = _instruction(text, first + 1, last, len(lines[first]) - len(lines[first].lstrip()) + 1)
        yield instruction, bool(goes_on)
        number = max(number, _end_of_heredocs(instruction, places))


def _end_of_heredocs(instruction: Instruction, places: Mapping[str, list[int]]) -> int:
    """Return the number of the line that ends the last heredoc of `instruction`: what stands before it is no other."""
    last = instruction.last_line
    if instruction.keyword in _WITH_HEREDOC:
        for found in _HEREDOC.finditer(instruction.text):
            ends = places.get(found["end"], [])
            end = bisect_left(ends, last)
            last = ends[end] + 1 if end < len(ends) else last
    return last


def _instruction(text: str, line: int, last_line: int, column: int) -> Instruction:
    keyword, *rest = text.split(maxsplit=1)
    text = rest[0].strip() if rest else ""
    flags: dict[str, str] = {}
    while flag := _FLAG.match(text):
        flags[f"--{flag['name']}"] = flag["value"] or ""
        text = text[flag.end() :].lstrip()
    return Instruction(keyword=keyword.upper(), flags=flags, text=text, line=line, last_line=last_line, column=column)


def _stages(instructions: list[Instruction], arguments: Mapping[str, str]) -> tuple[Stage, ...]:
    values = _global_arguments(instructions, arguments)
    stages: list[Stage] = []
    numbers: dict[str, int] = {}
    for instruction in instructions:
        if instruction.keyword == "FROM":
            words = instruction.text.split()
            image = _filled_in(words[0], values) if words else ""
            name = words[2].lower() if len(words) > 2 and words[1].upper() == "AS" else ""  # noqa: PLR2004 - FROM x AS y
            earlier = stages[numbers[image.lower()]] if image.lower() in numbers else None
            if name:
                numbers[name] = len(stages)
            stages.append(
                Stage(
                    instruction=instruction,
                    image=image,
                    name=name,
                    is_external=earlier is None and image != "scratch",
                    user=None if earlier is None else earlier.user,
                )
            )
        elif instruction.keyword == "USER" and stages:
            stages[-1] = replace(stages[-1], user=instruction.text)
    return tuple(stages)


def _global_arguments(instructions: Sequence[Instruction], arguments: Mapping[str, str]) -> dict[str, str]:
    """Return the arguments before the first FROM with their values; one without a value is empty."""
    values: dict[str, str] = {}
    for instruction in instructions:
        if instruction.keyword == "FROM":
            break
        if instruction.keyword == "ARG":
            for word in instruction.text.split():
                name, _, value = word.partition("=")
                values[name] = arguments.get(name, _filled_in(value, values))
    return values


def _filled_in(text: str, values: Mapping[str, str]) -> str:
    def value_of(found: re.Match[str]) -> str:
        value = values.get(found["bare"] or found["name"], "")
        if found["kind"] == "+":
            return _filled_in(found["other"], values) if value else ""
        return value or _filled_in(found["other"] or "", values)

    return _VARIABLE.sub(value_of, text.strip("\"'")[:_MAX_VALUE])[:_MAX_VALUE]
