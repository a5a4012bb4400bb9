"""Finds what a Space's requirements say of its SDK that the version in its front matter does not fit."""

import re

from hf_spaces_runner.domain.space_source import SpaceSource


def fighting_pins(source: SpaceSource, package: str, version: str) -> tuple[str, ...]:
    """Return the requirements of `source` that ask for another `package` than `version`, as they are written.

    One with a marker counts: where it does not hold, nothing is lost by taking it to.
    """
    text = source.requirements or ""
    named = rf"^[ \t]*{re.escape(package)}[ \t]*(?:\[[^\]\n]*\][ \t]*)?[=<>!~@]"
    if re.search(named, text, re.MULTILINE | re.IGNORECASE) is None:  # mostly, and then nothing has to be loaded
        return ()
    from hf_spaces_runner.planning.check_requirements import requirements_of  # noqa: PLC0415

    return tuple(
        str(requirement)
        for _, requirement in requirements_of(text)
        if not isinstance(requirement, str)
        and requirement.name.lower() == package
        and (requirement.url is not None or not requirement.specifier.contains(version, prereleases=True))
    )
