"""Ends the streams of Docker's SDK for good."""

from contextlib import suppress
from typing import Any


def close_stream(stream: Any) -> None:  # noqa: ANN401 - the SDK's class does not say what it has
    """Hang up, from whichever thread, and free the connection, which the SDK leaves open."""
    with suppress(AttributeError, OSError):  # it ended by itself, and the SDK finds no socket any more
        stream.close()
    stream._response.close()  # noqa: SLF001 - there is no other way to it
