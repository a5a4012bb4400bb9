"""Gets one answer of the Hub: without a token, from no other host, in bounded time and size."""

import ssl
import time
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

from hf_spaces_runner import __version__
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.hub.http_library import httpx
from hf_spaces_runner.hub.hub_errors import NONSENSE, UNREACHABLE, hub_error

MAX_ANSWER_BYTES = 20 * 1024**2
"""A page of 1000 Spaces with their cards is about 2 MiB."""

_MAX_REDIRECTS = 3
# Headers of our own, none of the library's: no token, and no list of what is installed here.
_HEADERS = {
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": f"hf-spaces-runner/{__version__}",
}
_PORTS = {"http": 80, "https": 443}


class Answer(NamedTuple):
    """What came back: the headers are found whatever their case."""

    status: int
    headers: "httpx.Headers"
    body: bytes

    @property
    def is_a_fault(self) -> bool:
        """Whether the next try may go better."""
        return self.status == HTTPStatus.REQUEST_TIMEOUT or (
            self.status >= HTTPStatus.INTERNAL_SERVER_ERROR and self.status != HTTPStatus.NOT_IMPLEMENTED
        )

    @property
    def leads_on(self) -> bool:
        """Whether it is no answer yet, but says where that would be."""
        return HTTPStatus.MULTIPLE_CHOICES <= self.status < HTTPStatus.BAD_REQUEST


@dataclass(kw_only=True)
class Line:
    """The way to one Hub.

    Args:
        endpoint: the Hub's address.
        ca_bundle: CA certificates to trust; the system's where None or unreadable.
        timeout_s: how long one answer may take.

    Raises:
        ConfigurationError: the endpoint or a proxy variable is no address.
    """

    endpoint: str
    ca_bundle: Path | None
    timeout_s: float
    client: "httpx.Client" = field(init=False, repr=False)
    trust: ssl.SSLContext | bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        try:
            base = httpx.URL(self.endpoint)
            if base.scheme not in _PORTS or not base.host:
                raise ConfigurationError("the Hub's address is no http(s) address", hint="correct HF_ENDPOINT")
            self.trust = _trusted(self.ca_bundle)
            self.client = httpx.Client(base_url=base, verify=self.trust, timeout=self.timeout_s, follow_redirects=False)
        except (httpx.InvalidURL, ValueError, ImportError) as error:  # no text of it: an address may hold a password
            raise ConfigurationError(
                "the Hub's address or a proxy variable is not an address", hint="correct HF_ENDPOINT or HTTPS_PROXY"
            ) from error

    @property
    def host(self) -> str:
        """The Hub's host, with the port where the address names one."""
        url = self.client.base_url
        return url.host if url.port is None else f"{url.host}:{url.port}"

    def get(self, url: "httpx.URL") -> Answer:
        """Return the answer for `url`, that of a renamed Space where it leads to one.

        Raises:
            HubError: it is too large or too slow, or leads to another host.
        """
        for _ in range(_MAX_REDIRECTS + 1):
            url = self.client.base_url.join(url)
            if _origin(url) != _origin(self.client.base_url):
                raise hub_error(NONSENSE, f"{self.host} leads to another host: {one_line(url.host)!r}")
            answer = self._get_here(url)
            if not answer.leads_on or "location" not in answer.headers:
                return answer
            url = url.join(answer.headers["location"])
        raise hub_error(NONSENSE, f"{self.host} leads in circles")

    def _get_here(self, url: "httpx.URL") -> Answer:
        end = time.monotonic() + self.timeout_s
        body = bytearray()
        with self.client.stream("GET", url, headers=_HEADERS) as response:
            # Others pack tighter, and are unpacked a whole chunk at a time.
            if response.headers.get("content-encoding", "identity").lower() not in {"identity", "gzip"}:
                raise hub_error(NONSENSE, f"{self.host} answered in an encoding that it was not asked for")
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_ANSWER_BYTES:
                    raise hub_error(NONSENSE, f"{self.host} answered more than {MAX_ANSWER_BYTES // 1024**2} MiB")
                if time.monotonic() > end:
                    limit = format_duration(self.timeout_s)
                    raise hub_error(UNREACHABLE, f"the answer of {self.host} was not complete after {limit}")
            return Answer(response.status_code, response.headers, bytes(body))


def _trusted(ca_bundle: Path | None) -> ssl.SSLContext | bool:
    if ca_bundle is not None:
        with suppress(OSError):  # the doctor says so
            return ssl.create_default_context(cafile=ca_bundle)
    return True


def _origin(url: "httpx.URL") -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or _PORTS.get(url.scheme, 0)
