"""Names why a step of a build failed, by what it printed: most causes lie in a requirement, the network or the disk."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import BuildError, Evidence, ImageError, NoSpaceLeftError, WrongArchitectureError
from hf_spaces_runner.images.build_log import MAX_LINE_LENGTH, BuildLog


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cause:
    """One cause: `pattern` is looked for in what the step printed, whatever its case; `{what}` is what it found."""

    pattern: str
    says: str
    error: type[ImageError] = BuildError
    verdict: str | None = None
    hint: str | None = None


_AGAIN = "then build again, which begins at this step"
# The first that fits wins. The texts are those of the kernel, pip 20 to 26, uv, apt, npm, curl, git and OpenSSL.
_CAUSES = (
    _Cause(
        pattern="no space left on device|disk quota exceeded|ENOSPC",
        error=NoSpaceLeftError,
        says="the disk of the engine is full",
    ),
    _Cause(
        pattern="certificate_verify_failed|certificate verify failed|self.signed certificate|unknownissuer",
        says="it does not trust the certificate of a server",
        verdict="build_untrusted",
        hint="the setting ca_bundle names the CA certificates that builds trust (hfsr config)",
    ),
    _Cause(
        pattern=r"newconnectionerror|failed to establish a new connection|name ?resolution|temporary failure resolving"
        r"|could not resolve|connect ?timeout|readtimeouterror|network is unreachable|no route to host|proxyerror"
        r"|could not connect to|connection refused|error sending request|dns error"
        r"|\b(?:ENOTFOUND|ETIMEDOUT|EAI_AGAIN)\b",
        says="it could not reach a server",
        verdict="build_offline",
        hint=f"check the network of the engine, its proxy and its DNS; {_AGAIN}",
    ),
    _Cause(
        pattern=r"`(?P<what>[^`]{1,100})` was filtered by `exclude-newer`.* published at ",
        says="{what}, or the version of it that is asked for, is from after the day of --as-of",
        verdict="too_new",
        hint="name a later day with --as-of: the lines above say when it was published",
    ),
    _Cause(
        pattern=r"`(?P<what>[^`]{1,100})` was filtered by `exclude-newer`",
        says="the package index does not say when {what} was uploaded",
        verdict="no_upload_times",
        hint="--as-of needs an index that does (PEP 700); leave it out, or have the base image name another to pip",
    ),
    _Cause(
        pattern=r"resolutionimpossible|resolution-too-deep|conflicting dependencies|no solution found when resolving",
        says="what it requires contradicts itself",
        verdict="dependency_conflict",
        hint="the lines above name the requirements that contradict each other or the SDK: correct requirements.txt",
    ),
    _Cause(
        pattern=r"(?:command|execute) '(?P<what>[^'\s]{1,100})'(?: failed)?: no such file"
        r"|(?:can(?:'|no)t find|is no) (?P<other>(?:rust|c) compiler)",
        says="a package has to be compiled, and there is no {what}",
        verdict="no_compiler",
        hint="add build-essential, or what else it asks for, to packages.txt, or name a version of the package that has"
        " a wheel for this Python",
    ),
    _Cause(
        pattern=r"failed building wheel for |could not build wheels for "
        r"|metadata-generation-failed|subprocess-exited-with-error|backendunavailable|failed to build `",
        says="a package could not be built from its own source",
        verdict="package_not_built",
        hint="the lines above say why: mostly what it is built with has changed since; name a version of it that has a"
        " wheel for this Python",
    ),
    _Cause(
        pattern=r"no matching distribution found for (?P<what>[^\s(]+)",
        says="no package index has {what} for this Python",
        verdict="no_such_package",
        hint="correct its line in requirements.txt (sdk_version in README.md, where it is the SDK) or python_version;"
        " where it says (from versions: none) the index may be out of reach as well",
    ),
    _Cause(
        pattern=r"unable to locate package (?P<what>\S+)|package '?(?P<other>[^\s']+)'? has no installation candidate",
        says="Debian has no package {what}",
        verdict="no_such_package",
        hint="correct packages.txt: the package may have another name in this version of Debian",
    ),
    _Cause(
        pattern="exec format error",
        error=WrongArchitectureError,
        says="the programs of the image are made for another processor",
    ),
    _Cause(
        pattern=r"non-zero code: 137|exit code: 137",
        says="it was killed, mostly for lack of memory",
        verdict="build_killed",
        hint="give the engine more memory, or let the step need less of it",
    ),
)
_PARSE_ERROR = re.compile(r"dockerfile parse error (?:on )?line (?P<line>\d+): (?P<why>.*)", re.IGNORECASE | re.DOTALL)


def failed_step(log: BuildLog, outcome: str, doing: str) -> ImageError:
    """Return the error for the step at which `log` stands.

    Args:
        log: whose last lines are the evidence.
        outcome: what the builder says of it.
        doing: what the build does, as in `building x:1`.
    """
    outcome = _without_command(outcome)
    evidence = Evidence(log=log.evidence) if log.evidence else None
    for cause in _CAUSES:
        found = _last_match(cause.pattern, (outcome, *log.lines))
        if found is not None:
            what = next(filter(None, found.groupdict().values()), "")
            says = cause.says.format(what=what)
            return cause.error(
                f"{doing}: {log.step} failed: {says}: {outcome}",
                hint=cause.hint,
                verdict=cause.verdict,
                evidence=evidence,
            )
    hint = None if evidence is not None else "correct that line of the Space's Dockerfile"
    return BuildError(f"{doing}: {log.step} failed: {outcome}", hint=hint, evidence=evidence)


def hint_about_base(image: str) -> str:
    """Return what to do where the image that a Dockerfile builds on cannot be had."""
    return f"make sure that the engine can get it (docker pull {image}), or build on another one"


def unreadable_dockerfile(error: BuildError, dockerfile: str, doing: str) -> BuildError:
    """Return `error` with the line that the engine stumbled over; it counts those that we have added."""
    found = _PARSE_ERROR.search(error.message)
    if found is None:
        return error
    lines = dockerfile.split("\n")
    number = int(found["line"])
    line = printable(lines[number - 1]).strip()[:MAX_LINE_LENGTH] if 0 < number <= len(lines) else f"line {number}"
    return BuildError(
        f"{doing} failed: the Dockerfile cannot be read at {line!r}: {found['why']}",
        hint="correct that line of the Space's Dockerfile",
    )


def _last_match(pattern: str, lines: Iterable[str]) -> re.Match[str] | None:
    """Return the last place: what a step tries again and says first may have been mended since."""
    matches = [found for line in lines if (found := re.search(pattern, line, re.IGNORECASE))]
    return matches[-1] if matches else None


def _without_command(outcome: str) -> str:
    """Return what failed without the command, which the step's name has said: `returned a non-zero code: 1`."""
    _, found, rest = outcome.rpartition("' returned a non-zero code")
    text = f"it returned a non-zero code{rest}" if found else outcome
    return " ".join(printable(text).split())[:MAX_LINE_LENGTH]
