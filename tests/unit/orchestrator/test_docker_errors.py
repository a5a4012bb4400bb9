"""Errors of Docker's SDK and texts of its engine become ours; a new class of the SDK fails the first test."""

import inspect

import docker.errors
import pytest
import requests
from requests.exceptions import ConnectionError as RequestsConnectionError
from requests.exceptions import ReadTimeout

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
from hf_spaces_runner.orchestrator.docker_errors import (
    _CLASSES,
    docker_errors,
    error_of_engine_text,
    image_registry_of,
    without_secrets,
)

IMAGE = "registry.hf.space/user-name:latest"
DENIED = "denied: requested access to the resource is denied"


def api_error(status: int, text: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code = status
    return docker.errors.APIError("failed", response=response, explanation=text)


def translated(
    error: BaseException, image: str | None = None, otherwise: type[RunnerError] = LaunchError
) -> RunnerError:
    with pytest.raises(RunnerError) as caught, docker_errors("doing it", image=image, otherwise=otherwise):
        raise error
    assert caught.value.__cause__ is error
    return caught.value


def test_every_error_of_the_sdk_stands_in_the_table_itself() -> None:
    known = {
        kind
        for _, kind in inspect.getmembers(docker.errors, inspect.isclass)
        if issubclass(kind, Exception) and kind.__module__ == docker.errors.__name__
    }
    assert known - {kind for kind, _ in _CLASSES} == set()


def test_no_class_in_the_table_hides_a_later_one() -> None:
    kinds = [kind for kind, _ in _CLASSES]
    for index, kind in enumerate(kinds):
        assert not [later for later in kinds[index + 1 :] if issubclass(later, kind)]


@pytest.mark.parametrize(
    ("text", "kind", "verdict"),
    [
        # as moby 20.10 said them here, and as later engines do
        (
            'Head "http://127.0.0.1:5000/v2/tiny/manifests/a": no basic auth credentials',
            ImageUnauthorizedError,
            "unauthorized",
        ),
        ("unauthorized: authentication required", ImageUnauthorizedError, "unauthorized"),
        (
            f"pull access denied for user-name, repository does not exist or may require 'docker login': {DENIED}",
            ImageUnauthorizedError,
            "unauthorized_or_not_found",
        ),
        (
            (
                "pull access denied, repository does not exist or may require authorization: server message: "
                "insufficient_scope: authorization failed"
            ),
            ImageUnauthorizedError,
            "unauthorized_or_not_found",
        ),
        (f"manifest for {IMAGE} not found: manifest unknown: manifest unknown", ImageNotFoundError, "image_not_found"),
        ("repository user-name not found: name unknown: repository not known", ImageNotFoundError, "image_not_found"),
        (f'failed to resolve reference "{IMAGE}": {IMAGE}: not found', ImageNotFoundError, "image_not_found"),
        (
            'Get "https://registry.hf.space/v2/": dial tcp: lookup registry.hf.space on 10.0.0.1:53: no such host',
            ImageRegistryUnreachableError,
            "registry_unreachable",
        ),
        (
            'Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
            ImageRegistryUnreachableError,
            "registry_unreachable",
        ),
        (
            'Get "https://registry.hf.space/v2/": net/http: TLS handshake timeout',
            ImageRegistryUnreachableError,
            "registry_timeout",
        ),
        (
            (
                'Get "https://registry.hf.space/v2/": net/http: request canceled while waiting for connection '
                "(Client.Timeout exceeded while awaiting headers)"
            ),
            ImageRegistryUnreachableError,
            "registry_timeout",
        ),
        (
            "read tcp 10.0.0.2:40112->10.0.0.3:443: read: connection reset by peer",
            ImageRegistryUnreachableError,
            "connection_lost",
        ),
        ('Get "https://registry.hf.space/v2/": EOF', ImageRegistryUnreachableError, "connection_lost"),
        (
            "received unexpected HTTP status: 503 Service Unavailable",
            ImageRegistryUnreachableError,
            "registry_fault",
        ),
        (
            "filesystem layer verification failed for digest sha256:12",
            ImageRegistryUnreachableError,
            "damaged_download",
        ),
        ("toomanyrequests: You have reached your pull rate limit.", ImageRegistryUnreachableError, "rate_limited"),
        (
            'Get "https://r/v2/": x509: certificate signed by unknown authority',
            ImageRegistryUnreachableError,
            "registry_not_trusted",
        ),
        (
            "failed to register layer: write /big: no space left on device",
            NoSpaceLeftError,
            "disk_full",
        ),
        (
            "no matching manifest for linux/amd64 in the manifest list entries",
            WrongArchitectureError,
            "wrong_architecture",
        ),
        (
            "image x was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64",
            WrongArchitectureError,
            "wrong_architecture",
        ),
        ("a text that nobody has seen before", ImageError, "image"),
    ],
)
def test_what_an_engine_says_about_a_pull(text: str, kind: type[RunnerError], verdict: str) -> None:
    error = error_of_engine_text(text, f"pulling {IMAGE}", image=IMAGE, otherwise=ImageError)
    assert type(error) is kind
    assert error.verdict == verdict
    assert error.message.startswith(f"pulling {IMAGE} failed: ")
    by_answer = translated(api_error(500, text), image=IMAGE, otherwise=ImageError)
    assert (type(by_answer), by_answer.verdict) == (kind, verdict)


def test_hints_name_the_image_registry() -> None:
    error = error_of_engine_text("unauthorized: authentication required", "pulling", image=IMAGE)
    assert error.hint is not None
    assert error.hint.startswith("docker logout registry.hf.space, then docker login registry.hf.space ")
    refused = error_of_engine_text(DENIED, "pulling", image="library/x")
    assert "either there is no such image, or it wants a login" in refused.message
    assert refused.hint is not None
    assert "docker login docker.io" in refused.hint


def test_the_name_of_an_image_is_not_taken_for_a_verdict() -> None:
    image = "denied.example:500/unauthorized/no-space-left-on-device:forbidden"
    text = f'manifest for {image} not found: Get "https://denied.example:500/v2/unauthorized/x": manifest unknown'
    assert type(error_of_engine_text(text, "pulling", image=image)) is ImageNotFoundError


@pytest.mark.parametrize(
    ("text", "kind", "verdict"),
    [
        (
            (
                "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:7860 failed: "
                "port is already allocated"
            ),
            PortTakenError,
            "port_taken",
        ),
        ("listen tcp4 127.0.0.1:7860: bind: address already in use", PortTakenError, "port_taken"),
        (
            (
                "OCI runtime create failed: runc create failed: unable to start container process: "
                'exec: "nope": executable file not found in $PATH: unknown'
            ),
            LaunchError,
            "command_not_found",
        ),
        (
            'OCI runtime create failed: exec: "/nope": stat /nope: no such file or directory: unknown',
            LaunchError,
            "command_not_found",
        ),
        (
            'OCI runtime create failed: exec: "/app.py": permission denied: unknown',
            LaunchError,
            "command_not_executable",
        ),
        ('could not select device driver "" with capabilities: [[gpu]]', LaunchError, "no_gpu"),
        ("Range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available", LaunchError, "too_many_cpus"),
        (
            'Conflict. The container name "/x" is already in use by container "12". You have to remove',
            LaunchError,
            "name_taken",
        ),
        ("mkdir /var/lib/docker/overlay2/x: no space left on device", NoSpaceLeftError, "disk_full"),
        ("exec /usr/bin/python: exec format error", WrongArchitectureError, "wrong_architecture"),
        ("something else", LaunchError, "launch"),
    ],
)
def test_what_an_engine_says_about_a_start(text: str, kind: type[RunnerError], verdict: str) -> None:
    error = translated(api_error(500, text), image=IMAGE)
    assert (type(error), error.verdict) == (kind, verdict)
    without_image = translated(api_error(500, text))
    assert (type(without_image), without_image.verdict) == (kind, verdict)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (docker.errors.DockerException("Error while fetching server API version"), EngineUnavailableError),
        (RequestsConnectionError("connection refused"), EngineUnavailableError),
        (ReadTimeout("read timed out"), EngineUnavailableError),
        (docker.errors.InvalidVersion("too old"), EngineUnavailableError),
        (docker.errors.TLSParameterError("no key"), ConfigurationError),
        (docker.errors.InvalidConfigFile("not JSON"), ConfigurationError),
        (docker.errors.ContextNotFound("x"), ConfigurationError),
        (docker.errors.BuildError("x", iter(())), BuildError),
        (docker.errors.NullResource("x"), LaunchError),
    ],
)
def test_what_the_sdk_itself_raises(error: Exception, kind: type[RunnerError]) -> None:
    assert type(translated(error)) is kind


