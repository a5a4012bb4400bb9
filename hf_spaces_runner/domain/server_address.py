"""Reads the address of a model server, and tells whether it is this machine."""

import ipaddress
from urllib.parse import urlsplit

MODEL_SERVERS = ("127.0.0.1:11434", "127.0.0.1:8080", "127.0.0.1:1234", "127.0.0.1:8000")
"""Where Ollama, llama.cpp, LM Studio, and both vLLM and `transformers serve` listen unless they are told otherwise."""

_FORM = "the address of a model server is host:port"
_MAX_LENGTH = 300
_PORTS = range(1, 65_536)


def server_address(text: str) -> str:
    """Return `text` as `http://host:port`; the scheme may be missing, and `/v1` may follow.

    Raises:
        ValueError: it is no such address; the message says why, for people.
    """
    text = text.strip()
    if not text.isascii() or not text.isprintable() or len(text) > _MAX_LENGTH:
        raise ValueError(_FORM)
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:  # brackets or a port that make no sense
        raise ValueError(_FORM) from error
    if parts.scheme != "http":
        raise ValueError("a model server is asked over plain http")
    if "@" in parts.netloc or parts.query or parts.fragment or parts.path.rstrip("/") not in {"", "/v1"}:
        raise ValueError(f"{_FORM}, without a login, a path or a query")
    if not host or port not in _PORTS or any(character.isspace() for character in host):
        raise ValueError(_FORM)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def host_and_port(address: str) -> tuple[str, int]:
    """Return the host and the port of `address`, which `server_address` wrote."""
    parts = urlsplit(address)
    return parts.hostname or "", parts.port or 0


def is_loopback(address: str) -> bool:
    """Return whether `address`, which `server_address` wrote, is this machine's own and nobody else's."""
    host = host_and_port(address)[0]
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
