"""Decides the category of a Space, and the kinds that it takes and gives, by what the Hub says of it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hf_spaces_runner.domain.hub_space import Categorised, Category, HubSpace
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.planning.find_tasks import find_tasks, meanings_of, parts_of
from hf_spaces_runner.planning.tasks import BROAD, Task, task_named
from hf_spaces_runner.planning.words import meaning, name_words, search_words, words_in

_KINDS = ("text", "image", "audio", "video", "file")
_MAX_EVIDENCE = 50
_SHOWN_LENGTH = 60

# How often each rule is right, by judgement: a tag that is a task was chosen on purpose, a model may only help another
# one, the Hub's own category is a model's guess, and words may stand for anything.
_TAG_IS_TASK, _TAG_IS_FIELD, _MODEL, _HUB_CATEGORY, _HUB_WORDS = 0.95, 0.8, 0.85, 0.75, 0.6
_NAME, _DESCRIPTION, _NOTHING = 0.5, 0.3, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Evidence:
    """One thing that speaks for `category`, in words for people."""

    category: Category
    says: str
    task: Task | None = None
    weight: float = 1.0


def categorise(space: HubSpace) -> Categorised:
    """Return the category of `space`, the first rule that tells it, and how certain that is.

    The rules in their order: tags, tasks of its models, the category that the Hub's model gave it, words of its name,
    words of its description. Where the evidence of one rule disagrees the majority wins, with less certainty.
    """
    winner: tuple[Category, str, float] | None = None
    kinds: Task | None = None
    for certainty, evidence in _rules(space):
        if not evidence:
            continue
        weights = dict.fromkeys((one.category for one in evidence), 0.0)
        for one in evidence:
            weights[one.category] += one.weight
        if winner is None:
            category = max(weights, key=lambda category: weights[category])
            share = weights[category] / sum(weights.values())
            says = next(one.says for one in evidence if one.category is category)
            winner = category, says, round(certainty * share, 2)
        # A tag such as audio tells no kinds; what is told later by words of the same category fills them in.
        kinds = _most([one.task for one in evidence if one.task is not None and one.category is winner[0]])
        if kinds is not None and (kinds.takes or kinds.gives):
            break
    if winner is None:
        return Categorised(category=Category.SPECIALIZED, rule="nothing that tells a category", certainty=_NOTHING)
    category, says, certain = winner
    return Categorised(
        category=category,
        rule=says,
        certainty=certain,
        input_type="" if kinds is None else _joined(kinds.takes),
        output_type="" if kinds is None else _joined(kinds.gives),
    )


def _rules(space: HubSpace) -> Iterator[tuple[float, list[_Evidence]]]:
    tags = space.tags[:_MAX_EVIDENCE]
    yield _TAG_IS_TASK, list(_tasks(tags, "the tag {}"))
    yield _TAG_IS_FIELD, list(_fields(tags, "the tag {}"))
    yield _MODEL, list(_tasks(space.tasks[:_MAX_EVIDENCE], "the task {} of its model"))
    given = (space.ai_category,) if space.ai_category else ()
    yield _HUB_CATEGORY, list(_tasks(given, "the Hub's category {}")) or list(_fields(given, "the Hub's category {}"))
    yield _HUB_WORDS, list(_words(space.ai_category or "", (), "in the Hub's category"))
    name = f"{space.id.rpartition('/')[2]} {space.title}"
    yield _NAME, list(_words(name, name_words(name), "in its name"))
    yield _DESCRIPTION, list(_words(space.description, (), "in its description"))


def _tasks(names: Iterable[str], says: str) -> Iterator[_Evidence]:
    for name in names:
        task = task_named(name)
        if task is not None and task.name != "other":
            yield _Evidence(category=task.category, says=says.format(_shown(name)), task=task)


def _fields(names: Iterable[str], says: str) -> Iterator[_Evidence]:
    for name in names:
        category = BROAD.get("-".join(words_in(name[:_SHOWN_LENGTH])))
        if category is not None:
            yield _Evidence(category=category, says=says.format(_shown(name)))


def _words(text: str, more: Iterable[str], where: str) -> Iterator[_Evidence]:
    words = list(dict.fromkeys((*search_words(text), *more)))
    for found in find_tasks(meanings_of(text, words)):
        parts = parts_of(found.phrase)
        said = [word for word in words if meaning(word) in parts]
        named = f"the word {said[0]}" if len(said) == 1 else f"the words {' '.join(said[:4])}"
        # A phrase of two telling words is worth more than two of one: the square lets it win.
        yield _Evidence(category=found.task.category, says=f"{named} {where}", task=found.task, weight=found.weight**2)


def _most(tasks: list[Task]) -> Task | None:
    counts = Counter(task.name for task in tasks)
    return max(tasks, key=lambda task: counts[task.name], default=None)


def _shown(name: str) -> str:
    return one_line(name, limit=_SHOWN_LENGTH)


def _joined(kinds: Iterable[str]) -> str:
    return "_".join(sorted(kinds, key=_KINDS.index))