def test_a_socket_that_this_user_may_not_open() -> None:
    cause = PermissionError(13, "Permission denied")
    error = translated(docker.errors.DockerException(f"Error while fetching server API version: ('x', {cause!r})"))
    assert (type(error), error.verdict) == (EngineUnavailableError, "engine_forbidden")
    assert "docker" in (error.hint or "")


def test_an_engine_that_does_not_answer_is_no_image_registry_that_does_not() -> None:
    error = translated(RequestsConnectionError("connection refused"), image=IMAGE, otherwise=ImageError)
    assert type(error) is EngineUnavailableError


def test_a_bare_401_is_a_missing_login() -> None:
    assert type(translated(api_error(401, "what?"), image=IMAGE)) is ImageUnauthorizedError


def test_other_errors_pass() -> None:
    with pytest.raises(ZeroDivisionError), docker_errors("doing it"):
        raise ZeroDivisionError


def test_no_secret_and_no_escape_sequence_in_a_message() -> None:
    text = 'Get "https://u:pa55@cdn.example/blob?X-Signature=s3cret&x=1":\x1b[31m EOF\r\n' + "x" * 2000
    error = error_of_engine_text(text, "pulling", image=IMAGE)
    assert 'Get "https://cdn.example/blob?...": EOF' in error.message
    for part in ("pa55", "s3cret", "\x1b", "\n"):
        assert part not in error.message
    assert len(without_secrets(text)) < 700


@pytest.mark.parametrize(
    ("image", "host"),
    [
        (IMAGE, "registry.hf.space"),
        ("127.0.0.1:5000/x", "127.0.0.1:5000"),
        ("localhost/x", "localhost"),
        ("user/x", "docker.io"),
        ("python:3.11", "docker.io"),
        (None, "docker.io"),
    ],
)
def test_the_host_of_an_image(image: str | None, host: str) -> None:
    assert image_registry_of(image) == host
