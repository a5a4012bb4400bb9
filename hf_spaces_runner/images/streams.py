"""Reads the engine's streams and hangs up when the reader stops, which is how the engine is told to stop."""

import inspect
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import requests


@contextmanager
def closing_stream(stream: Generator[Any]) -> Iterator[Iterator[Any]]:
    """Yield `stream`, a generator of the SDK's `stream=True`, and close its connection on the way out.

    The engine goes on with a pull or a build for as long as the connection is open. Closing the generator only forgets
    the connection, and after an interrupt not even that happens before the traceback is gone; so it is taken from the
    generator, which has no other way to it.
    """
    response = inspect.getgeneratorlocals(stream).get("response")
    try:
        yield stream
    finally:
        if isinstance(response, requests.Response):
            response.close()
