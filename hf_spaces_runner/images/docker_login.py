"""Finds the login that Docker's configuration, or the credential store that it names, has for an image registry."""

import threading
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import docker.auth
import docker.errors

from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.orchestrator.docker_errors import without_secrets

_HUB_TOKEN = "hf_"  # noqa: S105 - the beginning that all tokens of the Hub share


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerLogin:
    """A user name and what proves it. `secret` is None for an identity token, which only the engine can trade in."""

    user: str
    secret: Secret | None

    @property
    def looks_like_a_token(self) -> bool:
        """Whether the secret looks like a token of the Hub rather than like a password."""
        return self.secret is None or self.secret.reveal().startswith(_HUB_TOKEN)


def find_docker_login(host: str, environment: Mapping[str, str]) -> DockerLogin | None:
    """Return the login for the image registry `host`, None where there is none.

    Raises:
        ConfigurationError: Docker's configuration, or its credential store, cannot be read.
    """
    folder = environment.get("DOCKER_CONFIG")
    try:
        # The SDK's own reading, since that is what pulls send. It warns of a store that is not there, and then raises.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            known = docker.auth.load_config(str(Path(folder, "config.json")) if folder else None)
            found = known.resolve_authconfig(host)
    except (docker.errors.DockerException, ValueError, TypeError, LookupError) as error:
        # But for the SDK's own they show what could not be decoded, which may be a password.
        reason = without_secrets(str(error)) if isinstance(error, docker.errors.DockerException) else "it is damaged"
        raise ConfigurationError(
            f"Docker's login for {host} cannot be read: {reason}",
            hint=f"docker logout {host}; look at credsStore and credHelpers in Docker's config.json",
        ) from error
    if not found:
        return None
    fields = {str(name).lower(): value for name, value in found.items()}
    secret = fields.get("password")
    return DockerLogin(user=str(fields.get("username") or ""), secret=Secret(secret) if secret else None)


class DockerLogins:
    """Finds each login once, for several threads: a credential store is a program that is started."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._known: dict[str, DockerLogin | ConfigurationError | None] = {}
        # Also because the warnings that are silenced above are silenced for all threads.
        self._lock = threading.Lock()

    def of(self, host: str) -> DockerLogin | None:
        """Return the login for `host`; raises as `find_docker_login` does."""
        with self._lock:
            if host not in self._known:
                try:
                    self._known[host] = find_docker_login(host, self._environment)
                except ConfigurationError as error:
                    self._known[host] = error
            found = self._known[host]
        if isinstance(found, ConfigurationError):
            raise found
        return found
