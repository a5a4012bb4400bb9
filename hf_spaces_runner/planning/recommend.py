"""Ranks Spaces by how well they fit a wish, files and this machine, and says why."""

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from types import MappingProxyType

from hf_spaces_runner.domain.recommendation import Recommendation, Standing
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.planning.input_kinds import takes_only
from hf_spaces_runner.planning.relevance import Query
from hf_spaces_runner.planning.tasks import TASKS

BLOCKED_STATUS = frozenset({"unavailable", "disabled"})
"""A Space of this status is ranked behind all others."""

_GOOD_STATUS = frozenset({"available", "verified"})
_KINDS = MappingProxyType({"text": "text", "image": "an image", "audio": "audio", "video": "a video", "file": "files"})
# What the registry calls outputs that people would call text.
_LIKE_TEXT = frozenset({"json", "label", "labels", "number", "markdown", "html", "code"})
_SLOW_S = 30.0
_CLEAR = 0.6
"""How clearly a text must ask for a task, beside the clearest one, for its kinds to count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """How much of the score one fact takes away at its worst, and what it counts as where nothing is known."""

    takes: float
    unknown: float = 0.5


# The text comes first: all else only takes a part away from how well that fits.
_WEIGHTS = MappingProxyType(
    {
        "input": _Weight(takes=0.25),  # with the right words, a Space for other inputs is hardly ever the right one
        "output": _Weight(takes=0.35),  # `transcribe` and `read aloud` share words, and nothing but their direction
        "memory": _Weight(takes=0.7, unknown=0.95),  # it would be refused, unless the user gives it less
        "gpu": _Weight(takes=0.5),  # some that ask for a GPU do without, slowly; most do not start
        "runs": _Weight(takes=0.3),  # what failed here before will fail again, and what worked works
        "image": _Weight(takes=0.12),  # a pull is minutes, which is no reason to take what fits less
        "status": _Weight(takes=0.08),  # `available` was seen to work by somebody
        "time": _Weight(takes=0.06),  # between equals the faster one
        "certainty": _Weight(takes=0.06),  # a category that was guessed by a word may be wrong
    }
)
# Three bands that never overlap: what fits, what no word speaks for, and what cannot be used at all.
_FITS_FROM, _NO_WORDS_FROM = 0.1, 0.05


class _Case:
    """What was found out about one Space so far: for it, against it, and what is left of its score."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.misfits: list[str] = []
        self.factor = 1.0
        self.blocked = False

    def count(self, fact: str, value: float | None) -> None:
        weight = _WEIGHTS[fact]
        self.factor *= 1.0 - weight.takes * (1.0 - (weight.unknown if value is None else value))


def recommend(
    text: str, file_kinds: Collection[str], candidates: Iterable[tuple[Space, Standing]]
) -> tuple[Recommendation, ...]:
    """Return all `candidates`, those that fit `text` and files of `file_kinds` best first, with the reasons.

    Kinds are text, image, audio and video, and file for any other. Those that cannot take the files, or are not to be
    had, come last; before them those that no word of `text` speaks for. The order of the candidates does not matter.
    """
    query = Query(text)
    kinds = frozenset(kind if kind in _KINDS else "file" for kind in file_kinds)
    wanted = [TASKS[task.name] for task in query.tasks if task.strength >= _CLEAR]
    gives = frozenset(kind for task in wanted for kind in task.gives)
    takes = kinds or frozenset(kind for task in wanted for kind in task.takes)
    ranked = [_judge(query, kinds, takes, gives, space, standing) for space, standing in candidates]
    return tuple(sorted(ranked, key=lambda one: (-one.score, one.space.id, one.space.docker_image)))


def _judge(
    query: Query,
    kinds: frozenset[str],
    takes: frozenset[str],
    gives: frozenset[str],
    space: Space,
    standing: Standing,
) -> Recommendation:
    case = _Case()
    # Without words the files alone decide.
    relevance = query.relevance(space) if query.words else 1.0
    said = query.says(space) if relevance > 0 and query.words else None
    if said is not None:
        case.reasons.append(said)
    elif relevance <= 0:
        case.misfits.append("no word of it fits")
    _judge_input(case, kinds, takes, space)
    _judge_output(case, gives, space)
    _judge_machine(case, space, standing)
    _judge_past(case, standing)
    score = relevance * case.factor
    if case.blocked:
        score *= _NO_WORDS_FROM * 0.99
    elif relevance <= 0:
        score = _NO_WORDS_FROM + (_FITS_FROM - _NO_WORDS_FROM) * 0.99 * case.factor
    else:
        score = _FITS_FROM + (1.0 - _FITS_FROM) * score
    return Recommendation(space=space, score=round(score, 4), reasons=tuple(case.reasons), misfits=tuple(case.misfits))


