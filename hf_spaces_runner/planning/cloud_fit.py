"""Decides which members of the cloud tier may answer a request, and in which order; and says what goes to them."""

from collections.abc import Collection, Iterable, Sequence

from hf_spaces_runner.domain.cloud import ROUTER, CloudModel, CloudSpace
from hf_spaces_runner.domain.image_names import subdomain_of
from hf_spaces_runner.domain.model import Model, ModelPlace
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.planning.choose_model import misfit, why_no_words

Endpoint = tuple[str, Collection[str]]
"""The name of an endpoint, and those of its parameters."""

_SEES = ("-vl-", "vision", "llava", "multimodal", "pixtral", "internvl", "-vl:", "gemma-3-")
"""Parts of the names of models that take pictures: the router does not say who does."""


def ranked(spaces: Iterable[CloudSpace], selected: Space) -> tuple[tuple[CloudSpace, str | None], ...]:
    """Return `spaces`, those first that stand in for `selected` itself; each with why it does not, None where it does.

    Those for its category follow, then those that are for others.
    """
    told = [(space, why_not_for(space, selected)) for space in spaces]
    return tuple(sorted(told, key=lambda item: (item[1] is not None, not is_same(item[0], selected))))


def why_not_for(space: CloudSpace, selected: Space) -> str | None:
    """Return why `space` does not answer in place of `selected`; None where it does."""
    if is_same(space, selected) or (space.stands_for is not None and space.stands_for == selected.category):
        return None
    if space.stands_for is not None:
        return f"it stands in for {space.stands_for}"
    return f"the setting cloud_spaces does not say what it stands in for; for this: {selected.id}={space.url}"


def is_same(space: CloudSpace, selected: Space) -> bool:
    """Return whether `space` answers for `selected` itself: the user says so, or it is its own form on the Hub."""
    if space.stands_for is not None:
        return space.stands_for in {selected.id, selected.space_id}
    return is_twin(space, selected)


def is_twin(space: CloudSpace, selected: Space) -> bool:
    """Return whether `space` is `selected` on the Hub: the same app, which takes the same inputs by the same names."""
    known = None if selected.found is None else selected.found.hub.subdomain
    if known is None and selected.space_id is not None:
        known = subdomain_of(selected.space_id)
    return space.subdomain == known


def takes_the_same(selected: Space, request: Request, endpoints: Sequence[Endpoint]) -> bool:
    """Return whether a remote app has the endpoint and the inputs that `request` and the entry of `selected` name."""
    wanted = request.endpoint or selected.endpoint
    named = {given.name for given in request.inputs if given.name is not None} | set(selected.inputs)
    return any(
        wanted in {None, name, name.removeprefix("/")} and named <= set(parameters) for name, parameters in endpoints
    )


def why_not_model(
    model: CloudModel, selected: Space | None, file_kinds: Collection[str], *, has_prompt: bool
) -> str | None:
    """Return why `model` cannot answer in place of `selected`, with files of these kinds; None where it can."""
    why_not = None if selected is None else why_no_words(selected)
    return why_not or misfit(as_model(model), file_kinds, has_prompt=has_prompt)


def as_model(model: CloudModel) -> Model:
    """Return `model` as one that may answer in place of a Space; whether it takes images, only its name tells."""
    name = f"{model.name.casefold()}:"
    return Model(
        name=model.routed,
        place=ModelPlace.CLOUD,
        base_url=ROUTER,
        server=model.provider,
        takes_images=any(part in name for part in _SEES),
    )


def what_is_sent(request: Request, url: str, *, with_token: bool) -> str:
    """Return in words what of `request` goes to `url`, without the content of any of it."""
    files = sum(given.path is not None for given in request.inputs)
    values = len(request.inputs) - files
    parts = [
        "the prompt" if request.prompt else "",
        _counted(values, "input"),
        _counted(files, "file"),
        "your Hub token" if with_token else "",
    ]
    said = [part for part in parts if part]
    if not said:
        return f"asks {url}, which is not this machine"
    listed = " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else said[0]
    return f"sends {listed} to {url}"


def _counted(number: int, what: str) -> str:
    return "" if number == 0 else f"{number} {what}{'' if number == 1 else 's'}"
