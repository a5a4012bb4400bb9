"""Remembers what was said in a chat, up to a bound."""

from collections import deque

Message = dict[str, object]


class ChatHistory:
    """What user and model have said, oldest first; the oldest is forgotten where all of it is too long.

    Args:
        max_characters: how much is remembered, in characters.
    """

    def __init__(self, max_characters: int) -> None:
        self._max_characters = max_characters
        self._turns: deque[tuple[Message, Message, int]] = deque()
        self._characters = 0
        self._system: object = None

    def messages(self, asked: Message, system: object) -> list[Message]:
        """Return the messages of a call that asks `asked`; `system` holds from now on, unless it is None."""
        if system is not None:
            self._system = system
        first: list[Message] = [] if self._system is None else [{"role": "system", "content": self._system}]
        return [*first, *(said for turn in self._turns for said in turn[:2]), asked]

    def remember(self, asked: Message, answered: str) -> None:
        """Note a question that was answered."""
        size = _size(asked) + len(answered)
        self._turns.append((asked, {"role": "assistant", "content": answered}, size))
        self._characters += size
        while self._characters > self._max_characters:
            self._characters -= self._turns.popleft()[2]

    def clear(self) -> None:
        """Forget all that was said."""
        self._turns.clear()
        self._characters, self._system = 0, None


def _size(value: object) -> int:
    if isinstance(value, dict | list):
        return sum(_size(item) for item in (value.values() if isinstance(value, dict) else value))
    return len(value) if isinstance(value, str) else 0
