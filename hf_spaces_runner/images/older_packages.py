"""Knows from which day the packages of a build are, and says of those that do not fit together from which they may."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import RunnerError, UsageError
from hf_spaces_runner.planning.as_of import advice

_MENDABLE = frozenset({"dependency_conflict", "package_not_built"})
"""What a package that has changed since can be the cause of: one that others cannot go with, or be built with."""
_RECENT = timedelta(days=2)
"""Since a commit as new as that, hardly any package has changed."""


def moment_of(as_of: AsOf, space: Space) -> datetime:
    """Return from which moment on (UTC) packages do not exist for a build of `space` as of `as_of`.

    Raises:
        UsageError: it is the day of the last commit, and nobody knows that.
    """
    if as_of.before is not None:
        return as_of.before
    committed = _last_commit_of(space)
    if committed is None:
        if space.commit is not None:
            why = f"the Hub did not say when {one_line(str(space.commit.reference))} was committed"
        else:
            why = f"no commit is found in {one_line(str(space.source))}: it is no checkout of git, or has none yet"
        raise UsageError(f"--as-of commit: {why}", hint="name the day, as in --as-of 2024-05-01")
    # Whoever makes a commit writes its date, which may lie in the future.
    before = AsOf.of_day(min(committed, datetime.now(UTC)).date()).before
    assert before is not None  # noqa: S101 - a day has an end
    return before


def _last_commit_of(space: Space) -> datetime | None:
    from hf_spaces_runner.registry.last_commit import last_commit_of  # noqa: PLC0415 - few builds fail

    return last_commit_of(space)


@contextmanager
def advising_older_packages(space: Space, build: BuildPlan | None) -> Iterator[None]:
    """Give an error of the block that tells of packages that do not fit together the advice to build with older ones.

    `build` is what made the image of `space`; nothing is said where there is none, or where it has older ones already.
    """
    try:
        yield
    except RunnerError as error:
        of_python = space.sdk in {Sdk.GRADIO, Sdk.STREAMLIT}
        of_today = build is not None and build.before is None
        if error.verdict in _MENDABLE and of_today and of_python:
            committed = _last_commit_of(space)
            if committed is None or committed < datetime.now(UTC) - _RECENT:
                error.as_of = None if committed is None else committed.date()
                error.hint = "; ".join(filter(None, (error.hint, advice(error.as_of))))
        raise
