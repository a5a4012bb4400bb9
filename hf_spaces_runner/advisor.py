"""Advises on Spaces before one is run: which to take for a task, and whether there is room for it."""

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import docker

from hf_spaces_runner.domain.recommendation import Recommendation
from hf_spaces_runner.domain.room import Room
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import EngineUnavailableError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.orchestrator.engine_facts import read_engine_facts
from hf_spaces_runner.planning.input_kinds import kind_of_file
from hf_spaces_runner.recommending import recommend_spaces
from hf_spaces_runner.room import read_room
from hf_spaces_runner.settings import LoadedSettings
from hf_spaces_runner.standings import Standings


class Advisor:
    """Knows the Spaces, this machine, and how runs went before.

    Args:
        settings: the settings in force.
        environment: where the engine is named.
        known: the Spaces that are known.
        standings: how things stand with them on this machine.
        connect: returns a client of the engine.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        *,
        known: KnownSpaces,
        standings: Standings,
        connect: Callable[[], docker.DockerClient],
        environment: Mapping[str, str],
    ) -> None:
        self._settings = settings
        self._known = known
        self._standings = standings
        self._connect = connect
        self._environment = environment

    def recommend(
        self, task: str, *, files: Sequence[str | os.PathLike[str]] = (), limit: int = 5
    ) -> tuple[Recommendation, ...]:
        """Return the Spaces that are known and fit `task`, said in a user's words, the best first, with the reasons.

        Args:
            task: what is to be done.
            files: what it is to be done to.
            limit: at most so many.

        Raises:
            RegistryError: the registry cannot be read.
        """
        return recommend_spaces(
            task,
            limit,
            [kind_of_file(Path(file).name) or "file" for file in files],
            known=self._known,
            standings=self._standings,
        )

    def room_for(self, space: Space) -> Room:
        """Return how much disk the image of `space` takes or needs, and what is free; nothing without an engine.

        The size of one that is not here is known once its registry was asked: `hfsr registry check`.
        """
        try:
            with closing(self._connect()) as client:
                facts = read_engine_facts(client, self._environment)
                return read_room(client, facts, space, self._settings.values.image_registry)
        except EngineUnavailableError:
            return Room()
