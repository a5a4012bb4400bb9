"""One step of a chain of candidates: who would be asked, or why not."""

from dataclasses import dataclass

from hf_spaces_runner.domain.model import Model
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """A Space or a model of the chain. `skipped` says why it is left out without being tried; None where it is not.

    `is_selected`: it is the one that the user named, for which inputs by name, variables and secrets are meant.
    """

    kind: CandidateKind
    name: str
    tier: Tier
    space: Space | None = None
    model: Model | None = None
    skipped: str | None = None
    is_selected: bool = False
