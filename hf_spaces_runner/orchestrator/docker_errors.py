"""Turns the errors of Docker's SDK, and the texts of its engine, into ours: the one seam to that library's errors."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import docker.errors
import requests.exceptions
import urllib3.exceptions

from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.errors import (
    BuildError,
    ConfigurationError,
    EngineUnavailableError,
    ImageError,
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
    LaunchError,
    NoSpaceLeftError,
    PortTakenError,
    RunnerError,
    WrongArchitectureError,
)

_MAX_OBSERVED_LENGTH = 600
# A registry may redirect to a store with a signature in the query, and a proxy's address may hold a password.
_URL_SECRETS = re.compile(r"(?P<scheme>\bhttps?://)(?:[^\s/@\"']*@)?(?P<rest>[^\s?\"']*)(?P<query>\?[^\s\"']*)?")
_URL = re.compile(r"\bhttps?://[^\s\"']*")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One cause: `pattern` is looked for in the engine's text, whatever its case.

    `says` is the cause in words. `of_image` rules hold only where an image was asked for.
    """

    pattern: str
    error: type[RunnerError]
    says: str
    verdict: str | None = None
    hint: str | None = None
    of_image: bool = False


_TRY_AGAIN = "try again; if it stays so, the image registry has a fault of its own"
_LOGIN = "docker logout {host}, then docker login {host} with your user name and a Hub token, not your password"
_PULL_AGAIN = "images of Spaces are linux/amd64; --pull always asks the image registry again"

