"""The rewritings that the search chooses from: each makes one change to a draft, or none where it does not fit."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from draft import Draft, without_filler
from rubric import rate
from settings import Settings
from topics import Kind, topic_of
from wording import reworded, rewordings_of

_LENGTH = re.compile(r"\b\d+ (?:words|sentences|lines|paragraphs|pages)\b")
_LENGTH_OF_ALL = re.compile(r"\d+ words\.$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What every operator may know: the kind of work, its topic, the settings, and what the user has stated.

    `stated` are the criteria of the rubric that the prompt meets by itself; nothing is added for those.
    """

    kind: Kind
    topic: str
    settings: Settings
    stated: frozenset[str]


Operator = Callable[[Draft, Brief, Random], Draft]


def brief_of(task: str, kind: Kind, settings: Settings) -> Brief:
    """Return what operators may know of `task`."""
    stated = frozenset(name for name, mark in rate(task).marks.items() if mark == 1)
    return Brief(kind=kind, topic=topic_of(task), settings=settings, stated=stated)


def remove_filler(draft: Draft, _brief: Brief, _random: Random) -> Draft:
    """Take out what is polite and says nothing."""
    return replace(draft, task=without_filler(draft.task))


def name_what_is_vague(draft: Draft, _brief: Brief, random: Random) -> Draft:
    """Put a concrete wording in the place of one vague one."""
    choices = rewordings_of(draft.task)
    if not choices:
        return draft
    task = reworded(draft.task, random.choice(choices))
    return replace(draft, task=task, constraints=tuple(_that_agree(draft.constraints, task)))


def state_role(draft: Draft, brief: Brief, _random: Random) -> Draft:
    """Say who answers: an expert for the kind of work and the topic's own words."""
    if "role" in brief.stated or not brief.settings.generate_expert_identity:
        return draft
    about = f" who knows {brief.topic} well" if brief.topic else ""
    return replace(draft, role=f"You are an experienced {brief.kind.expert}{about}.")


def state_context(draft: Draft, brief: Brief, random: Random) -> Draft:
    """Say for whom the answer is."""
    if "context" in brief.stated:
        return draft
    about = f"The subject is {brief.topic}. " if brief.topic else ""
    reader = random.choice(("has no prior knowledge of it", "knows the basics", "wants to use the answer at once"))
    return replace(draft, context=f"{about}The reader {reader}; nothing is known but what stands here.")


def add_constraint(draft: Draft, brief: Brief, random: Random) -> Draft:
    """Add one bound that fits the kind of work."""
    fitting = _that_agree([f"{constraint}." for constraint in brief.kind.constraints], draft.task)
    left = [constraint for constraint in fitting if constraint not in draft.constraints]
    if "constraints" in brief.stated or not left:
        return draft
    return replace(draft, constraints=(*draft.constraints, random.choice(left)))


def state_format(draft: Draft, brief: Brief, _random: Random) -> Draft:
    """Say what the answer looks like."""
    return draft if "format" in brief.stated else replace(draft, output_format=brief.kind.output_format)


def add_steps(draft: Draft, brief: Brief, _random: Random) -> Draft:
    """Number the steps of the work."""
    return draft if "steps" in brief.stated else replace(draft, steps=tuple(f"{step}." for step in brief.kind.steps))


def add_example(draft: Draft, brief: Brief, _random: Random) -> Draft:
    """Add one example: an input that resembles the task, and the shape of its output."""
    if "examples" in brief.stated or len(draft.examples) >= brief.settings.few_shot_count:
        return draft
    about = brief.topic or "the subject of the task"
    given = ("a typical case of", "an unusual case of", "an empty or missing case of")[len(draft.examples) % 3]
    number = f" {len(draft.examples) // 3 + 1}" if len(draft.examples) >= 3 else ""  # noqa: PLR2004 - see above
    pair = (f"[{given} {about}{number}]", f"[{brief.kind.shape}]")
    return replace(draft, examples=(*draft.examples, pair))


def ask_for_reasoning(draft: Draft, brief: Brief, _random: Random) -> Draft:
    """Ask for thought before the answer."""
    if "reasoning" in brief.stated or not brief.settings.generate_reasoning:
        return draft
    return replace(draft, reasoning="Think step by step before you answer, then give the answer alone.")


def drop_something(draft: Draft, _brief: Brief, random: Random) -> Draft:
    """Take one added part away again: a way out of a choice that turns out worse than another."""
    shorter = [
        replace(draft, context=""),
        replace(draft, steps=()),
        replace(draft, constraints=draft.constraints[:-1]),
        replace(draft, examples=draft.examples[:-1]),
    ]
    return random.choice([other for other in shorter if other != draft] or [draft])


OPERATORS: tuple[Operator, ...] = (
    remove_filler,
    name_what_is_vague,
    state_role,
    state_context,
    add_constraint,
    state_format,
    add_steps,
    add_example,
    ask_for_reasoning,
    drop_something,
)


def _that_agree(constraints: Iterable[str], task: str) -> list[str]:
    """Return `constraints` without a length of the whole answer where `task` names one itself."""
    named = _LENGTH.search(task) is not None
    return [constraint for constraint in constraints if not (named and _LENGTH_OF_ALL.search(constraint))]
