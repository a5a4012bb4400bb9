"""Finds out how things stand with Spaces on this machine: images, memory, GPU, and how runs went before."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.recommendation import Standing
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import EngineUnavailableError, RunnerError
from hf_spaces_runner.history.attempt_log import AttemptLog, PastRuns
from hf_spaces_runner.room import here
from hf_spaces_runner.settings import LoadedSettings


class Standings:
    """What is known of Spaces on this machine.

    Where no engine answers to `read_engine`, or `log` cannot be read, what only that knows is left out.
    """

    def __init__(self, settings: LoadedSettings, *, log: AttemptLog, read_engine: Callable[[], EngineFacts]) -> None:
        self._settings = settings
        self._log = log
        self._read_engine = read_engine

    def of(self, spaces: Sequence[Space]) -> list[tuple[Space, Standing]]:
        """Return each of `spaces` with how things stand with it."""
        engine: EngineFacts | None = None
        with suppress(EngineUnavailableError):
            engine = self._read_engine()
        past: Mapping[str, PastRuns] = {}
        with suppress(RunnerError):  # whoever runs a Space is warned that it cannot be noted
            past = self._log.past_runs([space.id for space in spaces])
        return [(space, self._standing(space, engine, past.get(space.id, PastRuns()))) for space in spaces]

    def _standing(self, space: Space, engine: EngineFacts | None, runs: PastRuns) -> Standing:
        values = self._settings.values
        needed = space.memory_bytes or values.memory
        have = values.memory_budget or (engine.memory_bytes if engine else None)
        return Standing(
            image_here=None if engine is None else here(space, values.image_registry, engine.images) is not None,
            download_bytes=space.check.compressed_bytes if space.check else None,
            fits_memory=None if not have else needed <= have,
            needed_bytes=needed,
            have_bytes=have,
            gpu_here=engine is not None and engine.gives_gpus,
            runs=runs.runs,
            succeeded=runs.succeeded,
            median_s=runs.median_s,
            status=space.current_status,
            category_certainty=space.found.categorised.certainty if space.found else None,
        )
