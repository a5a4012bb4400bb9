"""Decides how well a Space fits what somebody says that they want, by words alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.find_tasks import GENERIC, PHRASES, find_tasks, meanings_of, parts_of
from hf_spaces_runner.planning.tasks import TASKS
from hf_spaces_runner.planning.words import (
    conversions_in,
    fold,
    folded_words,
    meaning,
    meanings,
    name_words,
    same_words,
    search_words,
    stem,
    words_in,
)

__all__ = ["Query", "expanded", "relevance", "search_words"]

MAX_EXPANDED = 64
"""More words than this make the index answer with everything."""

# Where a word stands in a Space, and how much that says: an id and tags are chosen, a description says many things.
_IN_NAME, _IN_TAGS, _IN_DESCRIPTION, _IN_KINDS = 1.0, 0.9, 0.7, 0.3
# A word of the same meaning, or one that begins with the word that was asked for.
_SAME_MEANING, _BEGINS = 0.85, 0.8
_MINIMUM_PREFIX = 4
# Words that many tasks share say little; beside a phrase that names a task so do the others: what it is done to.
_GENERIC_WEIGHT, _OBJECT_WEIGHT = 0.3, 0.6
# What a task that fits, and words that fit, add at the most.
_TASK_SHARE, _WORDS_SHARE = 0.8, 0.9
_TASK_IN_DESCRIPTION = 0.85
_LISTED = 5
_MAX_TAGS, _MAX_TAG_LENGTH = 30, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedTask:
    """A task that a query asks for: how clearly, from 0 to 1, and the phrases that say in a Space that it does it."""

    name: str
    strength: float
    phrases: tuple[frozenset[str], ...]


class _Place:
    """One place where a Space says what it does: its words in all forms that are compared."""

    __slots__ = ("joined", "meanings", "says", "stems", "words", "worth")

    def __init__(self, says: str, words: list[str], worth: float) -> None:
        self.says = says
        self.words = words
        self.worth = worth
        self.stems = frozenset(map(stem, words))
        self.meanings = meanings(words)
        self.joined = f" {' '.join(words)}"


class Query:
    """What somebody wants, taken apart once, to be compared with many Spaces.

    `words` are those that say what it is about, `tasks` the tasks that it asks for, the clearest first.
    """

    def __init__(self, text: str) -> None:
        self.words = search_words(text)
        self._reference = text.strip().lower() if len(text) < 500 else ""  # noqa: PLR2004 - no id is that long
        found = find_tasks(meanings_of(text, self.words))
        heaviest = max((one.weight for one in found), default=1.0)
        self.tasks = tuple(
            WantedTask(name=one.task.name, strength=one.weight / heaviest, phrases=PHRASES[one.task.name])
            for one in found
        )
        telling = {meant for one in found for meant in one.phrase} - GENERIC
        self._terms = tuple((stem(word), meaning(word), word, self._weight(word, telling)) for word in self.words)
        self._total = sum(weight for *_, weight in self._terms)

    @staticmethod
    def _weight(word: str, telling: set[str]) -> float:
        if meaning(word) in GENERIC:
            return _GENERIC_WEIGHT
        return 1.0 if not telling or meaning(word) in telling else _OBJECT_WEIGHT

    def relevance(self, space: Space) -> float:
        """Return how well `space` fits, from 0 (not at all) to 1."""
        if self._reference and self._reference in {space.id.lower(), (space.space_id or "").lower()}:
            return 1.0
        if not self._terms:
            return 0.0
        name, tags, description, conversions = _places_of(space)
        chosen = name.meanings | tags.meanings | conversions
        everything = chosen | description.meanings
        by_task = max((task.strength * _does(task, chosen, everything) for task in self.tasks), default=0.0)
        by_words = self._by_words((name, tags, description, _kinds_of(space)))
        return 1.0 - (1.0 - _TASK_SHARE * by_task) * (1.0 - _WORDS_SHARE * by_words)

    def _by_words(self, places: tuple[_Place, ...]) -> float:
        got = 0.0
        for stemmed, meant, word, weight in self._terms:
            best = 0.0
            for place in places:
                if stemmed in place.stems:
                    best = max(best, place.worth)
                elif meant in place.meanings:
                    best = max(best, place.worth * _SAME_MEANING)
                elif len(word) >= _MINIMUM_PREFIX and f" {word}" in place.joined:
                    best = max(best, place.worth * _BEGINS)
            got += weight * best
        return got / self._total

    def says(self, space: Space) -> str | None:
        """Return where `space` says what is wanted, in words for people; None where it does not.

        The words are the Space's own; they hold letters and digits alone.
        """
        *places, _ = _places_of(space)
        for task in self.tasks:
            for place in places:
                held = place.meanings | conversions_in(" ".join(place.words))
                phrases = sorted((phrase for phrase in task.phrases if phrase <= held), key=_longest_first)
                if phrases:
                    return f"{place.says} {_listed(place, parts_of(phrases[0]))}"
        wanted = frozenset(meant for _, meant, _, _ in self._terms)
        said = next((place for place in places if wanted & place.meanings), None)
        return None if said is None else f"{said.says} {_listed(said, wanted)}"


def relevance(text: str, space: Space) -> float:
    """Return how well `space` fits `text`, from 0 to 1; for many Spaces make one `Query`."""
    return Query(text).relevance(space)


def expanded(words: Sequence[str]) -> tuple[str, ...]:
    """Return `words`, and after them words that Spaces use for the same, at most `MAX_EXPANDED`: to look up candidates.

    They are lower-case words without endings cut off, except that of plurals.
    """
    text = " ".join(words)
    given = search_words(text)
    more: list[str] = []
    for word in given:
        more += (word.removesuffix("s"), *same_words(word))
    for found in find_tasks(meanings_of(text, given))[:3]:
        task = TASKS[found.task.name]
        more += search_words(" ".join((task.name.replace("-", " "), *task.phrases)))
    generic = [word for word in more if meaning(word) in GENERIC]
    telling = [word for word in more if meaning(word) not in GENERIC]
    return tuple(dict.fromkeys((*given, *telling, *generic)))[:MAX_EXPANDED]


def _places_of(space: Space) -> tuple[_Place, _Place, _Place, set[str]]:
    name = space.id if space.space_id is None else f"{space.id} {space.space_id.rpartition('/')[2]}"
    tags, description = (
        fold(" . ".join(tag[:_MAX_TAG_LENGTH] for tag in space.tags[:_MAX_TAGS])),
        fold(space.description),
    )
    return (
        _Place("its name says", name_words(name), _IN_NAME),
        _Place("its tags say", folded_words(tags), _IN_TAGS),
        _Place("its description says", folded_words(description), _IN_DESCRIPTION),
        conversions_in(f"{fold(name)} . {tags} . {description}"),
    )


def _kinds_of(space: Space) -> _Place:
    return _kinds_place(f"{space.category[:200]} {space.input_type[:200]} {space.output_type[:200]}")


# Spaces have few different kinds, so these are taken apart once.
@lru_cache(maxsize=1024)
def _kinds_place(types: str) -> _Place:
    return _Place("its kinds say", words_in(types), _IN_KINDS)


def _does(task: WantedTask, chosen: frozenset[str], everything: frozenset[str]) -> float:
    if not any(phrase <= everything for phrase in task.phrases):
        return 0.0
    return 1.0 if any(phrase <= chosen for phrase in task.phrases) else _TASK_IN_DESCRIPTION


def _listed(place: _Place, wanted: frozenset[str]) -> str:
    return " ".join(list(dict.fromkeys(word for word in place.words if meaning(word) in wanted))[:_LISTED])


def _longest_first(phrase: frozenset[str]) -> tuple[int, list[str]]:
    return -len(phrase), sorted(phrase)