def _judge_input(case: _Case, kinds: frozenset[str], takes: frozenset[str], space: Space) -> None:
    said = _kinds_of(space.input_type)
    only = takes_only(space.input_type)
    refused = sorted(kind for kind in kinds - {"file"} if only is not None and kind not in only)
    if refused:
        case.blocked = True
        case.misfits.append(f"does not take {_named(refused)}")
        return
    fitting = sorted(takes & said)
    if fitting and (kinds or fitting != ["text"]):
        case.reasons.append(f"takes {_named(fitting)}")
    if takes and said:
        case.count("input", len(fitting) / len(takes) if kinds else float(bool(fitting)))
    else:
        case.count("input", None)


def _judge_output(case: _Case, gives: frozenset[str], space: Space) -> None:
    said = _kinds_of(space.output_type)
    if not gives or not said:
        case.count("output", None)
    elif gives & said:
        case.reasons.append(f"gives {_named(sorted(gives & said))}")
        case.count("output", 1.0)
    else:
        case.misfits.append(f"gives {_named(sorted(said))}, not {_named(sorted(gives), 'or')}")
        case.count("output", 0.0)


def _judge_machine(case: _Case, space: Space, standing: Standing) -> None:
    if standing.status.strip().lower() in BLOCKED_STATUS:
        case.blocked = True
        case.misfits.append(f"its status is {one_line(standing.status, limit=40).strip().lower()}")
    case.count("status", 1.0 if standing.status.strip().lower() in _GOOD_STATUS else None)
    if standing.image_here is True:
        case.reasons.append("its image is here")
    elif standing.image_here is False:
        size = standing.download_bytes
        verb = "built" if space.source is not None else "pulled"
        case.misfits.append(
            f"its image must be {verb} first" + (f": {format_size(size)}" if size is not None and size > 0 else "")
        )
    case.count("image", None if standing.image_here is None else float(standing.image_here))
    sizes = (standing.needed_bytes, standing.have_bytes)
    if standing.fits_memory is False:
        detail = "" if None in sizes else f": {format_size(sizes[0] or 0)} needed, {format_size(sizes[1] or 0)} there"
        case.misfits.append(f"does not fit into memory{detail}")
    elif standing.fits_memory is True:
        case.reasons.append("fits into memory")
    case.count("memory", None if standing.fits_memory is None else float(standing.fits_memory))
    if space.gpu:
        (case.reasons if standing.gpu_here else case.misfits).append(
            "its GPU is here" if standing.gpu_here else "needs a GPU, and none is here"
        )
    case.count("gpu", float(standing.gpu_here or not space.gpu))


def _judge_past(case: _Case, standing: Standing) -> None:
    runs = max(standing.runs, 0)
    succeeded = min(max(standing.succeeded, 0), runs)
    # Few runs say little: the rate begins at a half, and each run moves it less.
    rate = (succeeded + 1) / (runs + 2)
    median_s = standing.median_s
    known = median_s is not None and math.isfinite(median_s) and median_s >= 0
    if runs:
        runs_said = "1 run" if runs == 1 else f"{runs} runs"
        spent = f", {format_duration(round(median_s, 1))} each" if known and median_s is not None and succeeded else ""
        # More than half: said for it; else against it.
        (case.reasons if rate > 0.5 else case.misfits).append(  # noqa: PLR2004 - the half of above
            f"{succeeded} of {runs_said} succeeded{spent}"
        )
    case.count("runs", rate)
    case.count("time", 1.0 / (1.0 + median_s / _SLOW_S) if known and median_s is not None else None)
    certainty = standing.category_certainty
    sure = certainty is not None and math.isfinite(certainty)
    case.count("certainty", min(max(certainty, 0.0), 1.0) if sure and certainty is not None else None)


def _kinds_of(type_text: str) -> frozenset[str]:
    words = frozenset(type_text[:200].lower().replace("-", "_").split("_"))
    return (words & _KINDS.keys()) | (frozenset({"text"}) if words & _LIKE_TEXT else frozenset())


def _named(kinds: Iterable[str], last: str = "and") -> str:
    *others, final = [_KINDS[kind] for kind in kinds]
    return f"{', '.join(others)} {last} {final}" if others else final
