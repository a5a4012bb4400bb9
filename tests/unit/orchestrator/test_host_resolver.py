from pathlib import Path

import pytest

from hf_spaces_runner.errors import PolicyError
from hf_spaces_runner.orchestrator.host_resolver import check_names_can_be_cut


@pytest.mark.parametrize(
    "text",
    [
        "nameserver 192.0.2.53\nnameserver 192.0.2.54\n",
        "nameserver 127.0.0.53\noptions edns0\n",
        "# nameserver 127.0.0.1\nsearch example.org\n",
        "nameserver fe80::1%eth0\n",
        "nameserver\nnameserver not-an-address\n",
        "",
    ],
    ids=["elsewhere", "systemd", "comment", "link-local", "broken", "empty"],
)
def test_servers_that_are_asked_from_within_the_container_are_cut_with_it(tmp_path: Path, text: str) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    check_names_can_be_cut(file)


@pytest.mark.parametrize(
    "text",
    ["nameserver 127.0.0.1\n", "nameserver 127.0.0.53\nnameserver 192.0.2.53\n", "nameserver 127.1.2.3\n"],
    ids=["dnsmasq", "systemd and another", "elsewhere on loopback"],
)
def test_one_on_loopback_outlives_the_cut_and_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text(text)
    with pytest.raises(PolicyError, match=r"resolv\.conf names 127\.") as caught:
        check_names_can_be_cut(file)
    assert caught.value.verdict == "names_outlive_cut"
    assert "--network isolated" in (caught.value.hint or "")


def test_where_there_is_no_such_file_the_engine_asks_servers_of_its_own(tmp_path: Path) -> None:
    check_names_can_be_cut(tmp_path / "none")
