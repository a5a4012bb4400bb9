"""Measures what planning, the cache of answers and the statistics add to a call to a Space that is up already."""

import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import httpx

from hf_spaces_runner.answering import Answering
from hf_spaces_runner.attempt import Attempting
from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.hops import Hops
from hf_spaces_runner.kept_answers import KeptAnswers
from hf_spaces_runner.result_cache.store import ResultCache
from hf_spaces_runner.runner import Runner
from tests.benchmarks.measure import Row, alone, compare

SPACE, ENDPOINT = "vader-sentiment", "/analyze"
TOGETHER_S = 0.005
PARTS: dict[str, tuple[tuple[type, str], ...]] = {
    "planning": ((Runner, "begin"), (Hops, "resting"), (Answering, "candidate")),
    "looking for a kept answer": ((Attempting, "_cached"), (KeptAnswers, "key_of")),
    "statistics": ((Runner, "note"),),
}
"""Where a run spends the time for each part; none of these calls another of them."""


def rows(times: int) -> list[Row]:
    """Return what a warm run costs, and what of it each part takes; nothing is left on the engine."""
    with ExitStack() as stack:
        home = stack.enter_context(tempfile.TemporaryDirectory())
        runner = Runner(settings={}, environment={**os.environ, "HFSR_HOME": home})
        # As it is called directly in a batch: over the queue, Gradio itself takes 50 ms for each.
        request = Request(space=SPACE, tier=Tier.HEAVY, performance_first=True)
        runner.execute(replace(request, prompt="I love it"))  # an answer is kept then, so that there is where to look
        up = runner.execute(replace(request, prompt="I love it", keep=True))
        stack.callback(runner.up_spaces.stop, up.container)
        numbers = itertools.count()
        watches = {name: stack.enter_context(_stopped(places)) for name, places in PARTS.items()}
        whole = compare(
            "a run of a Space that is up",
            lambda: runner.execute(replace(request, prompt=f"I love number {next(numbers)}")),
            "bare httpx, directly",
            stack.enter_context(_bare(f"{up.url}/gradio_api/run{ENDPOINT}")),
            target=None,
            times=times,
        )
        parts = {name: _sums(taken, times) for name, taken in watches.items()}
        together = [sum(one) for one in zip(*parts.values(), strict=True)]
        return [
            whole,
            _row("planning, cache and statistics of it", together, TOGETHER_S),
            *(_row(f"  {name}", taken, None) for name, taken in parts.items()),
            _keeping(Path(home), times),
        ]


@contextmanager
def _stopped(places: tuple[tuple[type, str], ...]) -> Iterator[list[float]]:
    """Yield a list that gets how long each call of `places` takes, from here on, in seconds."""
    taken: list[float] = []
    with ExitStack() as stack:
        for owner, name in places:
            stack.enter_context(patch.object(owner, name, _timed(getattr(owner, name), taken)))
        yield taken


def _timed(what: Callable[..., object], taken: list[float]) -> Callable[..., object]:
    def timed(*arguments: object, **named: object) -> object:
        started = time.perf_counter()
        try:
            return what(*arguments, **named)
        finally:
            taken.append(time.perf_counter() - started)

    return timed


def _sums(taken: list[float], times: int) -> list[float]:
    """Return the sum for each run but the first, which warms up."""
    each, rest = divmod(len(taken), times + 1)
    if rest or not each:
        raise RuntimeError("runs do not all go the same way")
    return [sum(taken[number * each : (number + 1) * each]) for number in range(1, times + 1)]


def _row(name: str, taken: list[float], target_s: float | None) -> Row:
    return Row(
        name=name,
        ours_s=statistics.median(taken),
        other="-",
        other_s=None,
        target=target_s,
        ours_all_s=tuple(taken),
    )


@contextmanager
def _bare(url: str) -> Iterator[Callable[[], object]]:
    with httpx.Client(trust_env=False) as client:
        yield lambda: client.post(url, json={"data": ["I love it"]}).raise_for_status().json()


def _keeping(home: Path, times: int) -> Row:
    """Return what it takes to keep a short text; answers of a Space that others may use as well are not kept."""
    cache = ResultCache(home / "kept", max_bytes=1024**3, max_age_s=3600.0)
    output = AnswerOutput(label="Sentiment", component="textbox", value="positive")
    answer, numbers = Answer(endpoint=ENDPOINT, outputs=(output,)), itertools.count()
    return alone("keeping an answer", lambda: cache.keep(f"{next(numbers)}", answer), target_s=None, times=times)
