import base64
import json
import os
from pathlib import Path

import pytest

from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.images.docker_login import DockerLogin, DockerLogins, find_docker_login

HOST = "registry.hf.space"


@pytest.fixture
def config(private_home: Path) -> Path:
    return private_home / "docker" / "config.json"


def encoded(user: str, secret: str) -> str:
    return base64.b64encode(f"{user}:{secret}".encode()).decode()


def install_store(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    """Put the credential store `test` on the path, which says `answer` to all that it is asked."""
    store = folder / "docker-credential-test"
    store.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    store.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def found() -> DockerLogin | None:
    return find_docker_login(HOST, {"DOCKER_CONFIG": os.environ["DOCKER_CONFIG"]})


@pytest.mark.parametrize(
    "content",
    [None, "{}", json.dumps({"auths": {"other.example": {"auth": encoded("me", "hf_x")}}}), "not JSON"],
)
def test_no_login(config: Path, content: str | None) -> None:
    if content is not None:
        config.write_text(content)
    assert found() is None


@pytest.mark.parametrize(("secret", "token"), [("hf_abcdef", True), ("my password", False), ("pass:hf_word", False)])
@pytest.mark.parametrize("key", [HOST, f"https://{HOST}", f"https://{HOST}/v2/"])
def test_a_login_of_the_file(config: Path, key: str, secret: str, token: bool) -> None:
    config.write_text(json.dumps({"auths": {key: {"auth": encoded("me", secret)}}}))
    login = found()
    assert login is not None
    assert login.secret is not None
    assert (login.user, login.secret.reveal(), login.looks_like_a_token) == ("me", secret, token)
    assert secret not in repr(login)


def test_an_identity_token(config: Path) -> None:
    config.write_text(json.dumps({"auths": {HOST: {"identitytoken": "a-token"}}}))
    login = found()
    assert login is not None
    assert (login.secret, login.looks_like_a_token) == (None, True)
    assert "a-token" not in repr(login)


@pytest.mark.parametrize(
    ("answer", "user", "secret"),
    [
        ({"ServerURL": HOST, "Username": "me", "Secret": "hf_abc"}, "me", "hf_abc"),
        ({"ServerURL": HOST, "Username": "<token>", "Secret": "identity"}, "", None),
    ],
)
def test_a_login_of_a_credential_store(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: dict[str, str], user: str, secret: str | None
) -> None:
    install_store(tmp_path, monkeypatch, json.dumps(answer))
    config.write_text(json.dumps({"credHelpers": {HOST: "test"}}))
    login = found()
    assert login is not None
    assert login.user == user
    assert (login.secret.reveal() if login.secret else None) == secret


@pytest.mark.parametrize(
    "content",
    [
        {"credsStore": "not-installed"},
        {"auths": {HOST: {"auth": "not base 64!"}}},
        {"auths": {HOST: {"auth": base64.b64encode(b"hf_without_a_user").decode()}}},
        {"auths": {HOST: {"auth": base64.b64encode(b"me:\xff\xfe").decode()}}},
        {"auths": {HOST: "hf_secret"}},
        {"auths": {HOST: {"auth": 7}}},
    ],
)
def test_a_configuration_that_cannot_be_read_is_named_without_what_is_in_it(config: Path, content: object) -> None:
    config.write_text(json.dumps(content))
    with pytest.raises(ConfigurationError, match=f"Docker's login for {HOST} cannot be read") as caught:
        found()
    assert "hf_" not in caught.value.message
    assert f"docker logout {HOST}" in (caught.value.hint or "")


@pytest.mark.parametrize("said", ["no JSON: hf_secret", "[]", '{"Secret": "hf_secret"}'])
def test_a_credential_store_that_talks_nonsense(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    install_store(tmp_path, monkeypatch, said)
    config.write_text(json.dumps({"credsStore": "test"}))
    with pytest.raises(ConfigurationError) as caught:
        found()
    assert "hf_" not in caught.value.message


def test_each_login_is_looked_for_once(tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config.write_text(json.dumps({"credsStore": "test"}))
    install_store(tmp_path, monkeypatch, '{"Username": "me", "Secret": "pw"}')
    logins = DockerLogins({"DOCKER_CONFIG": os.environ["DOCKER_CONFIG"]})
    first = logins.of(HOST)
    assert first is not None
    (tmp_path / "docker-credential-test").unlink()
    assert logins.of(HOST) is first
    for _ in range(2):
        with pytest.raises(ConfigurationError):
            logins.of("other.example")
