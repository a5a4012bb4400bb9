"""A text that must not be seen."""

from dataclasses import dataclass, field

_SHORTEST_LINE = 8


@dataclass(frozen=True, slots=True)
class Secret:
    """A value whose `repr` and `str` never show it; `reveal()` is the one way to read it."""

    _value: str = field(repr=False)

    def reveal(self) -> str:
        """Return the hidden value. Call it only at the edge that sends it."""
        return self._value

    def __str__(self) -> str:
        return "***"


def redact(text: str, secrets: tuple[Secret, ...]) -> str:
    """Return `text` with each secret's value replaced by `***`.

    A value of several lines, such as a private key, is hidden line by line as well: a log may hold a part of it, and
    whoever printed it may have put something before each line.
    """
    values = {secret.reveal() for secret in secrets}
    lines = {line.strip() for value in values for line in value.splitlines() if len(line.strip()) >= _SHORTEST_LINE}
    for hidden in sorted((values | lines) - {""}, key=len, reverse=True):
        text = text.replace(hidden, "***")
    return text
