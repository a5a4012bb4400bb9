"""Decides who follows a Space that fails: other Spaces for the same task, the best first, and who is left out, why."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from hf_spaces_runner.domain.api import ApiKind
from hf_spaces_runner.domain.hop import Hop
from hf_spaces_runner.domain.recommendation import Standing
from hf_spaces_runner.domain.request import InputValue, Request
from hf_spaces_runner.domain.result import CandidateKind
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.space import DISCOVERED, Sdk, Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import InvalidInputError
from hf_spaces_runner.planning.check_request import check_request
from hf_spaces_runner.planning.input_kinds import kind_of_file
from hf_spaces_runner.planning.recommend import BLOCKED_STATUS, recommend
from hf_spaces_runner.planning.relevance import Query

_SAME_TASK = 0.4
"""So much must the words of a Space have to do with those of the selected one: a category holds many tasks."""
_MOST_OTHERS = 5
_FOR_PEOPLE = frozenset({Sdk.STATIC, Sdk.STREAMLIT})
_SHARE = 0.6


def task_of(space: Space, prompt: str | None) -> str:
    """Return in words what `space` is for; `prompt` counts where the Space says nothing of itself."""
    said = " ".join([space.id.replace("-", " "), space.description, *space.tags])
    return said if space.description else f"{said} {prompt or ''}"


def task_for_model(space: Space) -> str:
    """Return what a language model is told that answers in place of `space`."""
    said = space.description or space.id.replace("-", " ")
    return f"You do this task: {said}. Reply with the result alone."


def kinds_of(request: Request) -> frozenset[str]:
    """Return the kinds of the files that go in."""
    return frozenset(kind_of_file(given.path.name) or "file" for given in request.inputs if given.path is not None)


def others_for(
    selected: Space, request: Request, known: Sequence[tuple[Space, Standing]], file_kinds: Collection[str]
) -> tuple[Hop, ...]:
    """Return the Spaces that do what `selected` does, the best first by recommendation; with why, those left out."""
    task = task_of(selected, request.prompt)
    query = Query(task)
    standings = {space.id: standing for space, standing in known}
    alike = [
        (space, standing)
        for space, standing in known
        if space.id != selected.id and space.category == selected.category and query.relevance(space) >= _SAME_TASK
    ]
    ranked = [one.space for one in recommend(task, file_kinds, alike)]
    return tuple(space_hop(space, request, standings[space.id]) for space in ranked[:_MOST_OTHERS])


def space_hop(space: Space, request: Request, standing: Standing, *, is_wanted: bool = False) -> Hop:
    """Return the hop to `space`, which is not the selected one, and why it is left out if it is.

    `is_wanted` says that the user named it as one that may follow: then an image is pulled that nobody has checked.
    """
    hop = Hop(kind=CandidateKind.SPACE, name=space.id, tier=Tier.HEAVY, space=space)
    why = _misfit(hop, space, request, standing)
    if why is None and (space.sdk in _FOR_PEOPLE or space.api.kind in {ApiKind.STREAMLIT, ApiKind.PAGE}):
        why = "it is a page for people, and has no API that could be called"
    if why is None and request.privacy and standing.image_here is False:
        why = "its image is not here, and privacy mode asks nobody for one"
    if why is None and not is_wanted and space.current_status == "unverified" and not standing.image_here:
        why = f"its image is not here, and nobody has checked it; hfsr registry check {space.id} does"
    if why is None and not is_wanted and space.origin == DISCOVERED and not standing.image_here:
        # Strangers write its words, and that its image is there says nothing of what it does with what it is given.
        why = "it was merely found on the Hub; name it with --fallback, or hfsr registry add it"
    return replace(hop, skipped=why)


def selected_hop(space: Space) -> Hop:
    """Return the hop to the Space that the user named."""
    return Hop(kind=CandidateKind.SPACE, name=space.id, tier=Tier.HEAVY, space=space, is_selected=True)


def request_for(hop: Hop, request: Request) -> Request:
    """Return what is asked of `hop`: variables, secrets, logins and endpoints were meant for the selected Space alone.

    Inputs by name, its memory and its GPUs were, too; the prompt, other values and all files go to whoever answers.
    A Space that was chosen for the user was not named: it gets the inputs, and nothing that it would be trusted with.
    """
    if hop.is_selected and request.space is None:
        return replace(request, space=hop.name, environment={}, secrets={}, auth_user=None)
    if hop.is_selected:
        return request
    return replace(
        request,
        space=hop.name,
        inputs=inputs_for(hop, request.inputs),
        endpoint=None,
        environment={},
        secrets={},
        auth_user=None,
        limits=replace(request.limits, memory_bytes=None, gpus=None, hardware=None),
    )


def inputs_for(hop: Hop, inputs: Sequence[InputValue]) -> tuple[InputValue, ...]:
    """Return what of `inputs` goes to `hop`: names are those of the selected Space's endpoint. See `request_for`."""
    if hop.is_selected:
        return tuple(inputs)
    return tuple(replace(given, name=None) for given in inputs if given.path is not None or given.name is None)


def rest(hops: Sequence[Hop], resting: Mapping[str, str]) -> tuple[Hop, ...]:
    """Return `hops` with those left out that failed lately; `resting` says why, by their names.

    Where nobody else would be left, nobody rests.
    """
    rested = [
        replace(hop, skipped=resting[hop.name]) if hop.skipped is None and hop.name in resting else hop for hop in hops
    ]
    return tuple(rested) if any(hop.skipped is None for hop in rested) else tuple(hops)


def share_s(remaining_s: float, *, is_last: bool) -> float:
    """Return how much of the remaining time the next hop may take: all of it if nobody follows, else most of it.

    The first is what the user wants, so it has the largest part; each that follows has the same part of the rest.
    """
    return remaining_s if is_last else remaining_s * _SHARE


def _misfit(hop: Hop, space: Space, request: Request, standing: Standing) -> str | None:
    if space.current_status in BLOCKED_STATUS:
        return f"its status is {space.current_status}"
    try:
        check_request(request_for(hop, request), space)
    except InvalidInputError as error:
        return error.message
    if space.gpu and not standing.gpu_here:
        return "it needs a GPU, and the engine gives none"
    if standing.fits_memory is False:
        return (
            f"its memory cap of {format_size(standing.needed_bytes or 0)} does not fit into"
            f" {format_size(standing.have_bytes or 0)}"
        )
    return None
