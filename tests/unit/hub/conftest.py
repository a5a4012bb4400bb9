"""A Hub on loopback for the tests of its adapter, and the adapter itself with a sleep that only notes."""

from collections.abc import Iterator

import huggingface_hub
import pytest

from hf_spaces_runner.hub.client import Hub
from tests.fakes.hub_server import HubServer, hub_server

__all__ = ["hub_server"]


@pytest.fixture
def slept() -> list[float]:
    """Return the seconds that `hub` slept, and did not."""
    return []


@pytest.fixture
def told() -> list[float]:
    """Return the seconds that `hub` told of before it slept."""
    return []


@pytest.fixture
def hub(hub_server: HubServer, slept: list[float], told: list[float]) -> Iterator[Hub]:
    """Return the adapter for `hub_server`."""
    with Hub(hub_server.url, timeout_s=5, on_wait=told.append, sleep=slept.append) as client:
        yield client
    huggingface_hub.close_session()
