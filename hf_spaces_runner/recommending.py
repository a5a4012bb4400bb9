"""Has the Spaces that are known ranked for a task."""

from collections.abc import Collection

from hf_spaces_runner.discovery import Wish
from hf_spaces_runner.domain.recommendation import Recommendation
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planning.recommend import recommend
from hf_spaces_runner.standings import Standings

_FITS = 0.1
"""Above this are those that fit: see `planning.recommend`."""


def recommend_spaces(
    task: str, limit: int, file_kinds: Collection[str], *, known: KnownSpaces, standings: Standings
) -> tuple[Recommendation, ...]:
    """Return at most `limit` Spaces that are known and fit `task` and files of `file_kinds`, the best first.

    Raises:
        RegistryError: the registry cannot be read.
    """
    candidates = standings.of(known.discovery.candidates(Wish(text=task)))
    fitting = [one for one in recommend(task, file_kinds, candidates) if one.score >= _FITS]
    return tuple(fitting[:limit])
