"""Completes the plan of a build by what was found among the Space's files: links, and what secrets may lie in."""

from dataclasses import replace

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space_source import SpaceSource
from hf_spaces_runner.domain.terminal import one_line

_MOST_NAMES = 5


def with_links_and_notes(plan: BuildPlan, source: SpaceSource) -> BuildPlan:
    """Return `plan` with the symbolic links of `source` as links, and with a note on what no image gets."""
    says = {file.path: file.link for file in source.files.values() if file.link is not None}
    return replace(
        plan,
        files={name: path for name, path in plan.files.items() if path not in says},
        links={name: says[path] for name, path in plan.files.items() if path in says},
        notes=(*plan.notes, *_notes(source)),
    )


def _notes(source: SpaceSource) -> tuple[str, ...]:
    if not source.secrets:
        return ()
    named = ", ".join(one_line(name) for name in source.secrets[:_MOST_NAMES])
    more = len(source.secrets) - _MOST_NAMES
    others = f" and {more:,} more" if more > 0 else ""
    fix = "--secret NAME gives a Space a secret when it is started"
    return (f"Not in the image, as secrets may lie in it: {named}{others}. {fix}.",)
