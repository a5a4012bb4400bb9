"""Carries a build plan out by the builder that can: BuildKit where a step needs it, else the engine's own.

The two share no layers, and what BuildKit keeps is seen and tidied up by nobody but `docker builder prune`, so the
engine's own does all that it can do, unless the user wants BuildKit and its caches.
"""

from pathlib import Path

import docker

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.progress import ProgressCallback
from hf_spaces_runner.domain.settings import BuildkitUse
from hf_spaces_runner.errors import BuildError, UsageError
from hf_spaces_runner.images.build import build_image
from hf_spaces_runner.images.buildkit_client import Buildkit, find_buildkit

_HINT = "write that step without it, or build the image elsewhere and name it with docker_image in the registry"


def carry_out(
    client: docker.DockerClient,
    plan: BuildPlan,
    *,
    use: BuildkitUse,
    platform: str,
    scratch: Path | None,
    on_progress: ProgressCallback,
) -> None:
    """Have the engine build `plan`, whichever builder does it. See `build_image` and `build_with_buildkit`.

    Raises:
        BuildError: a step needs BuildKit and there is none, or failed.
        UsageError: a step cannot do without a secret that was not given.
        ImageError: see there.
        EngineUnavailableError: no engine answers.
    """
    wanted = use is BuildkitUse.ALWAYS or bool(plan.needs or plan.secrets)
    found = _find(client, use) if wanted else ""
    _check_needs(plan, found)
    if plan.missing_secrets:
        raise UsageError(
            f"building {plan.tag}: a step of its Dockerfile needs the secret {' and '.join(plan.missing_secrets)}",
            hint=" ".join(f"--secret {name}" for name in plan.missing_secrets) + " gives the build its value",
        )
    if isinstance(found, Buildkit) and plan.buildkit_dockerfile is not None:
        from hf_spaces_runner.images.buildkit import build_with_buildkit  # noqa: PLC0415 - where it is not used

        build_with_buildkit(client, found, plan, platform=platform, scratch=scratch, on_progress=on_progress)
    else:
        build_image(client, plan, platform=platform, on_progress=on_progress)


def _find(client: docker.DockerClient, use: BuildkitUse) -> Buildkit | str:
    return "the setting buildkit says never" if use is BuildkitUse.NEVER else find_buildkit(client)


def _check_needs(plan: BuildPlan, found: Buildkit | str) -> None:
    if isinstance(found, str):
        if plan.needs:
            first = plan.needs[0]
            raise BuildError(f"{first.place}: {first.what} needs BuildKit: {found}", hint=_HINT)
        return
    newest = max(plan.needs, key=lambda need: need.engine, default=None)
    if newest is not None and newest.engine > found.engine:
        raise BuildError(
            f"{newest.place}: {newest.what} needs the BuildKit of engine {newest.engine} or later: this one is"
            f" {found.engine}",
            hint=_HINT,
        )
