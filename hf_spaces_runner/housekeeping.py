"""Cleans up: what dead processes left, and what nobody used for a while."""

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.hub_sources import kept_sources, remove_source
from hf_spaces_runner.orchestrator.leftovers import find_leftovers, remove_leftover
from hf_spaces_runner.planning.clean_up import CleanUpRules, Leftover, LeftoverKind, plan_clean_up
from hf_spaces_runner.ready_space import Services
from hf_spaces_runner.result_cache.index import Entry
from hf_spaces_runner.result_cache.store import ResultCache


class Housekeeping:
    """Knows everything of ours on the engine and on this machine.

    Args:
        settings: what counts where a clean-up is silent.
        services: returns the parts with effects.
        results: the answers that are kept.
        sources: the folder of the sources that were fetched from the Hub.
    """

    def __init__(
        self, settings: Settings, services: Callable[[], Services], results: ResultCache, sources: Path
    ) -> None:
        self._settings = settings
        self._services = services
        self._results = results
        self._sources = sources

    def leftovers(self) -> Iterator[Leftover]:
        """Yield everything of ours on the engine and on this machine, also what is in use.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        services = self._services()
        yield from find_leftovers(services.engine, scratch=services.scratch, stamps=services.stamps)
        for day, entries in self._answers_by_day().items():
            yield Leftover(
                kind=LeftoverKind.ANSWERS,
                name=f"{len(entries)} last used on {day}",
                id=day,
                last_used_at=max(entry.used_at for entry in entries),
                size_bytes=sum(entry.size_bytes for entry in entries),
            )
        for source in kept_sources(self._sources):
            yield Leftover(
                kind=LeftoverKind.SOURCE,
                name=source.name,
                id=str(source.folder),
                last_used_at=source.used_at,
                size_bytes=source.size_bytes,
            )

    def plan(
        self, older_than_s: float, *, images_older_than_s: float | None = None, cache_quota_bytes: int | None = None
    ) -> tuple[Leftover, ...]:
        """Return what `carry_out` would remove: what dead processes left, and what was not used for `older_than_s`.

        Args:
            older_than_s: how many seconds of not being used make something go.
            images_older_than_s: likewise for images; the setting where None.
            cache_quota_bytes: what all model caches may take; the setting where None.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        values = self._settings
        rules = CleanUpRules(
            older_than_s=older_than_s,
            images_older_than_s=values.images_older_than if images_older_than_s is None else images_older_than_s,
            cache_quota_bytes=values.cache_quota if cache_quota_bytes is None else cache_quota_bytes,
        )
        return plan_clean_up(self.leftovers(), rules, now=time.time())

    def carry_out(self, leftovers: Iterable[Leftover]) -> None:
        """Remove `leftovers`, as `plan` returned them."""
        services = self._services()
        for leftover in leftovers:
            if leftover.kind is LeftoverKind.ANSWERS:
                self._results.remove(self._answers_by_day().get(leftover.id, []))
            elif leftover.kind is LeftoverKind.SOURCE:
                remove_source(Path(leftover.id))
            else:
                remove_leftover(services.engine, leftover, stamps=services.stamps)

    def _answers_by_day(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        try:
            for entry in self._results.entries():
                day = time.strftime("%Y-%m-%d", time.localtime(entry.used_at))
                found.setdefault(day, []).append(entry)
        except (OSError, sqlite3.Error):
            return {}  # what cannot be read is begun anew by the next run that keeps an answer
        return found