# The first rule that fits wins. The texts are those of moby (20.10 to 28), containerd and the registry's own protocol.
_RULES = (
    _Rule(
        pattern="no space left on device|disk quota exceeded|not enough (free )?space",
        error=NoSpaceLeftError,
        says="the disk of the engine is full",
    ),
    _Rule(
        pattern=r"no matching manifest for|does not match the specified platform|no match for platform"
        r"|cannot be used on this platform|does not provide the specified platform",
        error=WrongArchitectureError,
        says="the image is not made for this platform",
        hint=_PULL_AGAIN,
    ),
    _Rule(
        pattern="exec format error",
        error=WrongArchitectureError,
        says="the programs of the image are made for another processor",
    ),
    _Rule(
        pattern=r"shutting down|failed to \w+ (to |in )?store|database not open|client connection is closing",
        error=EngineUnavailableError,
        says="the engine is stopping",
    ),
    _Rule(
        pattern="port is already allocated|address already in use|ports are not available",
        error=PortTakenError,
        says="the port is taken",
    ),
    _Rule(
        pattern=r"executable file not found|(oci runtime|runc|exec:).*no such file or directory",
        error=LaunchError,
        says="the image has no such command",
        verdict="command_not_found",
        hint="look at the command that --dry-run prints: the image may not be one of a Space",
    ),
    _Rule(
        pattern=r"(oci runtime|runc|exec:).*permission denied",
        error=LaunchError,
        says="the command of the image may not be executed",
        verdict="command_not_executable",
        hint="look at the command that --dry-run prints: the image may not be one of a Space",
    ),
    _Rule(
        pattern="could not select device driver|unknown device driver|nvidia-container-cli",
        error=LaunchError,
        says="the engine cannot give a GPU to a container",
        verdict="no_gpu",
        hint="install the NVIDIA container toolkit, or leave --gpus out",
    ),
    _Rule(
        pattern="range of cpus is from",
        error=LaunchError,
        says="the machine has fewer CPUs",
        verdict="too_many_cpus",
        hint="give it fewer with --cpus",
    ),
    _Rule(
        pattern="is already in use by container",
        error=LaunchError,
        says="another container has that name",
        verdict="name_taken",
        hint="hfsr cleanup --older-than 1h removes our leftovers",
    ),
    _Rule(
        pattern="bind source path does not exist",
        error=LaunchError,
        says="the engine does not see this machine's files",
        verdict="folder_not_seen",
        hint="HFSR_HOME moves what we keep to a folder that the engine shares with this machine",
    ),
    _Rule(
        pattern="no such container",
        error=LaunchError,
        says="something else removed the container",
        verdict="container_removed",
    ),
    _Rule(
        pattern="toomanyrequests|too many requests",
        error=ImageRegistryUnreachableError,
        says="the image registry at {host} allows no more requests for now",
        verdict="rate_limited",
        hint="wait, or log in there: docker login {host}",
        of_image=True,
    ),
    _Rule(
        pattern="unauthorized|no basic auth credentials|authentication required|incorrect username or password",
        error=ImageUnauthorizedError,
        says="the image registry at {host} wants a login, or another one",
        hint=_LOGIN,
        of_image=True,
    ),
    # Registries that do not tell strangers what exists answer "denied" to both.
    _Rule(
        pattern=r"\bdenied\b|insufficient_scope|pull access denied|may require authorization|\bforbidden\b",
        error=ImageUnauthorizedError,
        says="the image registry at {host} refuses it: either there is no such image, or it wants a login",
        verdict="unauthorized_or_not_found",
        hint="look at the Space's page whether it exists; if it is private, " + _LOGIN,
        of_image=True,
    ),
    _Rule(
        pattern=r"manifest unknown|name unknown|no such image|not found: does not exist|repository .* not found"
        r"|manifest for .* not found|: not found\b|404 not found",
        error=ImageNotFoundError,
        says="there is no such image",
        of_image=True,
    ),
    _Rule(
        pattern=r"http status:? 5\d\d|status code:? 5\d\d|internal server error|bad gateway|service unavailable"
        r"|gateway time-?out",
        error=ImageRegistryUnreachableError,
        says="the image registry at {host} has a fault",
        verdict="registry_fault",
        hint=_TRY_AGAIN,
        of_image=True,
    ),
    _Rule(
        pattern="x509:|certificate|server gave http response to https client",
        error=ImageRegistryUnreachableError,
        says="the engine does not trust the image registry at {host}",
        verdict="registry_not_trusted",
        hint="put its CA certificate into /etc/docker/certs.d/{host}/ca.crt on the engine's machine",
        of_image=True,
    ),
    _Rule(
        pattern=r"timeout|timed out|deadline exceeded|request canceled while waiting",
        error=ImageRegistryUnreachableError,
        says="the image registry at {host} does not answer in time",
        verdict="registry_timeout",
        of_image=True,
    ),
    _Rule(
        pattern=r"connection reset|broken pipe|\beof\b|connection closed|temporary failure|server misbehaving",
        error=ImageRegistryUnreachableError,
        says="the connection to the image registry at {host} broke",
        verdict="connection_lost",
        of_image=True,
    ),
    _Rule(
        pattern="connection refused|no such host|no route to host|network is unreachable|dial tcp|lookup ",
        error=ImageRegistryUnreachableError,
        says="the image registry at {host} cannot be reached",
        of_image=True,
    ),
    _Rule(
        pattern="verification failed|unexpected commit digest|failed size validation",
        error=ImageRegistryUnreachableError,
        says="what the image registry at {host} sent is damaged",
        verdict="damaged_download",
        hint=_TRY_AGAIN,
        of_image=True,
    ),
    _Rule(
        pattern="permission denied while trying to connect|errno 13|permissionerror",
        error=EngineUnavailableError,
        says="this user may not use the engine",
        verdict="engine_forbidden",
        hint="add yourself to the group docker (sudo usermod -aG docker $USER), log in again; or use a rootless engine",
    ),
)

TRANSIENT_VERDICTS = frozenset({"registry_fault", "registry_timeout", "connection_lost", "damaged_download"})
"""The verdicts of an ImageRegistryUnreachableError that may be gone at the next try."""

# What each class means by itself; the engine's text decides first where a rule knows it. Subclasses stand before their
# parents. None stands for "whatever the caller was doing failed".
_CLASSES: tuple[tuple[type[Exception], type[RunnerError] | None], ...] = (
    (docker.errors.ImageNotFound, ImageNotFoundError),
    (docker.errors.NotFound, None),
    (docker.errors.APIError, None),
    (docker.errors.BuildError, BuildError),
    (docker.errors.ImageLoadError, ImageError),
    (docker.errors.ContainerError, LaunchError),
    (docker.errors.InvalidRepository, ImageNotFoundError),
    (docker.errors.InvalidVersion, EngineUnavailableError),
    (docker.errors.InvalidConfigFile, ConfigurationError),
    (docker.errors.InvalidArgument, None),
    (docker.errors.DeprecatedMethod, None),
    (docker.errors.TLSParameterError, ConfigurationError),
    (docker.errors.NullResource, None),
    (docker.errors.StreamParseError, EngineUnavailableError),
    (docker.errors.MissingContextParameter, ConfigurationError),
    (docker.errors.ContextAlreadyExists, ConfigurationError),
    (docker.errors.ContextNotFound, ConfigurationError),
    (docker.errors.ContextException, ConfigurationError),
    # The client itself raises the bare class when it cannot reach the engine, or cannot read the address of one.
    (docker.errors.DockerException, EngineUnavailableError),
    (requests.exceptions.RequestException, EngineUnavailableError),
    (urllib3.exceptions.HTTPError, EngineUnavailableError),
)


