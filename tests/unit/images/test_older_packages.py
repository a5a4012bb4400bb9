"""From which day packages are, and which failures are told to try those of another day."""

import os
import subprocess
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.hub_source import HubCommit
from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import BuildError, ContainerExitedError, RunnerError, UsageError
from hf_spaces_runner.images.older_packages import advising_older_packages, moment_of

DAY = date(2023, 7, 1)
COMMIT = HubCommit(
    hub_id="u/n", sha="a" * 40, revision="main", committed_at=datetime(2023, 7, 1, 9, tzinfo=UTC).timestamp()
)
SPACE = Space(id="x", docker_image="x:1", source=Path("/nowhere"), commit=COMMIT)
PLAN = BuildPlan(tag="x:1", base_image="base", python_version="3.11", dockerfile="", files={})


def advised(error: RunnerError, space: Space = SPACE, build: BuildPlan | None = PLAN) -> RunnerError:
    with pytest.raises(type(error)) as caught, advising_older_packages(space, build):
        raise error
    return caught.value


@pytest.mark.parametrize("verdict", ["dependency_conflict", "package_not_built"])
@pytest.mark.parametrize("kind", [BuildError, ContainerExitedError])
def test_packages_that_do_not_fit_together_are_told_the_day(kind: type[RunnerError], verdict: str) -> None:
    error = advised(kind("no", verdict=verdict, hint="pin it"))
    assert error.as_of == DAY
    assert (error.hint or "").startswith("pin it; --as-of 2023-07-01 builds it")


def test_without_a_date_it_is_told_that_there_is_such_an_option(tmp_path: Path) -> None:
    error = advised(BuildError("no", verdict="dependency_conflict"), replace(SPACE, commit=None, source=tmp_path))
    assert error.as_of is None
    assert "--as-of DATE" in (error.hint or "")


@pytest.mark.parametrize(
    ("space", "build", "verdict"),
    [
        (SPACE, PLAN, "build_failed"),
        (SPACE, None, "dependency_conflict"),
        (SPACE, replace(PLAN, before=datetime(2023, 7, 2, tzinfo=UTC)), "dependency_conflict"),
        (replace(SPACE, sdk=Sdk.DOCKER), PLAN, "dependency_conflict"),
        (
            replace(SPACE, commit=replace(COMMIT, committed_at=(datetime.now(UTC) - timedelta(hours=1)).timestamp())),
            PLAN,
            "dependency_conflict",
        ),
    ],
)
def test_who_would_gain_nothing_is_told_nothing(space: Space, build: BuildPlan | None, verdict: str) -> None:
    error = advised(BuildError("no", verdict=verdict, hint="as it was"), space, build)
    assert (error.as_of, error.hint) == (None, "as it was")


def test_the_day_of_the_last_commit_counts_to_its_end(tmp_path: Path) -> None:
    assert moment_of(AsOf(), SPACE) == datetime(2023, 7, 2, tzinfo=UTC) == AsOf.of_day(DAY).before
    given = datetime(2020, 1, 1, 5, tzinfo=UTC)
    assert moment_of(AsOf(before=given), SPACE) == given
    environment = {**os.environ, "GIT_COMMITTER_DATE": "2021-05-05T23:30:00-02:00"}
    for words in (("init", "-q"), ("-c", "user.name=x", "-c", "user.email=x", "commit", "-q", "--allow-empty", "-mx")):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True, env=environment)
    folder = replace(SPACE, commit=None, source=tmp_path)
    assert moment_of(AsOf(), folder) == datetime(2021, 5, 7, tzinfo=UTC)


def test_a_commit_of_the_future_is_of_today() -> None:
    end = datetime(9999, 12, 31, 23, tzinfo=UTC)
    before = moment_of(AsOf(), replace(SPACE, commit=replace(COMMIT, committed_at=end.timestamp())))
    assert before < datetime.now(UTC) + timedelta(days=2)


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (replace(SPACE, commit=None), "no commit is found in /nowhere"),
        (replace(SPACE, commit=replace(COMMIT, committed_at=None)), "the Hub did not say"),
    ],
)
def test_a_commit_that_nobody_knows_is_refused(space: Space, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        moment_of(AsOf(), space)
    assert "--as-of 2024-05-01" in (caught.value.hint or "")
