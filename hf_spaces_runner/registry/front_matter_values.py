"""Reads the values of a Space's front matter, each by the rules that the Hub has for its key.

Values are taken as they are written, so that `python_version: 3.10` does not lose its last digit.
"""

import difflib
import re
import unicodedata
from collections.abc import Callable, Collection
from pathlib import PurePosixPath

import yaml

from hf_spaces_runner.domain.front_matter import Preload
from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import parse_duration

Converter = Callable[[yaml.Node], object]

COLOURS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
HARDWARE = (
    *("cpu-basic", "cpu-upgrade", "zero-a10g", "t4-small", "t4-medium", "l4x1", "l4x4", "l40sx1", "l40sx4", "l40sx8"),
    *("a10g-small", "a10g-large", "a10g-largex2", "a10g-largex4", "a100-large", "a100x4", "a100x8"),
    *("rtx-pro-6000", "rtx-pro-6000x2", "rtx-pro-6000x4", "rtx-pro-6000x8", "v5e-1x1", "v5e-2x2", "v5e-2x4"),
)
"""huggingface_hub's `SpaceHardware`, and the TPUs of the Hub's documentation; the Hub adds others now and then."""
STORAGE = ("small", "medium", "large")
HEADERS = {
    "cross-origin-embedder-policy": ("unsafe-none", "require-corp", "credentialless"),
    "cross-origin-opener-policy": ("unsafe-none", "same-origin-allow-popups", "same-origin"),
    "cross-origin-resource-policy": ("same-site", "same-origin", "cross-origin"),
}
MAX_SHORT_DESCRIPTION = 60
MAX_OAUTH_MINUTES = 43200
_MAX_TEXT = 1000
_MAX_ITEMS = 1000
_MAX_REPO = 96
_VERSION = re.compile(r"[0-9]+(\.[0-9]+){0,3}((a|b|rc|\.post|\.dev)[0-9]+)?")
_PYTHON_VERSION = re.compile(r"3\.[0-9]{1,2}(\.[0-9]{1,3})?")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGITS = re.compile(r"[0-9]{1,9}")
_KEYCAP = "\u20e3"


class WrongValueError(ValueError):
    """A value that cannot be; `node` is where it stands, `fix` how to correct it."""

    def __init__(self, node: yaml.Node, message: str, fix: str) -> None:
        super().__init__(message)
        self.node = node
        self.message = message
        self.fix = fix


def is_empty(node: yaml.Node) -> bool:
    """Return whether `node` is the null of YAML, which is as if the key were missing."""
    return isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null"


def text(node: yaml.Node) -> str:
    """Return a text, whatever YAML would take it for."""
    if not isinstance(node, yaml.ScalarNode):
        raise WrongValueError(node, "it must be a text", "write one value behind the colon")
    value: str = node.value
    if len(value) > _MAX_TEXT:
        raise WrongValueError(node, f"it is longer than {_MAX_TEXT} characters", "shorten it")
    return value


def short_text(node: yaml.Node) -> str:
    """Return a text of at most 60 characters; the Hub refuses a longer `short_description`."""
    value = text(node)
    if len(value) > MAX_SHORT_DESCRIPTION:
        said = f"it has {len(value)} characters, and the Hub takes {MAX_SHORT_DESCRIPTION}"
        raise WrongValueError(node, said, f"shorten it to {MAX_SHORT_DESCRIPTION} characters")
    return value


def truth(node: yaml.Node) -> bool:
    """Return a boolean; `yes` and `on` are ones in old YAML only, and not for the Hub."""
    value = text(node)
    if value.lower() not in {"true", "false"}:
        raise WrongValueError(node, f"it must be true or false, not {_shown(value)}", "write true or false")
    return value.lower() == "true"


def whole_number(low: int, high: int) -> Converter:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(node: yaml.Node) -> int:
        value = text(node)
        if _DIGITS.fullmatch(value) is None or not low <= int(value) <= high:
            said = f"it must be a whole number from {low} to {high}, not {_shown(value)}"
            raise WrongValueError(node, said, f"write a number from {low} to {high}")
        return int(value)

    return read


def one_of(choices: Collection[str]) -> Converter:
    """Return a reader of one of `choices`."""

    def read(node: yaml.Node) -> str:
        value = text(node)
        if value not in choices:
            said = f"{_shown(value)} is none of {', '.join(choices)}"
            raise WrongValueError(node, said, near(value, choices) or f"write one of {', '.join(choices)}")
        return value

    return read


def near(value: str, choices: Collection[str]) -> str | None:
    """Return the advice to write the nearest of `choices` instead; None where none is near."""
    found = difflib.get_close_matches(value[:100].lower(), choices, n=1, cutoff=0.6)
    return f"write {found[0]}" if found else None


def sdk(node: yaml.Node) -> Sdk:
    """Return the SDK."""
    return Sdk(str(one_of([*Sdk])(node)))


def version(node: yaml.Node) -> str:
    """Return a version of the SDK, such as 5.49.1."""
    value = text(node)
    if len(value) > 40 or _VERSION.fullmatch(value) is None:  # noqa: PLR2004 - no version is longer
        raise WrongValueError(node, f"{_shown(value)} is not a version", "write one version in digits, such as 5.49.1")
    return value


