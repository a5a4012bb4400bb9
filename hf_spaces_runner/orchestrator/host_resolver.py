"""Knows whether the engine asks for names in place of a Space, from outside its container, where no cut reaches."""

import ipaddress
from pathlib import Path

from hf_spaces_runner.errors import PolicyError

_RESOLV_CONF = Path("/etc/resolv.conf")
# Where this is the only server, the engine takes those behind it from systemd's own file instead, and asks them from
# within the container (moby, libnetwork/resolvconf: Path).
_SYSTEMD = "127.0.0.53"


def check_names_can_be_cut(resolv_conf: Path = _RESOLV_CONF) -> None:
    """Check that a container's network, once cut, takes its names along.

    A server on the loopback interface of this machine can be asked from outside the container only, which the engine
    does for as long as it runs (moby, libnetwork/sandbox_dns_unix.go: HostLoopback). A Space could still say anything
    to anybody in the names that it asks for.

    Raises:
        PolicyError: this machine asks such a server.
    """
    try:
        lines = resolv_conf.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return  # the engine then uses servers of its own choice, none of them on this machine
    servers = [line.split()[1] for line in lines if line.startswith("nameserver") and len(line.split()) > 1]
    if servers == [_SYSTEMD]:
        return
    on_loopback = [server for server in servers if _is_loopback(server)]
    if on_loopback:
        raise PolicyError(
            f"{resolv_conf} names {on_loopback[0]}: a Space that is cut off could still ask it for names, and so speak"
            " to the world",
            hint="fetch the model with --network open once, then use --network isolated; or name another server there",
            verdict="names_outlive_cut",
        )


def _is_loopback(server: str) -> bool:
    try:
        return ipaddress.ip_address(server.partition("%")[0]).is_loopback
    except ValueError:
        return False
