"""The networks of our containers: no Space reaches another, and an isolated one reaches nobody."""

import ipaddress
from typing import Any

import docker
from docker.errors import APIError
from docker.types import IPAMConfig, IPAMPool

from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.errors import LaunchError
from hf_spaces_runner.orchestrator.docker_errors import docker_errors

_BRIDGE = "com.docker.network.bridge"
_NO_TRAFFIC_BETWEEN = {f"{_BRIDGE}.enable_icc": "false"}
_NO_WAY_OUT = {f"{_BRIDGE}.enable_ip_masquerade": "false"}
# libnetwork gives containers this address of the pool as their gateway, instead of the bridge's own
# (drivers/bridge/bridge.go, DefaultGatewayV4AuxKey). Nobody has it, so nothing leaves the bridge; the host, which has
# an address on it, still reaches the published port.
_DEAD_GATEWAY = "DefaultGatewayIPv4"


def ensure_network(api: docker.APIClient, network: Network) -> str:
    """Return the id of the engine's network for `network`, made now unless it is there.

    Raises:
        LaunchError: one of that name is there and lets through what it must not, or none can be made.
        EngineUnavailableError: no engine answers.
    """
    name = network.engine_name
    with docker_errors(f"looking for the network {name}"):
        found = _find(api, name) or _made(api, name, isolated=network is Network.ISOLATED)
    if found is None:
        raise LaunchError(f"the network {name} is gone: something else removed it", verdict="network_removed")
    _check(found, isolated=network is Network.ISOLATED)
    return str(found["Id"])


def _find(api: docker.APIClient, name: str) -> dict[str, Any] | None:
    """Return the oldest network called `name`: the engine gives the same name twice to those who ask at once."""
    found = [item for item in api.networks(names=[name]) if item["Name"] == name]
    return min(found, key=lambda item: (str(item["Created"]), str(item["Id"])), default=None)


def _made(api: docker.APIClient, name: str, *, isolated: bool) -> dict[str, Any] | None:
    try:
        own = _create(api, name, isolated=isolated)
    except APIError:
        # Another process has made it in the same moment, or taken the range.
        if (found := _find(api, name)) is None:
            raise
        return found
    oldest = _find(api, name)
    if oldest is not None and oldest["Id"] != own:
        api.remove_network(own)
    return oldest


def _create(api: docker.APIClient, name: str, *, isolated: bool) -> str:
    labels = {f"{LABEL}.network": "isolated" if isolated else "open"}
    if not isolated:
        made = api.create_network(
            name, driver="bridge", options=_NO_TRAFFIC_BETWEEN, labels=labels, check_duplicate=True
        )
        return str(made["Id"])
    # The engine picks a range that nobody uses, but takes a gateway of ours only together with a range of ours.
    trial = api.create_network(f"{name}-range", driver="bridge", labels=labels)["Id"]
    try:
        picked = api.inspect_network(trial)["IPAM"]["Config"][0]
    finally:
        api.remove_network(trial)
    hosts = ipaddress.ip_network(picked["Subnet"]).hosts()
    bridge, dead = next(hosts), next(hosts)
    pool = IPAMPool(subnet=picked["Subnet"], gateway=str(bridge), aux_addresses={_DEAD_GATEWAY: str(dead)})
    made = api.create_network(
        name,
        driver="bridge",
        options={**_NO_TRAFFIC_BETWEEN, **_NO_WAY_OUT},
        ipam=IPAMConfig(pool_configs=[pool]),
        labels=labels,
        check_duplicate=True,
    )
    return str(made["Id"])


def _check(found: dict[str, Any], *, isolated: bool) -> None:
    wanted = {**_NO_TRAFFIC_BETWEEN, **(_NO_WAY_OUT if isolated else {})}
    options = found.get("Options") or {}
    pools = (found.get("IPAM") or {}).get("Config") or [{}]
    # IPv6 would be a second way out, past the dead gateway: an engine may be set to give it to each new network.
    closed = not isolated or (
        _DEAD_GATEWAY in (pools[0].get("AuxiliaryAddresses") or {}) and not found.get("EnableIPv6")
    )
    if closed and all(options.get(key) == value for key, value in wanted.items()):
        return
    raise LaunchError(
        f"the network {found.get('Name')} is not as we make it: Spaces on it could reach what they must not",
        hint=f"docker network rm {found.get('Name')}; the next run makes it anew",
        verdict="network_not_ours",
    )
