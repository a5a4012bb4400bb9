"""The networks of our containers: no Space reaches another, and an isolated one reaches nobody."""

import ipaddress
import time
from contextlib import suppress
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
_SETTLE_S = 0.3


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
    """Return the oldest network called `name`, and remove the others, unless something uses them.

    The engine gives the same name twice to those who ask at once, and then starts no container under it.
    """
    found: list[dict[str, Any]] = [item for item in api.networks(names=[name]) if item["Name"] == name]
    found.sort(key=lambda item: (str(item["Created"]), str(item["Id"])))
    for other in found[1:]:
        if f"{LABEL}.network" not in (other.get("Labels") or {}):
            continue
        with suppress(APIError):  # in use, or gone by now
            api.remove_network(other["Id"])
    return found[0] if found else None


def _made(api: docker.APIClient, name: str, *, isolated: bool) -> dict[str, Any] | None:
    try:
        _create(api, name, isolated=isolated)
    except APIError:
        # Another process has made it in the same moment, or taken the range.
        if (found := _find(api, name)) is None:
            raise
        return found
    # Whoever made one in the same moment has it in the list by now, so all take the same one.
    time.sleep(_SETTLE_S)
    return _find(api, name)


def _create(api: docker.APIClient, name: str, *, isolated: bool) -> None:
    labels = {f"{LABEL}.network": "isolated" if isolated else "open"}
    if not isolated:
        api.create_network(name, driver="bridge", options=_NO_TRAFFIC_BETWEEN, labels=labels, check_duplicate=True)
        return
    # The engine picks a range that nobody uses, but takes a gateway of ours only together with a range of ours.
    trial = api.create_network(f"{name}-range", driver="bridge", labels=labels)["Id"]
    try:
        picked = api.inspect_network(trial)["IPAM"]["Config"][0]
    finally:
        api.remove_network(trial)
    hosts = ipaddress.ip_network(picked["Subnet"]).hosts()
    bridge, dead = next(hosts), next(hosts)
    pool = IPAMPool(subnet=picked["Subnet"], gateway=str(bridge), aux_addresses={_DEAD_GATEWAY: str(dead)})
    api.create_network(
        name,
        driver="bridge",
        options={**_NO_TRAFFIC_BETWEEN, **_NO_WAY_OUT},
        ipam=IPAMConfig(pool_configs=[pool]),
        labels=labels,
        check_duplicate=True,
    )


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
