"""Reads the front matter of a Space's README.md and says of each key what is wrong with it, where, and how to mend it.

Facts: hf-spaces.md section 1, and https://huggingface.co/docs/hub/spaces-config-reference.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from hf_spaces_runner.domain.finding import Health
from hf_spaces_runner.domain.front_matter import FrontMatter, FrontMatterFault, ReadFrontMatter
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import InvalidRegistryError
from hf_spaces_runner.registry import front_matter_values as values
from hf_spaces_runner.registry.yaml_source import YamlProblem, composed, parse_yaml

MAX_BLOCK_LENGTH = 64 * 1024
"""In characters; real ones have some hundred."""
NO_SDK = "it is missing, so nobody knows how to build the Space"
_MOST_COMPARED = 100
"""Unknown keys that are looked at as misspelt ones, which takes a while."""
_FENCE = re.compile(r"\A---[ \t]*\r?\n(?P<block>.*?)^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_LATER_FENCE = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)
_REFERENCE = "see https://huggingface.co/docs/hub/spaces-config-reference"
_FIRST_LINES = "begin README.md with the lines ---, sdk: gradio, ---"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Key:
    """A key that is known: which field of `FrontMatter` it fills, how, and what a wrong value means."""

    field: str
    read: values.Converter
    stops_build: bool = False
    status: Health = Health.FAIL


_KEYS = {
    "sdk": _Key(field="sdk", read=values.sdk, stops_build=True),
    "sdk_version": _Key(field="sdk_version", read=values.version, stops_build=True),
    "python_version": _Key(field="python_version", read=values.python_version, stops_build=True),
    "app_file": _Key(field="app_file", read=values.path_inside, stops_build=True),
    "app_port": _Key(field="app_port", read=values.whole_number(1, 65535), stops_build=True),
    "app_build_command": _Key(field="app_build_command", read=values.text, stops_build=True),
    "base_path": _Key(field="base_path", read=values.base_path),
    # The Hub has new hardware more often than this program has releases.
    "suggested_hardware": _Key(field="suggested_hardware", read=values.one_of(values.HARDWARE), status=Health.WARN),
    "suggested_storage": _Key(field="suggested_storage", read=values.one_of(values.STORAGE)),
    "startup_duration_timeout": _Key(field="startup_timeout_s", read=values.duration_s),
    "preload_from_hub": _Key(field="preload_from_hub", read=values.preloads, stops_build=True),
    "custom_headers": _Key(field="custom_headers", read=values.custom_headers),
    "models": _Key(field="models", read=values.repositories),
    "datasets": _Key(field="datasets", read=values.repositories),
    "tags": _Key(field="tags", read=values.texts),
    "license": _Key(field="license", read=values.text_or_texts),
    "title": _Key(field="title", read=values.text),
    "emoji": _Key(field="emoji", read=values.emoji),
    "colorFrom": _Key(field="color_from", read=values.one_of(values.COLOURS)),
    "colorTo": _Key(field="color_to", read=values.one_of(values.COLOURS)),
    "short_description": _Key(field="short_description", read=values.short_text),
    "thumbnail": _Key(field="thumbnail", read=values.text),
    "header": _Key(field="header", read=values.one_of(("default", "mini"))),
    "pinned": _Key(field="pinned", read=values.truth),
    "fullWidth": _Key(field="full_width", read=values.truth),
    "disable_embedding": _Key(field="disable_embedding", read=values.truth),
    "hf_oauth": _Key(field="hf_oauth", read=values.truth),
    "hf_oauth_scopes": _Key(field="hf_oauth_scopes", read=values.texts),
    "hf_oauth_expiration_minutes": _Key(
        field="hf_oauth_expiration_minutes", read=values.whole_number(1, values.MAX_OAUTH_MINUTES)
    ),
    "hf_oauth_authorized_org": _Key(field="hf_oauth_authorized_org", read=values.text_or_texts),
}
_OF_OTHER_CARDS = frozenset(
    {"language", "library_name", "pipeline_tag", "base_model", "metrics", "license_name", "license_link", "inference"}
)
"""Keys of models and datasets, which many Spaces carry along."""


def parse_front_matter(text: str, path: Path) -> FrontMatter:
    """Return the front matter that `text`, the content of the file at `path`, begins with, for a build.

    A fault that keeps nobody from building, such as the colour of a thumbnail, is passed over: `hfsr validate` tells.

    Raises:
        InvalidRegistryError: no build can go on with it; the message names file:line:column of each such fault.
    """
    read = read_front_matter(text)
    stopping = [fault for fault in read.faults if fault.stops_build]
    if read.front_matter is None or stopping:
        raise InvalidRegistryError(
            "\n".join(fault.at(str(path)) for fault in stopping), hint=f"{stopping[0].fix}; {_REFERENCE}"
        )
    return read.front_matter


def read_front_matter(text: str) -> ReadFrontMatter:
    """Return the front matter that `text`, the content of a README.md, begins with, and all that is wrong with it.

    Aliases, deep nesting and long blocks are refused before anything is built of them.
    """
    text = text.removeprefix("\ufeff")
    # No block that may be read ends later, and a text of any size costs nothing.
    match = _FENCE.match(text[: MAX_BLOCK_LENGTH + 16])
    if match is None:
        return ReadFrontMatter(front_matter=None, faults=(_no_block(text),))
    block = match["block"]
    try:
        plain = parse_yaml(block)
        node = composed(block)
    except YamlProblem as problem:
        said = f"this is not YAML that can be read: {problem.message}"
        return _refused(problem.line + 2, problem.column + 1, said, problem.fix or "correct the line")
    if not isinstance(plain, dict) or not isinstance(node, yaml.MappingNode):
        return _refused(2, 1, "the front matter is not a list of `key: value` lines", _FIRST_LINES)
    return _read(node, plain)


def _read(node: yaml.MappingNode, plain: Mapping[Any, object]) -> ReadFrontMatter:
    faults: list[FrontMatterFault] = []
    found: dict[str, Any] = {}
    lines: dict[str, int] = {}
    extra: dict[str, object] = {}
    marks: dict[str, Any] = {}
    by_name = {str(name): value for name, value in plain.items()}
    for key_node, value_node in node.value:
        name = str(key_node.value)
        lines[name] = key_node.start_mark.line + 2
        marks[name] = value_node.start_mark
        key = _KEYS.get(name)
        if key is None:
            extra[name] = by_name.get(name, value_node.value)
            if len(extra) <= _MOST_COMPARED:
                faults.extend(_misspelt(name, key_node))
        elif not values.is_empty(value_node):
            try:
                found[key.field] = key.read(value_node)
                faults.extend(_doubted(name, value_node))
            except values.WrongValueError as error:
                faults.append(
                    _fault(name, error.node.start_mark, error.message, error.fix, key.status, stops=key.stops_build)
                )
    wrong = {fault.key for fault in faults if fault.status is Health.FAIL}
    if "sdk" not in found:
        if "sdk" not in wrong:
            faults.insert(0, _no_sdk(lines))
        return ReadFrontMatter(front_matter=None, faults=tuple(faults))
    found.setdefault("app_file", "index.html" if found["sdk"] is Sdk.STATIC else "app.py")
    front_matter = FrontMatter(**found, extra=extra, lines=lines)
    faults.extend(_at_odds(front_matter, marks, wrong))
    return ReadFrontMatter(front_matter=front_matter, faults=tuple(sorted(faults, key=lambda fault: fault.line)))


def _no_block(text: str) -> FrontMatterFault:
    later = _LATER_FENCE.search(text[:MAX_BLOCK_LENGTH])
    line, fix = 1, _FIRST_LINES
    if later is None:
        said = "no front matter: the file must begin with a block of YAML between two lines of ---"
    elif later.start() > 0:
        line = text.count("\n", 0, later.start()) + 1
        said = "the front matter does not begin on the first line"
        fix = "remove what stands before ---, blank lines as well"
    elif len(text) > MAX_BLOCK_LENGTH:
        said = f"the front matter does not end within {MAX_BLOCK_LENGTH // 1024} KiB"
        fix = "end it with a second line of ---"
    else:
        said, fix = "the front matter does not end", "end it with a second line of ---"
    return FrontMatterFault(key="", line=line, column=1, message=said, fix=fix, stops_build=True)


def _no_sdk(lines: Mapping[str, int]) -> FrontMatterFault:
    near = next((name for name in lines if name.lower() == "sdk"), None)
    fix = "write sdk: gradio, docker or static" if near is None else f"write sdk, not {near}"
    return FrontMatterFault(
        key="sdk", line=2 if near is None else lines[near], column=1, message=NO_SDK, fix=fix, stops_build=True
    )


def _misspelt(name: str, node: yaml.Node) -> Iterator[FrontMatterFault]:
    """Doubt a key that is nearly one of ours; others are the user's own affair."""
    if name in _OF_OTHER_CARDS:
        return
    wanted = {key.lower().replace("_", ""): key for key in _KEYS}
    flat = re.sub(r"[-_ ]", "", name[:40].lower())
    near = difflib.get_close_matches(flat, wanted, n=1, cutoff=0.85)
    if near:
        shown = one_line(name, limit=40)
        said = f"the Hub knows no such key, and passes over {shown!r}"
        yield _fault(shown, node.start_mark, said, f"write {wanted[near[0]]}", Health.WARN)


