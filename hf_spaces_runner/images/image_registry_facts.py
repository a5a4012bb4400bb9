"""Asks an image registry whether it is there, and whether it takes the login that Docker's configuration has for it.

The protocol: distribution.github.io/distribution/spec/api (section API version check) and .../spec/auth/token.
"""

from collections.abc import Collection, Mapping
from pathlib import Path

import httpx

from hf_spaces_runner.domain.machine import ImageRegistryFacts, Login, Problem
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.images.docker_login import DockerLogin, find_docker_login
from hf_spaces_runner.images.image_registry_client import (
    REQUEST_ERRORS,
    first_answer,
    get,
    image_registry_client,
    is_plain,
)
from hf_spaces_runner.images.login_challenge import basic_authorization, read_challenge

_REFUSED = frozenset({401, 403})
_NO_SUCH_PROXY = Problem(
    message="the image registry cannot be asked: the environment names a proxy that cannot be used",
    fix="correct HTTPS_PROXY or ALL_PROXY: http://host:port",
)


def read_image_registry_facts(
    host: str, environment: Mapping[str, str], *, ca_bundle: Path | None, plain_hosts: Collection[str] = ()
) -> ImageRegistryFacts:
    """Return how the image registry `host` answers.

    Args:
        host: `name` or `name:port`.
        environment: where Docker's configuration is named.
        ca_bundle: CA certificates to trust; the system's where None or unreadable.
        plain_hosts: the image registries that the engine talks to without TLS.
    """
    login: DockerLogin | None = None
    trouble: Problem | None = None
    try:
        login = find_docker_login(host, environment)
    except ConfigurationError as error:
        trouble = Problem(message=error.message, fix=error.hint or "")
    answered, state = _exchange(host, login, ca_bundle=ca_bundle, plain=is_plain(host, plain_hosts))
    return ImageRegistryFacts(
        host=host,
        answer=answered if isinstance(answered, Problem) else answered.status_code,
        wants_login=not isinstance(answered, Problem) and _wants_login(answered),
        login=state if trouble is None else trouble,
        token=login is not None and login.looks_like_a_token,
    )


def _exchange(
    host: str, login: DockerLogin | None, *, ca_bundle: Path | None, plain: bool
) -> tuple[httpx.Response | Problem, Login]:
    untried = Login.NONE if login is None else Login.UNTRIED
    try:
        client = image_registry_client(host, ca_bundle=ca_bundle, plain=plain)
    except (ValueError, ImportError):
        return _NO_SUCH_PROXY, untried
    with client:
        answered = first_answer(client, host, ("https", "http") if plain else ("https",))
        if login is None or isinstance(answered, Problem):
            return answered, untried
        return answered, _tried(client, answered, login)


def _tried(client: httpx.Client, answered: httpx.Response, login: DockerLogin) -> Login:
    """Send the login to where the registry wants it, as the engine does, and return what becomes of it."""
    target = _target(answered, login.user)
    authorization = basic_authorization(login)
    if target is None or authorization is None:
        return Login.UNTRIED
    try:
        response = get(client, target, authorization=authorization)
    except REQUEST_ERRORS:
        return Login.UNTRIED
    if response.status_code in _REFUSED:
        return Login.REFUSED
    return Login.ACCEPTED if response.is_success else Login.UNTRIED


def _target(answered: httpx.Response, user: str) -> httpx.URL | None:
    """Return where a login is checked: by the registry itself, or by whoever gives the tokens that it wants."""
    challenge = read_challenge(answered)
    if challenge is None or challenge.scheme not in {"basic", "bearer"}:
        return None
    return challenge.asked if challenge.scheme == "basic" else challenge.token_address(account=user)


def _wants_login(answered: httpx.Response) -> bool:
    challenge = read_challenge(answered)
    return challenge is not None and challenge.scheme == "basic"
