"""Rewrites a prompt: mutates it in rounds, keeps what the rubric scores best, and says what has become better.

No model and no chance: the seed is the prompt itself, so the same prompt and settings always give the same answer.
"""

import hashlib
import random
import time
from collections import OrderedDict
from dataclasses import dataclass, replace

from draft import Draft, cut_to_words, tidy, without_filler
from operators import OPERATORS, Brief, brief_of
from rubric import rate
from settings import DEFAULTS, Settings
from topics import kind_of
from wording import rewordings_of

MAX_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Optimized:
    """What came out. `quality_score` is the rubric's, 0 to 1; `processing_time_s` is in seconds.

    `candidates` counts the prompts that were scored, the first one included.
    """

    prompt: str
    improvements: tuple[str, ...]
    quality_score: float
    processing_time_s: float
    candidates: int


def optimize(prompt: str, settings: Settings = DEFAULTS) -> Optimized:
    """Return `prompt` rewritten; the result never scores lower than the tidied prompt, within MAX_TOKENS words.

    Raises:
        ValueError: the prompt is empty, or longer than `MAX_CHARACTERS`.
    """
    started = time.perf_counter()
    if not prompt.strip():
        raise ValueError("the prompt is empty")
    if len(prompt) > MAX_CHARACTERS:
        raise ValueError(f"the prompt has {len(prompt):,} characters, more than {MAX_CHARACTERS:,}")
    tidied = tidy(prompt)
    first = Draft(task=cut_to_words(tidied, settings.max_tokens))
    search = _Search(first, brief_of(first.task, kind_of(first.task), settings), settings)
    best = search.run()
    improvements = _improvements(prompt, tidied, first, best)
    return Optimized(
        prompt=best.render(),
        improvements=tuple(improvements),
        quality_score=search.best_score,
        processing_time_s=time.perf_counter() - started,
        candidates=search.scored,
    )


def generate(inputs: str, settings: Settings = DEFAULTS, *, max_new_tokens: int, temperature: float) -> str:
    """Return `inputs` rewritten as by `optimize`, cut to `max_new_tokens` words; `temperature` above 1 counts as 1.

    Raises:
        ValueError: see `optimize`.
    """
    warm = replace(settings, temperature=min(1.0, temperature))
    return cut_to_words(optimize(inputs, warm).prompt, max_new_tokens)


class _Search:
    """One search: the best draft so far, the one that it goes on from, and the texts that were tried."""

    def __init__(self, first: Draft, brief: Brief, settings: Settings) -> None:
        self._brief = brief
        self._settings = settings
        # Not hash(): it differs from one process to the next.
        self._random = random.Random(hashlib.sha256(first.task.encode(errors="surrogatepass")).digest())  # noqa: S311 - no secret
        self._seen: OrderedDict[str, None] = OrderedDict()
        self.best, self.best_score, self.scored = first, rate(first.render()).score, 1
        self._remember(first.render())

    def run(self) -> Draft:
        """Return the best draft that the rounds of mutation came upon; each round begins with the best so far."""
        for _ in range(self._settings.mutate_refine_iterations):
            current, score = self.best, self.best_score
            for _ in range(self._settings.mutation_rounds):
                candidate = self._random.choice(OPERATORS)(current, self._brief, self._random)
                text = candidate.render()
                if text in self._seen or cut_to_words(text, self._settings.max_tokens) != text:
                    continue
                self._remember(text)
                self.scored += 1
                reached = rate(text).score
                if reached >= score or self._random.random() < self._settings.temperature:
                    current, score = candidate, reached
                if reached > self.best_score:
                    self.best, self.best_score = candidate, reached
        return self.best

    def _remember(self, text: str) -> None:
        """Note that `text` was tried; the oldest is forgotten where there are more than SEEN_SET_SIZE."""
        self._seen[text] = None
        while len(self._seen) > self._settings.seen_set_size:
            self._seen.popitem(last=False)


def _improvements(prompt: str, tidied: str, first: Draft, best: Draft) -> list[str]:
    said = {
        f"Cut to {len(first.task.split())} words, the most that MAX_TOKENS allows": first.task != tidied,
        "Removed superfluous white space": tidied != prompt,
        "Removed polite filler": _has_filler(first.task) and not _has_filler(best.task),
        "Stated the role of an expert": best.role,
        "Stated subject and reader": best.context,
        "Numbered the steps of the work": best.steps,
        f"Added {len(best.constraints)} constraint{'s' * (len(best.constraints) != 1)}": best.constraints,
        "Stated the format of the answer": best.output_format,
        f"Added {len(best.examples)} example{'s' * (len(best.examples) != 1)}": best.examples,
        "Asked for reasoning before the answer": best.reasoning,
    }
    fewer = len(rewordings_of(first.task)) - len(rewordings_of(best.task))
    if fewer > 0:
        said[f"Put {fewer} vague wording{'s' * (fewer != 1)} concretely"] = True
    gained = rate(best.render()).score - rate(first.task).score
    if gained > 0:
        said[f"Raised the quality score by {gained:.2f}"] = True
    return [sentence for sentence, is_so in said.items() if is_so]


def _has_filler(task: str) -> bool:
    return without_filler(task) != task
