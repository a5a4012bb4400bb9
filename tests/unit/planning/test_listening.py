"""Tables of connections as the kernel writes them, taken from containers, and text that is none."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.planning.listening import ListeningSocket, accepted_connections, established, listening_sockets

# A container with servers on 0.0.0.0:7860, 127.0.0.1:8000 and 127.1.2.3:8001, each of them but the last connected to.
TCP = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0302017F:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1557578 1
   1: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1557577 1
   2: 00000000:1EB4 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1557576 1
   3: 0100007F:1EB4 0100007F:EC14 01 00000000:00000000 00:00000000 00000000     0        0 1557584 1
   4: 0100007F:9F20 0100007F:1F43 01 00000000:00000000 00:00000000 00000000     0        0 1557587 2
   5: 0100007F:1F40 0100007F:9150 06 00000000:00000000 03:00001770 00000000     0        0 0 3
   6: 0100007F:EC14 0100007F:1EB4 01 00000000:00000000 00:00000000 00000000     0        0 1557583 2
"""
# Its [::1]:8002, [::]:8003, [::ffff:127.0.0.1]:8004 and [::ffff:0.0.0.0]:8005; the second has two connections.
ZERO = "00000000000000000000000000000000:0000"
TCP6 = f"""\
  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when
   0: 00000000000000000000000001000000:1F42 {ZERO} 0A 00000000:00000000 00:00000000 00000000     0        0 1557579 1
   1: 0000000000000000FFFF00000100007F:1F44 {ZERO} 0A 00000000:00000000 00:00000000 00000000     0        0 1557581 1
   2: 00000000000000000000000000000000:1F43 {ZERO} 0A 00000000:00000000 00:00000000 00000000     0        0 1557580 1
   3: 0000000000000000FFFF000000000000:1F45 {ZERO} 0A 00000000:00000000 00:00000000 00000000     0        0 1557582 1
   4: 0000000000000000FFFF00000100007F:1F43 0000000000000000FFFF00000100007F:9F20 01 00000000:00000000 00:00000000
   5: 00000000000000000000000001000000:1F43 00000000000000000000000001000000:BEEC 01 00000000:00000000 00:00000000
   6: 00000000000000000000000001000000:BEEC 00000000000000000000000001000000:1F43 01 00000000:00000000 00:00000000
"""
# A container on a network of a user's in which nothing listens but Docker's name server, on 127.0.0.11.
RESOLVER = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0B00007F:A651 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1543317 1
"""
SNMP = """\
Ip: Forwarding DefaultTTL InReceives
Ip: 1 64 12
Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs
Tcp: 1 200 120000 -1 7 4 0 0 6 15 15
Udp: InDatagrams NoPorts
Udp: 0 0
"""


def ports(table: str, *, loopback: bool) -> list[int]:
    return [found.port for found in listening_sockets(table) if found.loopback is loopback]


def test_what_listens_and_for_whom() -> None:
    assert ports(TCP, loopback=False) == [7860]
    assert ports(TCP, loopback=True) == [8000, 8001]
    assert ports(TCP6, loopback=False) == [8003, 8005]
    assert ports(TCP6, loopback=True) == [8002, 8004]


def test_the_tables_may_be_one_text() -> None:
    together = TCP + TCP6 + SNMP
    assert listening_sockets(together) == tuple(
        ListeningSocket(port=port, loopback=port in {8000, 8001, 8002, 8004})
        for port in (7860, 8000, 8001, 8002, 8003, 8004, 8005)
    )
    assert accepted_connections(together) == 4
    assert established(together, 8003) == 2


def test_the_engines_name_server_is_no_listener_of_the_space() -> None:
    assert listening_sockets(RESOLVER) == ()


def test_a_port_that_several_processes_share_is_listed_once() -> None:
    assert listening_sockets(TCP + TCP) == listening_sockets(TCP)


def test_a_port_that_is_open_to_all_and_to_loopback_is_listed_as_both() -> None:
    table = TCP + TCP.replace("0302017F:1F41", "0100007F:1EB4")
    assert [found for found in listening_sockets(table) if found.port == 7860] == [
        ListeningSocket(port=7860, loopback=False),
        ListeningSocket(port=7860, loopback=True),
    ]


def test_connections_are_counted_at_the_end_that_took_them() -> None:
    assert established(TCP, 7860) == 1
    assert established(TCP, 8000) == 0  # closed by both, and waiting for stragglers
    assert established(TCP, 0xEC14) == 1
    assert established(TCP6, 8003) == 2
    assert established("", 7860) == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Tcp: RtoAlgorithm PassiveOpens\n",
        "Tcp: RtoAlgorithm PassiveOpens\nTcp: 1\n",
        "Tcp: RtoAlgorithm PassiveOpens\nTcp: 1 -4\n",
        "Tcp: RtoAlgorithm ActiveOpens\nTcp: 1 4\n",
        "Tcp: RtoAlgorithm PassiveOpens\nTcp: 1 many\n",
        "Udp: PassiveOpens\nUdp: 4\n",
    ],
)
def test_counters_that_do_not_say(text: str) -> None:
    assert accepted_connections(text) is None


@pytest.mark.parametrize(
    "line",
    [
        "0: 00000000:1EB4 00000000:0000 0A",
        "   0: 0000000:1EB4 00000000:0000 0A 0",
        "   0: 00000000:1EB 00000000:0000 0A 0",
        "   0: 0000000000000000:1EB4 00000000:0000 0A 0",
        "   0: 00000000:1EB4 00000000:0000 0a 0",
        "   x: 00000000:1EB4 00000000:0000 0A 0",
        "   ٣: 00000000:1EB4 00000000:0000 0A 0",
        "nc: /proc/net/tcp: No such file or directory",
    ],
)
def test_lines_that_are_none_of_the_kernels(line: str) -> None:
    assert listening_sockets(line) == ()


@given(st.text() | st.text(alphabet="0123456789ABCDEF: \nTcp"))
def test_any_text_at_all_is_read(text: str) -> None:
    assert all(0 <= found.port <= 65535 for found in listening_sockets(text))
    assert established(text, 7860) >= 0
    assert (accepted_connections(text) or 0) >= 0


@pytest.mark.network
@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux has these tables")
def test_the_tables_of_this_very_machine() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert ListeningSocket(port=port, loopback=True) in listening_sockets(Path("/proc/net/tcp").read_text())
        before = accepted_connections(Path("/proc/net/snmp").read_text())
        assert before is not None
        with socket.create_connection(("127.0.0.1", port)), server.accept()[0]:
            assert established(Path("/proc/net/tcp").read_text(), port) == 1
            after = accepted_connections(Path("/proc/net/snmp").read_text())
            assert after is not None
            assert after > before
    assert port not in ports(Path("/proc/net/tcp").read_text(), loopback=True)
