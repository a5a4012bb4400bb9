"""Reads what the variables of the environment say about the optimiser."""

from collections.abc import Mapping
from dataclasses import dataclass

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class BadSettingError(ValueError):
    """A variable has a value that cannot be used; the message is one line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How far the search goes. Each field is the variable of its name in capitals.

    `mutate_refine_iterations` rounds of `mutation_rounds` mutations each. `seen_set_size` prompts are remembered, so
    that none of them is scored twice. At most `few_shot_count` examples are added. `temperature` is the share of worse
    candidates (0 to 1) that the search goes on from. `max_tokens` caps the answer in words.
    """

    mutate_refine_iterations: int = 3
    mutation_rounds: int = 20
    seen_set_size: int = 500
    few_shot_count: int = 2
    generate_reasoning: bool = True
    generate_expert_identity: bool = True
    temperature: float = 0.2
    max_tokens: int = 2048


DEFAULTS = Settings()


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Return the settings that `environment` names; an empty variable counts as one that is not there.

    Raises:
        BadSettingError: a value is not of the kind, or out of the range, that its variable has.
    """
    return Settings(
        mutate_refine_iterations=_whole(
            environment, "MUTATE_REFINE_ITERATIONS", DEFAULTS.mutate_refine_iterations, 0, 100
        ),
        mutation_rounds=_whole(environment, "MUTATION_ROUNDS", DEFAULTS.mutation_rounds, 0, 100),
        seen_set_size=_whole(environment, "SEEN_SET_SIZE", DEFAULTS.seen_set_size, 0, 100_000),
        few_shot_count=_whole(environment, "FEW_SHOT_COUNT", DEFAULTS.few_shot_count, 0, 10),
        generate_reasoning=_truth(environment, "GENERATE_REASONING", fallback=DEFAULTS.generate_reasoning),
        generate_expert_identity=_truth(
            environment, "GENERATE_EXPERT_IDENTITY", fallback=DEFAULTS.generate_expert_identity
        ),
        temperature=_share(environment, "TEMPERATURE", DEFAULTS.temperature),
        max_tokens=_whole(environment, "MAX_TOKENS", DEFAULTS.max_tokens, 1, 100_000),
    )


def _whole(environment: Mapping[str, str], name: str, fallback: int, low: int, high: int) -> int:
    text = environment.get(name, "").strip()
    # Not int(): it reads 1_000 and digits of other scripts, too.
    plain = text.isascii() and text.isdigit() and len(text) <= len(str(high))
    if text and not (plain and low <= int(text) <= high):
        raise BadSettingError(f"{name}: {text[:40]!r} is not a whole number from {low} to {high}")
    return int(text) if text else fallback


def _share(environment: Mapping[str, str], name: str, fallback: float) -> float:
    text = environment.get(name, "").strip()
    try:
        value = float(text) if text else fallback
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise BadSettingError(f"{name}: {text[:40]!r} is not a number from 0 to 1")
    return value


def _truth(environment: Mapping[str, str], name: str, *, fallback: bool) -> bool:
    text = environment.get(name, "").strip()
    if text and text.lower() not in _YES | _NO:
        raise BadSettingError(f"{name}: {text[:40]!r} is neither true nor false")
    return text.lower() in _YES if text else fallback
