"""A text that must not be seen."""

from dataclasses import dataclass, field


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
    """Return `text` with each secret's value replaced by `***`."""
    for secret in sorted(secrets, key=lambda secret: -len(secret.reveal())):
        if secret.reveal():
            text = text.replace(secret.reveal(), "***")
    return text
