"""Finds Spaces: those that are known first, then the Hub's, which are remembered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import TYPE_CHECKING

from hf_spaces_runner.domain.hub_space import Category, Found, HubSpace
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import HubError, UnknownSpaceError
from hf_spaces_runner.planning.categorise import categorise
from hf_spaces_runner.planning.relevance import Query, expanded
from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.registry.registry import Registry

if TYPE_CHECKING:
    from hf_spaces_runner.hub.client import Hub

TAGS_OF = {
    Category.IMAGE_PROCESSING: ("text-to-image", "image-to-image", "image-classification", "image-to-text", "ocr"),
    Category.AUDIO_PROCESSING: ("automatic-speech-recognition", "text-to-speech", "audio-classification", "audio"),
    Category.TEXT_PROCESSING: ("text-classification", "summarization", "translation", "sentiment-analysis"),
    Category.SPECIALIZED: ("document-question-answering", "visual-question-answering", "chatbot", "code-generation"),
}
"""What Spaces of a category are tagged with on the Hub: tasks, and words that many use."""
_CERTAIN_ENOUGH = 0.75
_MOST_LISTED = 1000
_SIFTED = 5
"""So many Spaces are asked for in place of one where only those of a category are kept."""
_FITS = 0.1
_RESUMES_S = 24 * 3600.0
"""For so long a refresh that was broken off goes on where it was; then all is to be read again."""
_HUB_SHARE = 0.3
"""What the Hub's own order of meaning adds to the relevance that can be seen in a Space's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What Spaces are looked for: by a text, a category, an SDK; at most `limit`."""

    text: str | None = None
    category: str | None = None
    sdk: str | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """What became of one Space when the Hub was asked again: read, gone, or not answered for, which `problem` says."""

    hub_id: str
    found: Found | None = None
    problem: str | None = None


class Discovery:
    """Looks for Spaces in `registry` and on the Hub, and puts what is found into `discovered`.

    Args:
        registry: what is known.
        discovered: the layer of it that is written to.
        hub: returns the Hub; called where it is to be asked.
        now: tells Unix seconds.
    """

    def __init__(
        self, registry: Registry, discovered: Discovered, *, hub: "Callable[[], Hub]", now: Callable[[], float]
    ) -> None:
        self._registry = registry
        self._discovered = discovered
        self._hub = hub
        self._now = now

    def known(self, wish: Wish) -> list[Space]:
        """Return the Spaces that are known and fit `wish`, the best first."""
        return _ranked(wish, self.candidates(wish), {})[: wish.limit]

    def candidates(self, wish: Wish) -> list[Space]:
        """Return the Spaces that are known and may fit `wish`, each once, in no order; more than it asks for."""
        if not wish.text:
            spaces = self._registry.spaces(category=wish.category, sdk=wish.sdk)
            return list(islice(spaces, _MOST_LISTED))
        query = Query(wish.text)
        exact = self._registry.search(query.words, category=wish.category, sdk=wish.sdk)
        related = self._registry.search(expanded(query.words), category=wish.category, sdk=wish.sdk)
        return list({space.id: space for space in (*exact, *related)}.values())

    def alike(self, task: str, category: str) -> list[Space]:
        """Return the Spaces of `category` that are known and may do `task`, each once, in no order."""
        return self.candidates(Wish(text=task, category=category))

    def ask_hub(self, wish: Wish) -> list[Space]:
        """Return the Spaces that are known or on the Hub and fit `wish`, the best first; what is new is remembered.

        Raises:
            HubError: the Hub did not say.
            RegistryError: what was found cannot be written down.
        """
        found = [self._found(self._with_what_was_known(space)) for space in self._asked(wish)]
        self._note_that_it_answers()
        fitting = [one for one in found if wish.category in {None, one.categorised.category}]
        self._discovered.remember(found)
        order = {one.hub.id.lower(): 1.0 - place / len(fitting) for place, one in enumerate(fitting)}
        spaces = [space for hub_id in order if (space := self._registry.find_hub_id(hub_id)) is not None]
        # An entry of the registry has the last word on its category.
        spaces = [
            space for space in spaces if wish.category in {None, space.category} and wish.sdk in {None, space.sdk}
        ]
        return _ranked(wish, [*spaces, *self.candidates(wish)], order)[: wish.limit]

    def look_up(self, hub_id: str) -> Found:
        """Return what the Hub says of a Space now; it is remembered.

        Raises:
            UnknownSpaceError: the Hub has none of that id.
            HubError: the Hub did not say.
            RegistryError: what was found cannot be written down.
        """
        hub = self._hub()
        space = self._with_what_was_known(hub.look_up(hub_id))
        self._note_that_it_answers()
        found = self._found(space)
        if found.categorised.certainty < _CERTAIN_ENOUGH and space.models:
            found = self._found(replace(space, tasks=hub.tasks_of(space.models)))
        self._discovered.remember([found])
        return found

    def to_refresh(self) -> list[str]:
        """Return the Hub ids of the Spaces that are known and that this refresh, or one broken off, has not read."""
        started = self._discovered.noted("refresh_started")
        if not started or self._now() - float(started) > _RESUMES_S:
            started = repr(self._now())
            self._discovered.note("refresh_started", started)
            self._discovered.note("refresh_failed", "")
        failed = set((self._discovered.noted("refresh_failed") or "").split())
        never = (space.space_id for space in self._registry.spaces() if space.found is None and space.space_id)
        hub_ids = dict.fromkeys((*self._discovered.read_before(float(started)), *never))
        return [hub_id for hub_id in hub_ids if hub_id.lower() not in failed]

    def refresh(self, hub_ids: Iterable[str], *, is_all: bool) -> Iterator[Refreshed]:
        """Yield what becomes of each of `hub_ids` as the Hub is asked; what is gone from the Hub is forgotten.

        `is_all` says that these are what `to_refresh` returned, so that the next refresh begins anew.

        Raises:
            HubError: the Hub cannot be reached, or wants no more questions. What was read so far is kept.
        """
        for hub_id in hub_ids:
            try:
                found = self.look_up(hub_id)
                if found.hub.id.lower() != hub_id.lower():
                    self._discovered.forget(hub_id)
                yield Refreshed(hub_id=hub_id, found=found)
            except UnknownSpaceError as error:
                self._discovered.forget(hub_id)
                self._note_failed(hub_id)
                yield Refreshed(hub_id=hub_id, problem=error.message)
            except HubError as error:
                if error.verdict in {"hub_unreachable", "hub_rate_limited"}:
                    raise
                self._note_failed(hub_id)
                yield Refreshed(hub_id=hub_id, problem=error.message)
        if is_all:
            self._discovered.note("refresh_started", "")

    def _asked(self, wish: Wish) -> list[HubSpace]:
        if wish.category is not None and wish.category not in set(Category):
            return []  # a category of the user's own, which nothing on the Hub is put into
        hub = self._hub()
        if wish.text:
            limit = wish.limit if wish.category is None else min(wish.limit * _SIFTED, _MOST_LISTED)
            return list(hub.search(wish.text, sdk=wish.sdk, limit=limit))
        categories = list(Category) if wish.category is None else [Category(wish.category)]
        tags = [tag for category in categories for tag in TAGS_OF[category]]
        return list(hub.list_by_tags(tags, sdk=wish.sdk, limit=wish.limit))

    def _with_what_was_known(self, space: HubSpace) -> HubSpace:
        """Return `space` with what only another answer says: a search has no subdomain, a look-up no `ai_category`."""
        before = self._discovered.found(space.id)
        if before is None:
            return space
        if space.subdomain is not None:
            description = space.description or before.hub.description
            return replace(space, description=description, ai_category=space.ai_category or before.hub.ai_category)
        said = {one.name: value for one in fields(space) if (value := getattr(space, one.name)) or one.name == "likes"}
        # What the author says comes before what the Hub's model wrote.
        said["description"] = before.hub.description or space.description
        said["tags"] = tuple(dict.fromkeys((*before.hub.tags, *space.tags)))
        return replace(before.hub, **said)

    def _note_that_it_answers(self) -> None:
        if self._discovered.noted("unreachable_at"):
            self._discovered.note("unreachable_at", "")

    def _note_failed(self, hub_id: str) -> None:
        """Have a refresh that goes on later not ask for it again: what is gone would stand in its way each time."""
        failed = (self._discovered.noted("refresh_failed") or "").split()
        self._discovered.note("refresh_failed", " ".join([*failed, hub_id.lower()]))

    def _found(self, space: HubSpace) -> Found:
        return Found(hub=space, categorised=categorise(space), read_at=self._now())


def _ranked(wish: Wish, spaces: Sequence[Space], order: dict[str, float]) -> list[Space]:
    """Return `spaces`, each once, the best first; `order` is how well the Hub thinks that some fit, from 0 to 1."""
    unique = {space.id: space for space in reversed(spaces)}
    query = Query(wish.text) if wish.text else None

    def rank(space: Space) -> tuple[float, int, str]:
        hubs = order.get((space.space_id or "").lower(), 0.0)
        fits = 0.0 if query is None else query.relevance(space) + _HUB_SHARE * hubs
        return -fits, -(space.found.hub.likes if space.found else 0), space.id

    ranked = sorted(((rank(space), space) for space in unique.values()), key=lambda one: one[0])
    return [space for (fits, *_), space in ranked if query is None or -fits >= _FITS]
