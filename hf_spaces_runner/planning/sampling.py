"""Decides whether an endpoint samples: whether the same call may bring another answer the next time."""

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from hf_spaces_runner.domain.call import Call

_SAMPLING_TASKS = {
    **dict.fromkeys(
        ("text-generation", "text2text-generation", "image-text-to-text", "conversational", "any-to-any", "omni"),
        "it writes or chats",
    ),
    **dict.fromkeys(
        (
            *("text-to-image", "image-to-image", "unconditional-image-generation", "image-text-to-image"),
            *("style-transfer", "virtual-try-on"),
        ),
        "it makes images",
    ),
    **dict.fromkeys(
        ("text-to-video", "image-to-video", "video-to-video", "text-to-audio", "text-to-3d", "image-to-3d"),
        "it makes something new",
    ),
}
_CHAT_COMPONENTS = frozenset({"chatbot", "chatinterface"})
_CHAT_CATEGORY = re.compile(r"\b(?:chat\w*|text generation|conversation\w*)\b")
_IMAGE_CATEGORY = re.compile(r"\bimage (?:generation|editing)\b")
_SEEDS = frozenset({"seed", "random_seed", "manual_seed", "noise_seed", "rng_seed", "generator_seed"})
_RANDOMIZE = frozenset({"randomize_seed", "randomise_seed", "random_seed", "randomize", "use_random_seed"})
_STEPS = frozenset({"num_inference_steps", "inference_steps", "number_of_inference_steps", "sampling_steps"})
_SAMPLERS = ("temperature", "top_p", "top_k")
_SAYS_RANDOM = re.compile(r"(-?\d+)\s*(?:=|:|is|for|means)\s*(?:a\s+)?random", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*https?://[^\s/]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetParameter:
    """One parameter of an endpoint with the value that it gets: the user's, the registry's, or its default."""

    name: str
    value: object
    label: str = ""


def is_sampling(
    parameters: Collection[SetParameter],
    *,
    endpoint: str = "",
    components: Iterable[str] = (),
    tasks: Iterable[str] = (),
    category: str = "",
) -> bool:
    """Return whether the same call may bring another answer. See `why_sampling`."""
    why = why_sampling(parameters, endpoint=endpoint, components=components, tasks=tasks, category=category)
    return why is not None


def why_sampling(
    parameters: Collection[SetParameter],
    *,
    endpoint: str = "",
    components: Iterable[str] = (),
    tasks: Iterable[str] = (),
    category: str = "",
) -> str | None:
    """Return, in words, why the same call may bring another answer; None where nothing says that it may.

    A fixed seed settles it, unless something makes it random. Without one, what chats or makes images samples, and so
    does what has the parameters of sampling, but for those of text that are switched off.

    Args:
        parameters: those of the endpoint, as they are set.
        endpoint: its name.
        components: those that it takes and returns.
        tasks: the Hub's tasks of the Space, or of its models.
        category: the category that the Hub's model gave it (Image Generation), or the registry's.
    """
    for parameter in parameters:
        if _names(parameter) & _RANDOMIZE and parameter.value is True:
            return f"{parameter.name} is on"
    seeds = [parameter for parameter in parameters if _is_seed(parameter)]
    for parameter in seeds:
        if not _is_fixed(parameter):
            return f"{parameter.name} is {_shown(parameter.value)}, which stands for another one each time"
    return None if seeds else next(_signs(parameters, endpoint, components, tasks, category), None)


def why_changing(call: Call) -> str | None:
    """Return why what goes in may change without being seen to: an address, whose content a Space fetches itself."""
    given = [("the prompt", call.prompt), *((value.name or "an input", value.value) for value in call.inputs)]
    for name, value in given:
        if isinstance(value, str) and _ADDRESS.match(value):
            return f"{name} is an address, and what is there may change"
    return None


def _signs(
    parameters: Collection[SetParameter],
    endpoint: str,
    components: Iterable[str],
    tasks: Iterable[str],
    category: str,
) -> Iterator[str]:
    named = {name: parameter for parameter in parameters for name in _names(parameter)}
    do_sample = named.get("do_sample")
    if do_sample is not None and do_sample.value is True:
        yield "do_sample is on"
    temperature = named.get("temperature")
    greedy = (do_sample is not None and do_sample.value is False) or (
        temperature is not None and _number(temperature.value) == 0
    )
    if not greedy:
        yield from (f"it has the parameter {named[name].name}" for name in _SAMPLERS if name in named)
    yield from (f"{named[name].name} is there, and no seed" for name in sorted(_STEPS & named.keys()))
    yield from (f"{_SAMPLING_TASKS[task]}, and has no seed ({task})" for task in tasks if task in _SAMPLING_TASKS)
    words = category.casefold().replace("_", " ").replace("-", " ")
    if (
        "chat" in re.split(r"[^a-z]+", endpoint.casefold())
        or _CHAT_COMPONENTS & {component.casefold() for component in components}
        or _CHAT_CATEGORY.search(words)
    ):
        yield "it chats, and has no seed"
    if _IMAGE_CATEGORY.search(words):
        yield "it makes images, and has no seed"


def _names(parameter: SetParameter) -> frozenset[str]:
    """Return what `parameter` may be called: apps that do not name theirs label them `Top-p (nucleus sampling)`."""
    spoken = re.split(r"[(:]", parameter.label, maxsplit=1)[0]
    return frozenset("_".join(re.findall(r"[a-z0-9]+", text.casefold())) for text in (parameter.name, spoken))


def _is_seed(parameter: SetParameter) -> bool:
    return bool(_names(parameter) & _SEEDS) and not isinstance(parameter.value, bool)


def _is_fixed(parameter: SetParameter) -> bool:
    number = _number(parameter.value)
    if number is None or number < 0 or number != int(number):
        return False
    said = _SAYS_RANDOM.search(parameter.label)
    return said is None or int(said[1]) != number


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if abs(number) < _TOO_LARGE else None


_TOO_LARGE = 2.0**64


def _shown(value: object) -> str:
    return "empty" if value is None or value == "" else str(value)[:40]