@contextmanager
def docker_errors(
    doing: str, *, image: str | None = None, otherwise: type[RunnerError] = LaunchError
) -> Iterator[None]:
    """Raise what Docker's SDK raises inside the block as an error of ours.

    Args:
        doing: what the block does, as in `starting clip-1a2b`.
        image: the reference of the image that it is about, where it is about one.
        otherwise: the error for what no rule knows.

    Raises:
        RunnerError: one of its subclasses, by the table above.
    """
    try:
        yield
    except tuple(known for known, _ in _CLASSES) as error:
        raise _translated(error, doing, image, otherwise) from error


def error_of_engine_text(
    text: str, doing: str, *, image: str | None = None, otherwise: type[RunnerError] = LaunchError
) -> RunnerError:
    """Return the error of ours for what the engine says in `text`, be it an answer's or a line of a stream."""
    observed = without_secrets(text)
    host = image_registry_of(image)
    words = _without_names(observed, image, host)
    for rule in _RULES:
        if (image is not None or not rule.of_image) and re.search(rule.pattern, words, re.IGNORECASE):
            hint = rule.hint if rule.hint is not None else rule.error.hint
            return rule.error(
                f"{doing} failed: {rule.says.format(host=host)}: {observed}",
                hint=None if hint is None else hint.replace("{host}", host).replace("HOST", host),
                verdict=rule.verdict,
            )
    return otherwise(f"{doing} failed: {observed}")


def without_secrets(text: str) -> str:
    """Return `text` on one line, safe for a terminal, without passwords and signatures in its addresses."""
    line = " ".join(printable(text).split())
    line = _URL_SECRETS.sub(lambda url: f"{url['scheme']}{url['rest']}{'?...' if url['query'] else ''}", line)
    return line if len(line) <= _MAX_OBSERVED_LENGTH else f"{line[:_MAX_OBSERVED_LENGTH]}..."


def image_registry_of(image: str | None) -> str:
    """Return the host that `image` comes from, as `docker login` wants to have it."""
    first, slash, _ = (image or "").partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else "docker.io"


def _without_names(text: str, image: str | None, host: str) -> str:
    # An image may be called `access-denied`: its name must not be taken for the engine's verdict.
    text = _URL.sub("", text)
    for name in filter(None, (image, re.split(r"@|:[^/]*$", image or "")[0], host)):
        text = text.replace(name, "")
    return text


def _innermost(error: BaseException) -> str:
    """Return the operating system's own word for what failed, which the libraries wrap in several layers."""
    layers: list[object] = [error]
    for layer in layers:
        if isinstance(layer, OSError) and layer.strerror:
            return layer.strerror
        if isinstance(layer, BaseException):
            layers += [layer.__cause__, layer.__context__, getattr(layer, "reason", None), *layer.args]
    return f"the engine does not answer: {error}"


def _translated(error: Exception, doing: str, image: str | None, otherwise: type[RunnerError]) -> RunnerError:
    meaning = next(ours for known, ours in _CLASSES if isinstance(error, known))
    if isinstance(error, docker.errors.APIError):
        text = error.explanation or str(error)
        by_text = error_of_engine_text(text, doing, image=image, otherwise=meaning or otherwise)
        unknown = by_text.verdict == (meaning or otherwise).verdict
        if unknown and error.status_code == HTTPStatus.UNAUTHORIZED and image is not None:
            return error_of_engine_text(f"unauthorized: {text}", doing, image=image)
        return by_text
    if meaning is EngineUnavailableError:
        by_text = error_of_engine_text(str(error), doing, otherwise=EngineUnavailableError)
        known = isinstance(by_text, EngineUnavailableError) and by_text.verdict != EngineUnavailableError.verdict
        return by_text if known else EngineUnavailableError(f"{doing} failed: {without_secrets(_innermost(error))}")
    return (meaning or otherwise)(f"{doing} failed: {without_secrets(str(error))}")
