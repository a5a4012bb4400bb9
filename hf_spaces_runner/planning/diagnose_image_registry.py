"""Judges the image registry: whether it answers, and how it takes the login that is there."""

from collections.abc import Iterator
from typing import assert_never

from hf_spaces_runner.domain.finding import Finding, ok, warn
from hf_spaces_runner.domain.image_names import HUB_IMAGE_REGISTRY
from hf_spaces_runner.domain.machine import ImageRegistryFacts, Login, Problem

_ANSWERS = frozenset({200, 401})
"""What `GET /v2/` is answered with by whoever speaks the protocol (distribution.github.io, spec/api, section Base)."""


def diagnose_image_registry(registry: ImageRegistryFacts) -> Iterator[Finding]:
    """Yield whether `registry` answers and how its login is. Without it the bundled Spaces run all the same."""
    host, answer = registry.host, registry.answer
    if isinstance(answer, Problem):
        yield warn("image_registry", f"{answer.message}; Spaces that are built here need none", answer.fix)
    elif answer not in _ANSWERS:
        yield warn(
            "image_registry",
            f"{host} answers {answer} to GET /v2/, as no image registry does",
            "check the setting image_registry (hfsr config) and whether a proxy or a login page stands before it",
        )
    else:
        yield ok("image_registry", f"{host} answers")
    if isinstance(registry.login, Problem):
        yield warn("login", registry.login.message, registry.login.fix)
    else:
        yield _login(registry, registry.login)


def _login(registry: ImageRegistryFacts, login: Login) -> Finding:
    name, host = "login", registry.host
    log_in = f"docker login {host} with your user name and a Hub token"
    again = f"docker logout {host}, then {log_in}, not your password"
    if login in {Login.UNTRIED, Login.ACCEPTED} and host == HUB_IMAGE_REGISTRY and not registry.token:
        # The Hub says "Login Succeeded" to a password, and refuses every pull afterwards.
        return warn(name, f"the login for {host} does not look like a Hub token (hf_...): pulls may be refused", again)
    match login:
        case Login.NONE if registry.wants_login:
            return warn(name, f"{host} wants a login, and Docker has none for it", log_in)
        case Login.NONE:
            return ok(name, f"none for {host}: private Spaces cannot be pulled")
        case Login.UNTRIED:
            return ok(name, f"there is one for {host}; it was not tried")
        case Login.ACCEPTED:
            return ok(name, f"{host} accepts it")
        case Login.REFUSED:
            return warn(name, f"{host} refuses the login that Docker has: pulls fail, of public images too", again)
        case _:
            assert_never(login)
