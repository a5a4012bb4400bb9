"""Speaks HTTP to an image registry as the engine would: with its certificates, its exceptions from TLS, and proxies."""

import ipaddress
import ssl
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import httpx

from hf_spaces_runner import __version__
from hf_spaces_runner.domain.machine import Problem
from hf_spaces_runner.orchestrator.docker_errors import without_secrets

REQUEST_ERRORS = (httpx.HTTPError, httpx.InvalidURL)
"""What httpx raises where there is no answer."""

_TIMEOUT_S = 5.0
_ENGINES_CERTIFICATES = Path("/etc/docker/certs.d")


def image_registry_client(host: str, *, ca_bundle: Path | None, plain: bool) -> httpx.Client:
    """Return a client for `host` alone.

    Args:
        host: `name` or `name:port`.
        ca_bundle: CA certificates to trust; the system's where None or unreadable. Those of the engine are trusted too.
        plain: whether any certificate does, and none as well.

    Raises:
        ValueError: a variable names a proxy that cannot be; its text may show a password.
        ImportError: likewise, one of a kind that needs another package (SOCKS).
    """
    return httpx.Client(
        verify=False if plain else _trusted(ca_bundle, host),
        # Proxies of the user's lead out, and never to this machine itself.
        trust_env=not is_loopback(host),
        follow_redirects=False,
        timeout=_TIMEOUT_S,
        headers={"User-Agent": f"hf-spaces-runner/{__version__}"},
    )


def is_plain(host: str, plain_hosts: Collection[str]) -> bool:
    """Return whether the engine, which lists `plain_hosts`, takes any certificate or none from `host`.

    It does so for all loopback addresses (docs.docker.com/reference/cli/dockerd, section insecure registries).
    """
    return host in plain_hosts or is_loopback(host)


def is_loopback(host: str) -> bool:
    """Return whether `host` is this machine by its name or address."""
    name = host.partition(":")[0]
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def first_answer(client: httpx.Client, host: str, schemes: tuple[str, ...]) -> httpx.Response | Problem:
    """Return the answer to `GET /v2/` over the first of `schemes` that has one."""
    problem = Problem(message=f"{host} was not asked", fix="")
    for scheme in schemes:
        try:
            return get(client, f"{scheme}://{host}/v2/")
        except REQUEST_ERRORS as error:
            problem = problem_of(host, error)
    return problem


def get(client: httpx.Client, url: str | httpx.URL, *, authorization: str | None = None) -> httpx.Response:
    """Return status and headers of `url`; what stands in the body matters to nobody. Raises `REQUEST_ERRORS`."""
    headers = None if authorization is None else {"Authorization": authorization}
    with client.stream("GET", url, headers=headers) as response:
        return response


def problem_of(host: str, error: Exception) -> Problem:
    """Return why `host` gave no answer, out of what httpx raised, in words that show no secret."""
    untrusted = _cause(error, ssl.SSLCertVerificationError)
    if isinstance(untrusted, ssl.SSLCertVerificationError):
        return Problem(
            message=f"the certificate of {host} is not trusted: {untrusted.verify_message}",
            fix="add its CA certificate to the file that the setting ca_bundle names, and, for the engine, put it into"
            f" {_ENGINES_CERTIFICATES / host / 'ca.crt'}",
        )
    system = _cause(error, OSError)
    said = "it did not answer in time" if isinstance(error, httpx.TimeoutException) else str(error) or "no answer"
    if isinstance(system, OSError) and system.strerror:
        said = system.strerror
    return Problem(
        message=f"{host} cannot be reached from here: {without_secrets(said)}",
        fix="check the network, the proxy (HTTPS_PROXY) and the setting image_registry (hfsr config)",
    )


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, kind):
        seen = seen.__cause__ or seen.__context__
    return seen


def _trusted(ca_bundle: Path | None, host: str) -> ssl.SSLContext:
    context = None
    if ca_bundle is not None:
        with suppress(OSError):  # another line of the diagnosis says so
            context = ssl.create_default_context(cafile=ca_bundle)
    context = context or ssl.create_default_context()
    with suppress(OSError):
        for certificate in (_ENGINES_CERTIFICATES / host).glob("*.crt"):
            context.load_verify_locations(certificate)
    return context
