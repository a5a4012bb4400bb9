"""Asks an image registry, without a pull, whether an image is there, for whom, how large and for which machine."""

import hashlib
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.machine import Login
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import AnswerError, ConfigurationError, ImageRegistryUnreachableError
from hf_spaces_runner.images.docker_login import DockerLogins
from hf_spaces_runner.images.manifest_form import ACCEPT, Descriptor, Index, Manifest, read_manifest, read_platform
from hf_spaces_runner.images.registry_connections import RegistryConnections, RegistryReply
from hf_spaces_runner.images.repository_access import REFUSED, Repository, RepositoryAccess, repository_of
from hf_spaces_runner.orchestrator.docker_errors import without_secrets

TIMEOUT_S = 15.0
"""How long all requests for one image may take together."""

_MOST_ARCHITECTURES = 32
_ALGORITHMS = frozenset({"sha256", "sha512"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of each image: whether it runs on `architecture` (`amd64`). `now` tells Unix seconds."""

    architecture: str
    now: Callable[[], float]
    timeout_s: float = TIMEOUT_S


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    status: ImageStatus
    message: str
    digest: str | None = None
    compressed_bytes: int | None = None
    architectures: tuple[str, ...] = ()


def ask_manifest(
    reference: str,
    environment: Mapping[str, str],
    *,
    ca_bundle: Path | None,
    plain_hosts: Collection[str],
    architecture: str,
    now: Callable[[], float],
    timeout_s: float = TIMEOUT_S,
) -> ImageCheck:
    """Return what the image registry says of the image `reference`; whatever it answers, this returns.

    Args:
        reference: as Docker reads it; without a host it is one of Docker Hub's.
        environment: where Docker's configuration is named.
        ca_bundle: CA certificates to trust; the system's where None or unreadable.
        plain_hosts: the image registries that the engine talks to without TLS.
        architecture: what the image must be made for, besides Linux: `amd64`.
        now: tells Unix seconds.
        timeout_s: how long it may take; a look-up of the host's address can add to that.
    """
    question = Question(architecture=architecture, now=now, timeout_s=timeout_s)
    with RegistryConnections(ca_bundle=ca_bundle, plain_hosts=plain_hosts) as connections:
        try:
            return check_image(reference, question, connections, DockerLogins(environment))
        except ImageRegistryUnreachableError as error:
            return unreachable(reference, error.message, question)


def check_image(
    reference: str, question: Question, connections: RegistryConnections, logins: DockerLogins
) -> ImageCheck:
    """Return what the image registry says of the image `reference`.

    Raises:
        ImageRegistryUnreachableError: its host gives no answer, which says nothing of the image.
    """
    try:
        repository = repository_of(reference)
    except ValueError as error:
        return unreachable(reference, f"not an image reference: {error}", question)
    deadline = Deadline.after(question.timeout_s, time.monotonic)
    with connections.until(deadline):
        access = RepositoryAccess(repository, connections, logins, deadline)
        try:
            found = _look(repository, access, question.architecture)
        except AnswerError as error:
            return unreachable(reference, error.message, question)
    return ImageCheck(
        image=reference,
        status=found.status,
        digest=found.digest,
        compressed_bytes=found.compressed_bytes,
        architectures=found.architectures,
        message=one_line(found.message),
        checked_at=question.now(),
    )


def unreachable(reference: str, message: str, question: Question) -> ImageCheck:
    """Return the check of an image of which nothing could be found out, and why."""
    return ImageCheck(
        image=reference,
        status=ImageStatus.UNREACHABLE,
        message=one_line(without_secrets(message)),
        checked_at=question.now(),
    )


def _look(repository: Repository, access: RepositoryAccess, architecture: str) -> _Found:
    reply = access.manifest(repository.target, ACCEPT)
    if reply.status == HTTPStatus.NOT_FOUND:
        return _Found(status=ImageStatus.GONE, message=f"{repository.host} has no such image")
    if reply.status in REFUSED:
        return _kept_back(repository, access.login, reply.status)
    digest = _digest_of(reply, repository.digest, repository.host)
    manifest = read_manifest(reply.body, repository.host)
    if isinstance(manifest, Manifest):
        return _single(manifest, digest, _made_for(manifest.config, access), architecture)
    names = dict.fromkeys(entry.platform.name for entry in manifest.manifests if entry.platform is not None)
    architectures = tuple(name for name in names if name is not None)[:_MOST_ARCHITECTURES]
    chosen = _choose(manifest, architecture)
    if chosen is None:
        return _wrong(digest, architectures, architecture)
    size = _size_of(chosen, access, repository)
    return _Found(
        status=ImageStatus.AVAILABLE, message="", digest=digest, compressed_bytes=size, architectures=architectures
    )


def _choose(index: Index, architecture: str) -> Descriptor | None:
    return next(
        (entry for entry in index.manifests if entry.platform is not None and entry.platform.name == architecture), None
    )


def _size_of(chosen: Descriptor, access: RepositoryAccess, repository: Repository) -> int:
    """Return what the manifest that an index names weighs, with its layers; without it the image cannot be pulled."""
    reply = access.manifest(chosen.digest, ACCEPT)
    _digest_of(reply, chosen.digest, repository.host)
    manifest = read_manifest(reply.body, repository.host)
    if isinstance(manifest, Index):
        raise AnswerError(f"{repository.host} answered a list of manifests within a list")
    return manifest.compressed_bytes


def _single(manifest: Manifest, digest: str, made_for: str | AnswerError, architecture: str) -> _Found:
    if isinstance(made_for, str) and made_for != architecture:
        return _wrong(digest, (made_for,), architecture)
    return _Found(
        status=ImageStatus.AVAILABLE,
        message="" if isinstance(made_for, str) else f"its architecture is not known: {made_for.message}",
        digest=digest,
        compressed_bytes=manifest.compressed_bytes,
        architectures=(made_for,) if isinstance(made_for, str) else (),
    )


def _made_for(config: Descriptor, access: RepositoryAccess) -> str | AnswerError:
    """Return what the configuration of an image says that it is made for, or why nobody can tell."""
    what = "the image's configuration"
    try:
        reply = access.blob(config.digest)
        _digest_of(reply, config.digest, what)
        name = read_platform(reply.body, what).name
    except AnswerError as error:
        return error
    except ImageRegistryUnreachableError as error:
        return AnswerError(error.message)
    return name if name is not None else AnswerError(f"{what} does not say")


def _digest_of(reply: RegistryReply, wanted: str | None, what: str) -> str:
    """Return the digest of what came, once it is the one that was asked for, and the one that is told.

    Raises:
        AnswerError: it is not, or nothing came.
    """
    if reply.response.is_redirect:
        raise AnswerError(f"{what} is answered with a redirect, which is not followed")
    if reply.status != HTTPStatus.OK:
        raise AnswerError(f"{what} is answered with status {reply.status}")
    told = reply.header("docker-content-digest")
    for digest in filter(None, (wanted, told)):
        algorithm, _, expected = digest.partition(":")
        if algorithm not in _ALGORITHMS:
            raise AnswerError(f"{what} is of a digest that cannot be checked")
        if hashlib.new(algorithm, reply.body).hexdigest() != expected:
            raise AnswerError(f"{what} came with another content than its digest says")
    return wanted or told or f"sha256:{hashlib.sha256(reply.body).hexdigest()}"


def _kept_back(repository: Repository, login: Login | ConfigurationError, status: int) -> _Found:
    host = repository.login_host
    if isinstance(login, ConfigurationError):
        return _Found(status=ImageStatus.NEEDS_LOGIN, message=login.message)
    if login is Login.REFUSED:
        words = f"{host} does not give it to the login that Docker has: it is wrong or has no right to this image"
        return _Found(status=ImageStatus.REFUSED, message=words)
    if login is Login.UNTRIED:
        words = f"{host} wants a login, and the one that Docker has can only be used by the engine"
        return _Found(status=ImageStatus.NEEDS_LOGIN, message=words)
    if status == HTTPStatus.FORBIDDEN:
        return _Found(status=ImageStatus.REFUSED, message=f"{host} gives it to nobody who asks from here")
    words = f"{host} has no such image, or keeps it for those who are logged in: docker login {host}"
    return _Found(status=ImageStatus.NEEDS_LOGIN, message=words)


def _wrong(digest: str, architectures: tuple[str, ...], architecture: str) -> _Found:
    made_for = ", ".join(architectures) or "no machine that has a name"
    return _Found(
        status=ImageStatus.WRONG_ARCHITECTURE,
        message=f"it is made for {made_for}, not for {architecture}",
        digest=digest,
        architectures=architectures,
    )
