"""Measures building a folder: with nothing changed, with a changed source, and for the first time against Docker."""

import itertools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

import docker
from docker.errors import APIError

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.runner import Runner
from tests.benchmarks.measure import Row, alone, compare, process

SPACE = "vader-sentiment"
UNCHANGED_S, SOURCE_ONLY_S, FIRST_TIMES = 0.5, 3.0, 1.1
_BASES = "localhost/hfsr-bench/base"
_HFSR = str(Path(sys.executable).with_name("hfsr"))


def rows(times: int) -> list[Row]:
    """Return what builds of a copy of a bundled Space take; nothing of them is left on the engine."""
    with _place() as place:
        subprocess.run(place.build, check=True, capture_output=True)
        return [
            alone("hfsr build, nothing changed", process(place.build), target_s=UNCHANGED_S, times=times),
            alone("hfsr build, the source changed", place.rebuild, target_s=SOURCE_ONLY_S, times=times),
        ]


def first_builds(times: int) -> list[Row]:
    """Return what the first build takes with the base image here, against the bare build of the same steps."""
    with _place() as place:
        return [
            compare(
                "hfsr build, for the first time",
                place.build_anew,
                "docker build --no-cache",
                place.docker_build,
                target=FIRST_TIMES,
                times=times,
            )
        ]


@dataclass(frozen=True, slots=True)
class _Place:
    """A copy of the Space in `folder`, and the engine that builds it."""

    folder: Path
    client: docker.DockerClient
    numbers: Iterator[int]

    @property
    def build(self) -> list[str]:
        """The command that builds it."""
        return [_HFSR, "build", str(self.folder)]

    def rebuild(self) -> None:
        """Build it after a change of its source."""
        with (self.folder / "app.py").open("a") as app:
            app.write(f"# {next(self.numbers)}\n")
        subprocess.run(self.build, check=True, capture_output=True)

    def build_anew(self) -> None:
        """Build it on a base image on which nothing was built before, so that no layer is in the engine's cache."""
        subprocess.run(
            self.build, check=True, capture_output=True, env={**os.environ, "HFSR_BASE_IMAGE": self._new_base()}
        )

    def docker_build(self) -> None:
        """Have `docker build` do the same steps, with the same builder."""
        plan = self.plan()
        with tempfile.TemporaryDirectory() as context:
            (Path(context) / "Dockerfile").write_text(plan.dockerfile)
            for name, path in plan.files.items():
                (Path(context) / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, Path(context) / name)
            subprocess.run(
                ["docker", "build", "--no-cache", "--force-rm", "--tag", self.bare_tag(), context],
                check=True,
                capture_output=True,
                env={**os.environ, "DOCKER_BUILDKIT": "0"},
            )

    def plan(self) -> BuildPlan:
        """Return how it is built."""
        plan = Runner(reaps=False).plan(Request(space=str(self.folder))).candidates[0].image.build
        assert plan is not None
        return plan

    def bare_tag(self) -> str:
        """Return a name for what `docker build` makes, another one each time: none of them is left nameless."""
        return f"{split_image_reference(self.plan().tag).repository}:bare-{next(self.numbers)}"

    def remove_images(self) -> None:
        """Remove all that was built here."""
        repository = split_image_reference(self.plan().tag).repository
        for name in (repository, _BASES):
            for image in self.client.api.images(name=name):
                for tag in image["RepoTags"]:
                    with suppress(APIError):
                        self.client.api.remove_image(tag, force=True)

    def _new_base(self) -> str:
        name = f"{_BASES}:{token_hex(6)}"
        subprocess.run(
            ["docker", "build", "--tag", name, "-"],
            input=f"FROM {self.plan().base_image}\nLABEL hf-spaces-runner.test={token_hex(6)}\n".encode(),
            check=True,
            capture_output=True,
            env={**os.environ, "DOCKER_BUILDKIT": "0"},
        )
        return name


@contextmanager
def _place() -> Iterator[_Place]:
    with tempfile.TemporaryDirectory(prefix="hfsr-bench-") as home:
        folder = Path(home) / "bench build"
        shutil.copytree(bundled_registry_directory() / "spaces" / SPACE, folder)
        client = docker.from_env()
        place = _Place(folder, client, itertools.count())
        try:
            yield place
        finally:
            place.remove_images()
            client.close()
