"""Addresses of model servers: what is one, and which are this machine."""

import pytest

from hf_spaces_runner.domain.server_address import MODEL_SERVERS, host_and_port, is_loopback, server_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:11434", "http://127.0.0.1:11434"),
        (" localhost:1234 ", "http://localhost:1234"),
        ("http://LOCALHOST:8000/v1/", "http://localhost:8000"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("gpu.example:8000", "http://gpu.example:8000"),
    ],
)
def test_what_users_write_is_an_address(text: str, address: str) -> None:
    assert server_address(text) == address
    assert server_address(address) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:99999",
        "127.0.0.1:x",
        ":8000",
        "[::1:8000",
        "https://127.0.0.1:8000",
        "file:///etc/passwd",
        "http://user:key@127.0.0.1:8000",
        "127.0.0.1:8000/api",
        "127.0.0.1:8000?x=1",
        "127.0.0.1 x:8000",
        "a\nb:8000",
        "bücher.example:8000",
        "a" * 400 + ":8000",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="model server"):
        server_address(text)


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("http://127.0.0.1:80", True),
        ("http://127.8.9.1:80", True),
        ("http://[::1]:80", True),
        ("http://localhost:80", True),
        ("http://localhost.example:80", False),
        ("http://127.0.0.1.example:80", False),
        ("http://0.0.0.0:80", False),
        ("http://10.0.0.1:80", False),
        ("http://[fe80::1]:80", False),
    ],
)
def test_this_machine_is_told_from_others(address: str, own: bool) -> None:
    assert is_loopback(address) is own


def test_the_usual_addresses_are_this_machines() -> None:
    assert all(is_loopback(server_address(address)) for address in MODEL_SERVERS)
    assert [host_and_port(server_address(address))[1] for address in MODEL_SERVERS] == [11434, 8080, 1234, 8000]
