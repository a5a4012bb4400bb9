"""A Hub on loopback for the tests that ask one, and the environment that names it to a command."""

import pytest

from tests.fakes.hub_server import HubServer, hub_server

__all__ = ["hub_server"]


@pytest.fixture
def online(hub_server: HubServer) -> dict[str, str]:
    """Return the environment in which commands ask `hub_server`."""
    return {"HF_ENDPOINT": hub_server.url, "HF_HUB_OFFLINE": "0"}
