"""Finds in the words of a text which tasks it is about."""

from collections.abc import Collection
from dataclasses import dataclass

from hf_spaces_runner.planning.tasks import TASKS, Task
from hf_spaces_runner.planning.words import conversions_in, fold, kind_word, meanings, search_words

# These stand in the phrases of many tasks and decide little; what turns into what decides most.
_GENERIC_WORDS = "generate image audio video text detect edit music classify speech voice answer question write"
GENERIC = meanings(_GENERIC_WORDS.split())
"""The meanings that many tasks have in common."""
_GENERIC_WEIGHT = 0.4
_CONVERSION_WEIGHT = 1.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A task that a text is about, and the phrase of it that the text holds, as meanings of words.

    `weight` is how much that phrase says: it grows with its words, and less with words that many tasks share.
    """

    task: Task
    phrase: frozenset[str]
    weight: float


def meanings_of(text: str, words: Collection[str]) -> frozenset[str]:
    """Return the meanings of `words`, all or some of those of `text`, and what `text` turns into what."""
    return meanings(words) | conversions_in(fold(text))


def parts_of(phrase: frozenset[str]) -> frozenset[str]:
    """Return the meanings of the single words that stand in a text for `phrase`."""
    return meanings(kind for part in phrase for kind in part.split(">")) | phrase


def _phrase(text: str) -> frozenset[str]:
    # `speech to text` must not be found in `text to speech`: of the kinds the direction alone counts.
    conversions = conversions_in(fold(text))
    kinds = {kind for conversion in conversions for kind in conversion.split(">")}
    return frozenset(conversions) | meanings(word for word in search_words(text) if kind_word(word) not in kinds)


def _weight(phrase: frozenset[str]) -> float:
    return sum(
        _CONVERSION_WEIGHT if ">" in part else _GENERIC_WEIGHT if part in GENERIC else 1.0 for part in sorted(phrase)
    )


PHRASES: dict[str, tuple[frozenset[str], ...]] = {
    task.name: tuple(dict.fromkeys(filter(None, map(_phrase, (task.name.replace("-", " "), *task.phrases)))))
    for task in TASKS.values()
    if task.name != "other"
}
"""The phrases of each task as sets of meanings; a text that holds a whole set is about the task."""

_BY_WORD: dict[str, list[Found]] = {}
for _name, _phrases in PHRASES.items():
    for _set in _phrases:
        _BY_WORD.setdefault(min(_set), []).append(Found(task=TASKS[_name], phrase=_set, weight=_weight(_set)))


def find_tasks(text_meanings: frozenset[str]) -> tuple[Found, ...]:
    """Return the tasks that a text with these meanings is about, by their weightiest phrases, heaviest first."""
    held = (found for word in text_meanings for found in _BY_WORD.get(word, ()) if found.phrase <= text_meanings)
    best: dict[str, Found] = {}
    for found in sorted(held, key=lambda found: (-found.weight, found.task.name, sorted(found.phrase))):
        best.setdefault(found.task.name, found)
    return tuple(best.values())
