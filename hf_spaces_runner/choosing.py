"""Chooses the Space for a request that names none: the best of those that its words and files ask for."""

from dataclasses import dataclass, replace

from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planning.chain import kinds_of, space_hop
from hf_spaces_runner.planning.recommend import recommend
from hf_spaces_runner.standings import Standings

_LEAST = 0.35
"""What scores less shares a word with the request, and hardly more: nobody wants a container for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The Space that was chosen, and the reasons, for people."""

    space: Space
    reasons: tuple[str, ...]


def choose_space(request: Request, *, known: KnownSpaces, standings: Standings) -> Choice | None:
    """Return the best Space for `request` that could be run now; None where no known one does what it asks for.

    One that was merely found on the Hub is pulled for nobody who did not name it: strangers write its words, and that
    its image is there says nothing of what it does with what it is given.

    Raises:
        RegistryError: the registry cannot be read.
    """
    from hf_spaces_runner.discovery import Wish  # noqa: PLC0415 - a run of a named Space finds none

    task = request.prompt or ""
    candidates = standings.of(known.discovery.candidates(Wish(text=task)))
    by_id = {space.id: standing for space, standing in candidates}
    for one in recommend(task, kinds_of(request), candidates):
        if one.score < _LEAST:
            break
        if space_hop(one.space, replace(request, space=one.space.id), by_id[one.space.id]).skipped is None:
            return Choice(space=one.space, reasons=one.reasons)
    return None
