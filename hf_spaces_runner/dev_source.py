"""Reads what the source of a Space that somebody works on asks for, and lays it over that of the image."""

import shlex
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from hf_spaces_runner.domain.image import BuildPlan, Image
from hf_spaces_runner.domain.launch import LaunchSpec, ReadOnlyMount
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN
from hf_spaces_runner.errors import BuildError, UsageError
from hf_spaces_runner.images.staged_source import StagedSource, digests_of
from hf_spaces_runner.planning.dev_plan import Recipe, Step, find_source_copy, is_built_from, source_names, top_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the source asks for, as it was when it was read. `since` is when its change was seen."""

    candidate: Candidate
    build: BuildPlan
    recipe: Recipe
    step: Step
    since: float

    def laid_over(self, spec: LaunchSpec, image: Image, staged: StagedSource) -> LaunchSpec:
        """Return `spec` with the source laid over that of `image`, where its Dockerfile allows that.

        Raises:
            BuildError: a file of the source cannot be read.
            NoSpaceLeftError: the disk is full.
        """
        copy = self.recipe.copy
        if copy is None or not self.recipe.can_be_mounted:
            return spec
        names = source_names(self.build.files, copy)
        staged.sync({name: self.build.files[full] for name, full in names.items()})
        target = PurePosixPath(copy.target or image.working_directory or "/")
        mounts = (
            ReadOnlyMount(source=str(staged.folder / name), target=str(target / name)) for name in self.recipe.entries
        )
        return replace(spec, mounts=tuple(mounts))


def folder_to_develop(space: Space, request: Request) -> Path:
    """Return the folder that `request` wants to work on, which `space` is made of.

    Raises:
        UsageError: it names something else, or asks for what cannot be done with it.
    """
    if space.origin != FOLDER_ORIGIN or space.source is None:
        source = space.source
        raise UsageError(
            f"{space.id} is a Space of the registry, and hfsr dev works on a folder",
            hint=f"copy its source and name the copy: cp -r {shlex.quote(str(source))} my-space; hfsr dev ./my-space"
            if source is not None
            else "name a folder that holds the source of a Space, such as ./my-space",
        )
    if request.privacy:
        raise UsageError(
            "hfsr dev shows what the app prints, and in privacy mode nobody keeps that",
            hint="leave --privacy-mode out; --network isolated lets nothing out of the container",
        )
    return space.source


def read_wanted(candidate: Candidate, step: Step, since: float) -> Wanted:
    """Return what `candidate` asks for.

    Raises:
        BuildError: a file that the build needs cannot be read.
    """
    build = candidate.image.build
    if build is None:
        raise BuildError(f"{candidate.space.id} is not built from a folder")
    copy = find_source_copy(build.dockerfile)
    used = {name: path for name, path in build.files.items() if copy is not None and is_built_from(name, copy)}
    recipe = Recipe(
        tag=build.tag,
        base_image=build.base_image,
        dockerfile=build.dockerfile,
        copy=copy,
        inputs=digests_of(used),
        entries={} if copy is None else top_entries(source_names(build.files, copy)),
    )
    return Wanted(candidate=candidate, build=build, recipe=recipe, step=step, since=since)
