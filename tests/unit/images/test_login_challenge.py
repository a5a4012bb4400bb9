import httpx
import pytest

from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.images.docker_login import DockerLogin
from hf_spaces_runner.images.login_challenge import basic_authorization, read_challenge

URL = "https://registry.example/v2/"


def answered(header: str, status: int = 401) -> httpx.Response:
    headers = {"WWW-Authenticate": header} if header else {}
    return httpx.Response(status, headers=headers, request=httpx.Request("GET", URL))


@pytest.mark.parametrize(("header", "status"), [("", 401), ("Basic", 403), ("Bearer", 200)])
def test_nothing_is_asked_for(header: str, status: int) -> None:
    assert read_challenge(answered(header, status)) is None


def test_where_a_token_is_to_be_had() -> None:
    challenge = read_challenge(answered('BEARER realm="https://me:pw@token.example/t?a=b#c", service="s t",error="x"'))
    assert challenge is not None
    assert challenge.scheme == "bearer"
    address = challenge.token_address(scope="repository:a:pull")
    assert address is not None
    assert (address.scheme, address.host, address.path, address.userinfo) == ("https", "token.example", "/t", b"")
    assert dict(address.params) == {"a": "b", "service": "s t", "scope": "repository:a:pull"}


@pytest.mark.parametrize(
    "realm", ["", "/token", "http://token.example/t", "ftp://x/t", "https:///t", "https://x:port/t"]
)
def test_a_place_that_cannot_be_used(realm: str) -> None:
    challenge = read_challenge(answered(f'Bearer realm="{realm}"'))
    assert challenge is not None
    assert challenge.token_address() is None


@pytest.mark.parametrize("header", ["a" * 10**6, 'a="' * 10**6, '="' * 10**6, "a=" * 10**6])
def test_a_long_header_is_read_in_one_pass(header: str) -> None:
    assert read_challenge(answered(f"Bearer {header}")) is not None


def test_how_a_login_is_shown() -> None:
    assert basic_authorization(DockerLogin(user="me", secret=Secret("pw"))) == "Basic bWU6cHc="
    assert basic_authorization(DockerLogin(user="me", secret=None)) is None
