"""Asks an image registry for the contents of one repository, first as nobody, then with the user's login.

The protocol: github.com/opencontainers/distribution-spec (section Pull), and for tokens
distribution.github.io/distribution/spec/auth/token.
"""

import re
from dataclasses import dataclass

import httpx

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.machine import Login
from hf_spaces_runner.errors import AnswerError, ConfigurationError, ImageRegistryUnreachableError
from hf_spaces_runner.images.docker_login import DockerLogin, DockerLogins
from hf_spaces_runner.images.login_challenge import Challenge, basic_authorization, read_challenge
from hf_spaces_runner.images.registry_connections import MAX_BYTES, RegistryConnections, RegistryReply

REFUSED = frozenset({httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN})
"""What a registry answers to those who may not have something."""

_DOCKER_HUB = "docker.io"
_DOCKER_HUB_NAMES = frozenset({None, _DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_DOCKER_HUB_SERVES_AT = "registry-1.docker.io"
_MOST_REDIRECTS = 3
_TOKEN = re.compile(r"[\x21-\x7e]{1,16384}")
_LIMITS = AnswerLimits(max_json_bytes=MAX_BYTES, max_json_weight=10_000, max_json_depth=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """Where an image is: `host` is asked, `login_host` is what its login is called, `target` is a tag or a digest."""

    host: str
    login_host: str
    name: str
    target: str
    digest: str | None


def repository_of(reference: str) -> Repository:
    """Return where the image `reference` is, with Docker's rules for a reference without a host or a tag.

    Raises:
        ValueError: it is not an image reference.
    """
    image = split_image_reference(reference)
    of_docker_hub = image.host in _DOCKER_HUB_NAMES
    return Repository(
        host=_DOCKER_HUB_SERVES_AT if image.host is None or of_docker_hub else image.host,
        login_host=_DOCKER_HUB if image.host is None or of_docker_hub else image.host,
        name=f"library/{image.name}" if of_docker_hub and "/" not in image.name else image.name,
        target=image.digest or image.tag or "latest",
        digest=image.digest,
    )


class RepositoryAccess:
    """What one repository answers until `deadline`. `login` says what became of the user's login for it."""

    def __init__(
        self, repository: Repository, connections: RegistryConnections, logins: DockerLogins, deadline: Deadline
    ) -> None:
        self._repository = repository
        self._connections = connections
        self._logins = logins
        self._deadline = deadline
        self._authorization: dict[str, str] = {}
        self.login: Login | ConfigurationError = Login.NONE

    def manifest(self, target: str, accept: str) -> RegistryReply:
        """Return the answer for the manifest `target`, a tag or a digest, whatever its status.

        Raises:
            ImageRegistryUnreachableError: there is none, or the server says that it is its own fault.
            AnswerError: it, or the way to a token, cannot be used.
        """
        reply = self._get(f"manifests/{target}", accept)
        if reply.status not in REFUSED:
            return reply
        challenge = read_challenge(reply.response)
        if challenge is None:
            return reply
        if challenge.scheme == "bearer" and (token := self._token(challenge, None)) is not None:
            self._authorization = {"Authorization": f"Bearer {token}"}
            reply = self._get(f"manifests/{target}", accept)
        if reply.status in REFUSED and self._log_in(challenge):
            reply = self._get(f"manifests/{target}", accept)
            self.login = Login.REFUSED if reply.status in REFUSED else Login.ACCEPTED
        return reply

    def blob(self, digest: str) -> RegistryReply:
        """Return the answer for the content `digest`; redirects are followed to where the registry itself is.

        Raises:
            ImageRegistryUnreachableError: as `manifest`.
            AnswerError: as `manifest`, or it is kept by another host.
        """
        reply = self._get(f"blobs/{digest}", "*/*")
        for _ in range(_MOST_REDIRECTS):
            following = reply.response.next_request
            if following is None:
                return reply
            asked, location = reply.response.request.url, following.url
            if (location.scheme, location.netloc) != (asked.scheme, asked.netloc) or location.userinfo:
                raise AnswerError(f"{self._repository.host} keeps it on another host, which is not asked")
            reply = self._checked(self._connections.get(location, self._deadline, self._authorization))
        raise AnswerError(f"{self._repository.host} redirects without an end")

    def _get(self, path: str, accept: str) -> RegistryReply:
        return self._checked(
            self._connections.get_from(
                self._repository.host,
                f"/v2/{self._repository.name}/{path}",
                self._deadline,
                {"Accept": accept, **self._authorization},
            )
        )

    def _checked(self, reply: RegistryReply) -> RegistryReply:
        if reply.status == httpx.codes.TOO_MANY_REQUESTS or reply.response.is_server_error:
            later = reply.header("retry-after")
            wait = f"; it may be asked again in {later} s" if re.fullmatch("[0-9]{1,6}", later) else ""
            host = reply.response.request.url.netloc.decode("ascii")
            raise ImageRegistryUnreachableError(f"{host} answers with status {reply.status}{wait}")
        return reply

    def _log_in(self, challenge: Challenge) -> bool:
        """Take the user's login, if there is one that can be shown here; return whether to ask again."""
        try:
            login = self._logins.of(self._repository.login_host)
        except ConfigurationError as error:
            self.login = error
            return False
        if login is None:
            return False
        self.login = Login.UNTRIED
        authorization = basic_authorization(login)
        if authorization is None or challenge.scheme not in {"basic", "bearer"}:
            return False
        if challenge.scheme == "bearer":
            token = self._token(challenge, login)
            if token is None:
                self.login = Login.REFUSED
                return False
            authorization = f"Bearer {token}"
        self._authorization = {"Authorization": authorization}
        return True

    def _token(self, challenge: Challenge, login: DockerLogin | None) -> str | None:
        """Return a token to read the repository with; None where the server gives none."""
        # What is asked for is said here, not by the challenge, which could ask for more.
        query = {"scope": f"repository:{self._repository.name}:pull"} | (
            {} if login is None else {"account": login.user}
        )
        address = challenge.token_address(**query)
        if address is None:
            raise AnswerError(f"{self._repository.host} names no place to get a token from that can be used")
        shown = None if login is None else basic_authorization(login)
        reply = self._checked(
            self._connections.get(address, self._deadline, {} if shown is None else {"Authorization": shown})
        )
        if reply.response.is_client_error:
            return None
        what = f"{address.netloc.decode('ascii')}, asked for a token,"
        if reply.status != httpx.codes.OK:
            raise AnswerError(f"{what} answers with status {reply.status}")
        value = decode_json(reply.body, what, _LIMITS)
        token = (value.get("token") or value.get("access_token")) if isinstance(value, dict) else None
        if not isinstance(token, str) or not _TOKEN.fullmatch(token):
            raise AnswerError(f"{what} answered something else")
        return token
