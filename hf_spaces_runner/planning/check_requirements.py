"""Reads what a Space asks of pip and apt, as far as it can be seen to fail before anything is installed."""

import re
from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from hf_spaces_runner.domain.front_matter import FrontMatter
from hf_spaces_runner.domain.space_folder import SpaceFinding, doubt, wrong
from hf_spaces_runner.domain.terminal import one_line

_COMMENT = re.compile(r"(?:^|\s)#.*$")
_OPTIONS = re.compile(r"\s--(?:hash|config-settings?|global-option)\b.*$")
# Debian policy 5.6.1 for the name, 5.6.12 for the version.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]+(?::[a-z0-9]+)?(?:=[0-9][A-Za-z0-9.+~:-]*)?")
_MOST_LINES = 2000
_LONGEST_LINE = 1000


def requirements_of(text: str) -> Iterator[tuple[int, Requirement | str]]:
    """Yield each requirement of a `requirements.txt` with its line; a text where it is not one.

    Options of pip, paths and bare addresses are passed over: only pip knows what they bring.
    """
    pending, first = "", 0
    for number, line in enumerate(text.splitlines()[:_MOST_LINES], start=1):
        first = first if pending else number
        pending += line[:_LONGEST_LINE]
        if pending.endswith("\\") and len(pending) < _LONGEST_LINE:
            pending = pending[:-1]
            continue
        said = _OPTIONS.sub("", _COMMENT.sub("", pending)).strip()
        pending = ""
        is_address = "://" in said.split("@")[0] or said.endswith((".whl", ".tar.gz", ".zip"))
        if not said or said.startswith(("-", ".", "/")) or is_address:
            continue
        try:
            yield first, Requirement(said)
        except (InvalidRequirement, RecursionError):  # the library reads brackets inside brackets by recursion
            yield first, said


def check_requirements(name: str, text: str, front_matter: FrontMatter | None) -> Iterator[SpaceFinding]:
    """Say which lines of `text` pip cannot read, and which fight the version of the SDK in the front matter."""
    sdk = None if front_matter is None else front_matter.sdk
    version = None if front_matter is None else front_matter.sdk_version
    for line, requirement in requirements_of(text):
        if isinstance(requirement, str):
            said = f"{one_line(requirement, limit=80)!r} is not a requirement that pip reads"
            yield wrong("requirements", said, "write such as pandas>=2.2, one on a line", file=name, line=line)
        elif str(canonicalize_name(requirement.name)) == sdk and version and not _fits(requirement, version):
            said = f"{requirement} does not fit sdk_version: {version} of README.md, which the Hub installs beside it"
            yield doubt("requirements", said, f"remove the line; the Hub brings {sdk}", file=name, line=line)


def _fits(requirement: Requirement, version: str) -> bool:
    """Return whether `version` may be installed; where a marker or an address decides, nobody here knows."""
    decided_elsewhere = requirement.marker is not None or requirement.url is not None
    return decided_elsewhere or requirement.specifier.contains(version, prereleases=True)


def check_packages(name: str, text: str) -> Iterator[SpaceFinding]:
    """Say which lines of a `packages.txt` apt cannot install; the Hub gives it each word, those of a comment too."""
    for number, line in enumerate(text.splitlines()[:_MOST_LINES], start=1):
        package, sign, _ = line.partition("#")
        for word in package.split():
            if _PACKAGE.fullmatch(word) is None:
                said = f"{one_line(word, limit=60)!r} is not the name of a Debian package"
                yield wrong("packages", said, "write one name on a line, without options", file=name, line=number)
        if sign:
            yield doubt("packages", "the Hub knows no comments here", "remove what follows #", file=name, line=number)
