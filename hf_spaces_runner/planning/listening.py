"""Reads from the kernel's tables of connections where the programs of a container listen, and whether they are used.

Source: proc(5); in the kernel Documentation/networking/proc_net_tcp.rst, `tcp4_seq_show` in net/ipv4/tcp_ipv4.c,
`tcp6_seq_show` in net/ipv6/tcp_ipv6.c, and net/ipv4/proc.c. An address stands there as words of four bytes in the order
of the machine, and those that run images of Spaces are little-endian; a port stands in plain hexadecimal.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

_ESTABLISHED, _LISTEN = "01", "0A"
_WORD = 8
_IPV4_WORDS = 1
_ENTRY = re.compile(
    r"^ {0,8}\d{1,8}: (?P<address>[0-9A-F]{8}|[0-9A-F]{32}):(?P<port>[0-9A-F]{4})"
    r" (?:[0-9A-F]{8}|[0-9A-F]{32}):[0-9A-F]{4} (?P<state>[0-9A-F]{2}) ",
    re.MULTILINE | re.ASCII,
)
_COUNTERS = re.compile(r"^Tcp: (?P<names>[A-Za-z ]{1,1000})\nTcp: (?P<values>[-0-9 ]{1,1000})$", re.MULTILINE)
_ENGINES_RESOLVER = IPv4Address("127.0.0.11")
"""Where Docker's own name server listens inside each container on a network of a user's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListeningSocket:
    """A TCP socket that takes connections on `port`; with `loopback` only those from inside the container."""

    port: int
    loopback: bool


def listening_sockets(proc_net_tcp: str) -> tuple[ListeningSocket, ...]:
    """Return what listens, by port; `proc_net_tcp` is /proc/net/tcp with or without tcp6, and may be anything.

    The engine's own name server is left out.
    """
    found = set()
    for entry in _entries(proc_net_tcp, _LISTEN):
        address = _address(entry["address"])
        if address != _ENGINES_RESOLVER:
            found.add(ListeningSocket(port=int(entry["port"], 16), loopback=address.is_loopback))
    return tuple(sorted(found, key=lambda socket: (socket.port, socket.loopback)))


def established(proc_net_tcp: str, port: int) -> int:
    """Return how many connections are open at this end of `port`; /proc/net/tcp with or without tcp6."""
    return sum(int(entry["port"], 16) == port for entry in _entries(proc_net_tcp, _ESTABLISHED))


def accepted_connections(proc_net_snmp: str) -> int | None:
    """Return how many TCP connections were taken since the container began; None where /proc/net/snmp does not say.

    That is `PassiveOpens`: connections that reached the state SYN-RCVD from LISTEN (RFC 4022), on any port.
    """
    counters = _COUNTERS.search(proc_net_snmp)
    if counters is None:
        return None
    names, values = counters["names"].split(), counters["values"].split()
    value = dict(zip(names, values, strict=False)).get("PassiveOpens", "")
    return int(value) if value.isdecimal() else None


def _entries(table: str, state: str) -> Iterator[re.Match[str]]:
    return (entry for entry in _ENTRY.finditer(table) if entry["state"] == state)


def _address(text: str) -> IPv4Address | IPv6Address:
    words = [bytes.fromhex(text[start : start + _WORD])[::-1] for start in range(0, len(text), _WORD)]
    if len(words) == _IPV4_WORDS:
        return IPv4Address(words[0])
    address = IPv6Address(b"".join(words))
    return address.ipv4_mapped or address
