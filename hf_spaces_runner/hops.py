"""Finds, one after the other and no sooner than they are wanted, those who may answer a request."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Circumstances, Route, Tier
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import RunnerError
from hf_spaces_runner.history.attempt_log import AttemptLog
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.planning.chain import kinds_of, others_for, rest, selected_hop, space_hop, task_of
from hf_spaces_runner.planning.circuit import resting_until
from hf_spaces_runner.planning.tiers import route
from hf_spaces_runner.standings import Standings

LOCAL = "local"
"""What stands for local models in a chain that the user names."""


class Hops:
    """Those who may answer, for one set of settings.

    Args:
        known: the Spaces that are known.
        log: how runs went before.
        standings: how things stand with Spaces on this machine.
        models: yields the hops to local models for a request; asked for only when it is their turn.
        cloud: likewise, the remote ones that the user configured.
        look: returns whether a Space is up, and whether its memory cap fits.
    """

    def __init__(
        self,
        *,
        known: KnownSpaces,
        log: AttemptLog,
        standings: Standings,
        models: Callable[[Request, Space | None], Iterator[Hop]],
        cloud: Callable[[Request, Space | None], Iterator[Hop]] | None,
        look: Callable[[Space, Request], tuple[bool, bool | None]],
    ) -> None:
        self._known = known
        self._log = log
        self._standings = standings
        self._models = models
        self._cloud = cloud
        self._look = look

    def route(self, request: Request, selected: Space | None, *, was_chosen: bool = False) -> Route:
        """Return where `request` begins, and why; `selected` is its Space, and whether nobody named it."""
        is_up, fits = False, None
        if selected is not None and not _says_where(request):
            is_up, fits = self._look(selected, request)
        seen = Circumstances(
            has_space=selected is not None,
            was_chosen=was_chosen,
            file_kinds=kinds_of(request),
            is_up=is_up,
            fits=fits,
            has_cloud=self._cloud is not None,
        )
        return route(request, seen)

    def check(self, request: Request) -> None:
        """Check the names of the chain, so that nothing starts for a wrong one.

        Raises:
            RegistryError: a Space of the chain that the user named is not there.
        """
        for name in request.fallback or ():
            if name != LOCAL:
                self._known.find(name)

    def of(self, request: Request, selected: Space | None, begins: Route) -> Iterator[Hop]:
        """Yield who may answer `request`, in order, as the route says; `selected` is the Space that it names.

        Raises:
            RegistryError: a Space of the chain that the user named is not there.
        """
        if request.fallback == ():
            yield from self._first(request, selected, begins)
            return
        for tier in begins.order:
            if tier is Tier.HEAVY and selected is not None:
                yield from self._spaces(request, selected)
            elif tier is Tier.FAST and request.fallback is None:
                yield from self._models(request, selected)
            elif tier is Tier.CLOUD and request.fallback is None and self._cloud is not None:
                yield from self._cloud(request, selected)

    def _first(self, request: Request, selected: Space | None, begins: Route) -> Iterator[Hop]:
        # Where nobody follows, the Space that was named is meant, however it fares, but for who names a tier.
        first = begins.order[0] if selected is None or request.tier is not Tier.AUTO else Tier.HEAVY
        if first is Tier.HEAVY and selected is not None:
            yield selected_hop(selected)
        elif first is Tier.CLOUD and self._cloud is not None:
            for hop in self._cloud(request, selected):
                yield hop
                if hop.skipped is None:
                    return  # nobody follows
        else:
            yield from self._models(request, selected)

    def _spaces(self, request: Request, selected: Space) -> Iterator[Hop]:
        named = selected_hop(selected)
        resting = self.resting([selected.id])
        if not resting:
            yield named
            yield from self._others(request, selected)
            return
        yield from rest([named, *self._others(request, selected)], resting)

    def _others(self, request: Request, selected: Space) -> Iterator[Hop]:
        hops = self._alike(request, selected) if request.fallback is None else self._named(request)
        resting = self.resting([hop.name for hop in hops])
        for hop in hops:
            if hop.kind is CandidateKind.LOCAL_MODEL:
                yield from self._models(request, selected)
            elif hop.skipped is None and hop.name in resting:
                yield replace(hop, skipped=resting[hop.name])
            else:
                yield hop

    def _alike(self, request: Request, selected: Space) -> tuple[Hop, ...]:
        known = self._known.discovery.alike(task_of(selected, request.prompt), selected.category)
        return others_for(selected, request, self._standings.of(known), kinds_of(request))

    def _named(self, request: Request) -> tuple[Hop, ...]:
        names = request.fallback or ()
        spaces = [self._known.find(name) for name in names if name != LOCAL]
        standings = {space.id: standing for space, standing in self._standings.of(spaces)}
        found = iter(spaces)
        return tuple(
            Hop(kind=CandidateKind.LOCAL_MODEL, name=LOCAL, tier=Tier.FAST)
            if name == LOCAL
            else space_hop(space := next(found), request, standings[space.id], is_wanted=True)
            for name in names
        )

    def resting(self, names: Sequence[str]) -> Mapping[str, str]:
        """Return why those of `names` rest that failed too often lately."""
        now = time.time()
        failures: Mapping[str, tuple[int, float]] = {}
        with suppress(RunnerError):  # whoever runs a Space is warned that it cannot be noted
            failures = self._log.failures_in_a_row(names)
        resting = {}
        for name, (count, last_at) in failures.items():
            until = resting_until(count, last_at, now)
            if until is not None:
                clock = time.strftime("%H:%M", time.localtime(until))
                resting[name] = f"it failed {count} times in a row, and rests until {clock}"
        return resting


def _says_where(request: Request) -> bool:
    return request.tier is not Tier.AUTO or request.performance_first
