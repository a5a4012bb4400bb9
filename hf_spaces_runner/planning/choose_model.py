"""Decides which model answers: the one that a setting names, else the first that can."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from hf_spaces_runner.domain.model import Model
from hf_spaces_runner.domain.space import Space

_TAKEN = frozenset({"image"})
"""The kinds of files that go along with a prompt, where a model takes them."""

_MEDIA = frozenset({"image", "audio", "video"})
_LATEST = ":latest"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """The model that was chosen, or None; `reason` says why, for people."""

    model: Model | None
    reason: str


def why_no_words(selected: Space) -> str | None:
    """Return why a language model cannot give what `selected` gives; None where that is text."""
    kinds = frozenset(selected.output_type.lower().replace("-", "_").split("_"))
    media = sorted(kinds & _MEDIA)
    return f"language models give no {' or '.join(media)}" if media else None


def misfit(model: Model, file_kinds: Collection[str], *, has_prompt: bool = True) -> str | None:
    """Return why `model` cannot answer a request with files of these kinds; None where it can."""
    if not has_prompt:
        return "a model needs a prompt, and there is none"
    others = sorted(set(file_kinds) - _TAKEN)
    if others:
        return f"it takes no {' or '.join(others)} input"
    if file_kinds and not model.takes_images:
        return "it takes no image input, as far as its server says"
    return None


def choose_model(
    models: Sequence[Model], *, name: str | None = None, file_kinds: Collection[str] = (), has_prompt: bool = True
) -> ModelChoice:
    """Return the first of `models` that is called `name` and can answer, else the first that can; loaded ones first.

    Args:
        models: those that were found, in the order of the addresses that were asked.
        name: what the user's setting names, if it does; Ollama's `:latest` may be missing.
        file_kinds: the kinds of the files that go in.
        has_prompt: whether there is something to say.
    """
    if not models:
        return ModelChoice(model=None, reason="no model was found")
    fitting = [model for model in models if misfit(model, file_kinds, has_prompt=has_prompt) is None]
    named = next((model for model in fitting if name is not None and _is_called(model, name)), None)
    if named is not None:
        return ModelChoice(model=named, reason="the settings name it")
    why_not_named = "" if name is None else f"; {_why_not(name, models, file_kinds, has_prompt=has_prompt)}"
    if not fitting:
        reasons = {misfit(model, file_kinds, has_prompt=has_prompt) for model in models}
        said = reasons.pop() if len(models) == 1 else None
        return ModelChoice(
            model=None,
            reason=f"{models[0].name}: {said}" if said else _none_of(models, file_kinds, has_prompt=has_prompt),
        )
    first = next((model for model in fitting if model.is_loaded), fitting[0])
    state = "the first that is loaded and fits" if first.is_loaded else "the first that fits"
    return ModelChoice(model=first, reason=f"{state}{why_not_named}")


def _is_called(model: Model, name: str) -> bool:
    return model.name.removesuffix(_LATEST) == name.removesuffix(_LATEST)


def _why_not(name: str, models: Sequence[Model], file_kinds: Collection[str], *, has_prompt: bool) -> str:
    named = next((model for model in models if _is_called(model, name)), None)
    if named is None:
        return f"no server has {name}, which the settings name"
    return f"not {name}, which the settings name: {misfit(named, file_kinds, has_prompt=has_prompt)}"


def _none_of(models: Sequence[Model], file_kinds: Collection[str], *, has_prompt: bool) -> str:
    if not has_prompt:
        return "models need a prompt, and there is none"
    return f"none of {len(models)} models takes {' and '.join(sorted(file_kinds))} input"
