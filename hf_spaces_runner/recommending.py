"""Gathers how things stand with Spaces on this machine, and has them ranked for a wish."""

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress

from hf_spaces_runner.discovery import Wish
from hf_spaces_runner.domain.machine import EngineFacts
from hf_spaces_runner.domain.recommendation import Recommendation, Standing
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import EngineUnavailableError, RunnerError
from hf_spaces_runner.history.attempt_log import AttemptLog, PastRuns
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planning.recommend import recommend
from hf_spaces_runner.room import here
from hf_spaces_runner.settings import LoadedSettings

_FITS = 0.1
"""Above this are those that fit: see `planning.recommend`."""


def recommend_spaces(
    task: str,
    limit: int,
    file_kinds: Collection[str],
    *,
    known: KnownSpaces,
    settings: LoadedSettings,
    log: AttemptLog,
    read_engine: Callable[[], EngineFacts],
) -> tuple[Recommendation, ...]:
    """Return at most `limit` Spaces that are known and fit `task` and files of `file_kinds`, the best first.

    Where no engine answers to `read_engine`, or `log` cannot be read, what only that knows is left out of the reasons.

    Raises:
        RegistryError: the registry cannot be read.
    """
    spaces = known.discovery.candidates(Wish(text=task))
    engine: EngineFacts | None = None
    with suppress(EngineUnavailableError):
        engine = read_engine()
    past: Mapping[str, PastRuns] = {}
    with suppress(RunnerError):  # whoever runs a Space is warned that it cannot be noted
        past = log.past_runs([space.id for space in spaces])
    standings = [(space, _standing(space, settings, engine, past)) for space in spaces]
    fitting = [one for one in recommend(task, file_kinds, standings) if one.score >= _FITS]
    return tuple(fitting[:limit])


def _standing(
    space: Space, settings: LoadedSettings, engine: EngineFacts | None, past: Mapping[str, PastRuns]
) -> Standing:
    runs = past.get(space.id, PastRuns())
    needed = space.memory_bytes or settings.values.memory
    have = settings.values.memory_budget or (engine.memory_bytes if engine else None)
    return Standing(
        image_here=None if engine is None else here(space, settings.values.image_registry, engine.images) is not None,
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