def python_version(node: yaml.Node) -> str:
    """Return a version of Python 3."""
    value = text(node)
    if _PYTHON_VERSION.fullmatch(value) is None:
        said = f"{_shown(value)} is not a version of Python 3"
        raise WrongValueError(node, said, 'write 3.x or 3.x.y in quotes, such as "3.11"')
    return value


def path_inside(node: yaml.Node) -> str:
    """Return a path inside the Space's folder, without `./`."""
    value = text(node)
    parts = PurePosixPath(value).parts
    if not parts or value.startswith(("/", "-")) or ".." in parts or "\\" in value or not value.isprintable():
        fix = "write it from the top of the folder, with /, such as app.py"
        raise WrongValueError(node, f"it must be a path inside the folder, not {_shown(value)}", fix)
    return str(PurePosixPath(value))


def base_path(node: yaml.Node) -> str:
    """Return the path that the Space's page opens first."""
    value = text(node)
    if not value.startswith("/") or not value.isprintable():
        said = f"it must begin with /, and is {_shown(value)}"
        raise WrongValueError(node, said, f"write /{one_line(value, limit=40).lstrip('/')}")
    return value


def emoji(node: yaml.Node) -> str:
    """Return an emoji. What is none for certain is refused; which sequences there are, the Hub knows."""
    value = text(node)
    keycap = value.endswith(_KEYCAP)
    if not value or (not keycap and any(_is_of_a_text(character) for character in value)):
        raise WrongValueError(node, f"{_shown(value)} is not an emoji", "write one emoji, such as 🚀")
    return value


def _is_of_a_text(character: str) -> bool:
    return character.isascii() or unicodedata.category(character)[0] in {"L", "N", "Z"}


def texts(node: yaml.Node) -> tuple[str, ...]:
    """Return a list of texts."""
    if not isinstance(node, yaml.SequenceNode):
        raise WrongValueError(node, "it must be a list", "write each item on a line of its own, behind `- `")
    if len(node.value) > _MAX_ITEMS:
        raise WrongValueError(node, f"it has more than {_MAX_ITEMS} items", "shorten the list")
    for item in node.value:
        if not isinstance(item, yaml.ScalarNode) or is_empty(item) or not item.value.strip():
            raise WrongValueError(item, "each item must be a text", "remove the item, or write its text behind `- `")
    return tuple(text(item) for item in node.value)


def text_or_texts(node: yaml.Node) -> tuple[str, ...]:
    """Return a text, or a list of them, as a list."""
    return texts(node) if isinstance(node, yaml.SequenceNode) else (text(node),)


def repositories(node: yaml.Node) -> tuple[str, ...]:
    """Return a list of ids of models or datasets."""
    ids = texts(node)
    for item, name in zip(node.value, ids, strict=True):
        _check_repository(item, name)
    return ids


def preloads(node: yaml.Node) -> tuple[Preload, ...]:
    """Return the items of `preload_from_hub`: `repo`, `repo file1,file2`, `repo file1,file2 commit`."""
    return tuple(_preload(item, said) for item, said in zip(node.value, texts(node), strict=True))


def _preload(node: yaml.Node, said: str) -> Preload:
    repo, *more = said.split()
    _check_repository(node, repo)
    fix = "write `user/name`, `user/name file1,file2` or `user/name file1,file2 commit`, where commit has 40 digits"
    if len(more) > 2:  # noqa: PLR2004 - files and a commit
        raise WrongValueError(node, f"{_shown(said)} has more than three parts", fix)
    if len(more) > 1 and _COMMIT.fullmatch(more[1]) is None:
        raise WrongValueError(node, f"{_shown(more[1])} is not a commit", fix)
    files = tuple(name for name in more[0].split(",") if name) if more else ()
    for name in files:
        if name.startswith(("/", "-")) or ".." in PurePosixPath(name).parts or not name.isprintable():
            raise WrongValueError(node, f"{_shown(name)} is not a file of a repository", fix)
    return Preload(repo=repo, files=files, revision=more[1] if len(more) > 1 else None)


def _check_repository(node: yaml.Node, name: str) -> None:
    if len(name) > _MAX_REPO or _REPO.fullmatch(name) is None or ".." in name or "--" in name:
        said = f"{_shown(name)} is not the id of a repository"
        raise WrongValueError(node, said, "write it as on the Hub, user/name, without an address before it")


def duration_s(node: yaml.Node) -> float:
    """Return the seconds that a duration such as `1h` or `30m` names."""
    value = text(node)
    try:
        return parse_duration(value)
    except ValueError as error:
        raise WrongValueError(node, f"{_shown(value)} is not a duration", "write such as 30m or 1h") from error


def custom_headers(node: yaml.Node) -> dict[str, str]:
    """Return the headers of HTTP that the Hub lets a Space set, their names in lower case."""
    if not isinstance(node, yaml.MappingNode):
        raise WrongValueError(node, "it must be a list of `name: value` lines", "indent one line for each header")
    headers: dict[str, str] = {}
    for key, value in node.value:
        name = text(key).lower()
        if name not in HEADERS:
            said = f"{_shown(name)} is no header that the Hub lets a Space set"
            raise WrongValueError(key, said, near(name, HEADERS) or f"the Hub takes {', '.join(HEADERS)}")
        headers[name] = str(one_of(HEADERS[name])(value))
    return headers


def _shown(value: str) -> str:
    return repr(one_line(value, limit=60))
