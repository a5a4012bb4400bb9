"""Everything that a diagnosis is made of."""

from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.machine import (
    EngineFacts,
    ImageRegistryFacts,
    LeftBehind,
    MachineFacts,
    Problem,
    RegistryFacts,
)
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.planning.plan import image_source_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What was found out, and what could not be.

    `settings` are those in force, or the defaults where the user's are wrong, which `settings_problem` says; `origins`
    says where each comes from. `certificates` counts those of the setting `ca_bundle`, None where it names no file.
    `disk_free_bytes` is that of the engine, None where its disk is not here. `left_behind` is None
    where nobody could be asked.
    """

    version: str
    python_version: str
    settings: Settings
    settings_problem: Problem | None
    origins: Mapping[str, str]
    registry: RegistryFacts | Problem
    certificates: int | Problem | None
    machine: MachineFacts
    engine: EngineFacts | Problem
    disk_free_bytes: int | None
    image_registry: ImageRegistryFacts
    left_behind: LeftBehind | Problem | None

    @property
    def largest_cap(self) -> tuple[int, str] | None:
        """The largest memory cap of a Space of the registry in bytes, and its id; None without a Space."""
        if isinstance(self.registry, Problem):
            return None
        caps = ((space.memory_bytes or self.settings.memory, space.id) for space in self.registry.spaces)
        return max(caps, default=None)

    @property
    def missing_images(self) -> int:
        """How many images the Spaces of the registry need that the engine does not have."""
        if isinstance(self.registry, Problem):
            return 0
        here = self.engine.images if isinstance(self.engine, EngineFacts) else frozenset()
        # One that is built here has a tag that changes with its source.
        built = {name.rpartition(":")[0] for name in here}
        needed = {
            image_source_of(space, self.settings.image_registry).reference
            for space in self.registry.spaces
            if space.source is None
        }
        to_build = {
            split_image_reference(space.docker_image).repository
            for space in self.registry.spaces
            if space.source is not None
        }
        return len(needed - here) + len(to_build - built)