def _doubted(name: str, node: yaml.Node) -> Iterator[FrontMatterFault]:
    """Doubt what may be read in another way than it was meant, or is new to us."""
    if name in {"sdk_version", "python_version"} and node.tag == "tag:yaml.org,2002:float":
        number = f"{float(node.value):g}"
        if number != node.value:
            said = f"without quotes YAML reads it as the number {number}"
            yield _fault(name, node.start_mark, said, f'write {name}: "{node.value}"', Health.WARN)
    if name == "license":
        from hf_spaces_runner.registry.licences import LICENCES  # noqa: PLC0415 - read only where one is named

        for licence in values.text_or_texts(node):
            if licence not in LICENCES:
                said = f"the Hub's list has no licence {one_line(licence, limit=60)!r}"
                fix = values.near(licence, LICENCES) or "write license: other, with license_name and license_link"
                yield _fault(name, node.start_mark, said, fix, Health.WARN)
    if name == "thumbnail" and not str(node.value).startswith(("https://", "http://")):
        yield _fault(name, node.start_mark, "it is not an address", "write one that begins with https://", Health.WARN)


def _at_odds(front: FrontMatter, marks: Mapping[str, Any], wrong: set[str]) -> Iterator[FrontMatterFault]:
    """Doubt keys that mean nothing beside the others."""

    def doubt(key: str, said: str, fix: str) -> FrontMatterFault:
        return _fault(key, marks.get(key) or marks["sdk"], said, fix, Health.WARN)

    if front.sdk is Sdk.STREAMLIT:
        said = "streamlit is no SDK of new Spaces since 2025-04-30"
        yield doubt(
            "sdk", said, "write sdk: docker, with a Dockerfile that runs streamlit on port 8501 and app_port: 8501"
        )
    if front.sdk in {Sdk.GRADIO, Sdk.STREAMLIT} and front.sdk_version is None and "sdk_version" not in wrong:
        said = f"it is missing: the version of {front.sdk} is then not the one that the app was made with"
        yield doubt("sdk_version", said, f"write sdk_version, with the output of pip show {front.sdk}")
    only = {"app_port": Sdk.DOCKER, "app_build_command": Sdk.STATIC}
    for key, sdk in only.items():
        if key in front.lines and key not in wrong and front.sdk is not sdk:
            yield doubt(key, f"it counts only where sdk is {sdk}", "remove it")
    if front.base_path and front.sdk is Sdk.STATIC:
        yield doubt("base_path", "it does not count where sdk is static", "name the page with app_file")
    if not front.hf_oauth:
        for key in ("hf_oauth_scopes", "hf_oauth_expiration_minutes", "hf_oauth_authorized_org"):
            if key in front.lines:
                yield doubt(key, "it does not count without hf_oauth: true", "add hf_oauth: true, or remove it")


def _refused(line: int, column: int, said: str, fix: str) -> ReadFrontMatter:
    fault = FrontMatterFault(key="", line=line, column=column, message=said, fix=fix, stops_build=True)
    return ReadFrontMatter(front_matter=None, faults=(fault,))


def _fault(key: str, mark: Any, said: str, fix: str, status: Health, *, stops: bool = False) -> FrontMatterFault:  # noqa: ANN401 - the C parser's marks have a type of their own
    # The block begins on the second line of the file, behind the first fence.
    return FrontMatterFault(
        key=key,
        line=mark.line + 2,
        column=mark.column + 1,
        message=said,
        fix=fix,
        status=status,
        stops_build=stops and status is Health.FAIL,
    )
