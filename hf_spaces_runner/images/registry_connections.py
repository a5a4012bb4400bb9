"""Gets small bodies from image registries: within a limit of bytes and until a deadline, whatever they send."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from hf_spaces_runner.calling.deadline_watch import DeadlineWatch
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.errors import AnswerError, ImageRegistryUnreachableError
from hf_spaces_runner.images.image_registry_client import REQUEST_ERRORS, image_registry_client, is_plain, problem_of

MAX_BYTES = 4 * 1024**2
"""The most that a body may have: what the specification asks registries to take for a manifest at least."""

_LONGEST_WAIT_S = 5.0
_LEAST_TIMEOUT_S = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryReply:
    """An answer, read to its end. `response` is for its status and headers."""

    response: httpx.Response
    body: bytes = field(repr=False)

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.response.status_code

    def header(self, name: str) -> str:
        """Return the header `name`, empty where there is none."""
        return str(self.response.headers.get(name, ""))


class RegistryConnections:
    """A context manager around the connections of one thread, which are kept from one image to the next.

    Args:
        ca_bundle: CA certificates to trust; the system's where None or unreadable.
        plain_hosts: the image registries that the engine talks to without TLS.
    """

    def __init__(self, *, ca_bundle: Path | None, plain_hosts: Collection[str]) -> None:
        self._ca_bundle = ca_bundle
        self._plain_hosts = plain_hosts
        self._clients: dict[str, httpx.Client] = {}
        self._schemes: dict[str, tuple[str, ...]] = {}
        self._watch = DeadlineWatch()
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open.close()
        self._clients.clear()

    @contextmanager
    def until(self, deadline: Deadline) -> Iterator[None]:
        """Cut what the block waits for at `deadline`, but for the look-up of an address, which is the system's."""
        with self._watch.until(deadline):
            yield

    def get_from(self, host: str, path: str, deadline: Deadline, headers: Mapping[str, str]) -> RegistryReply:
        """Return the answer of `host` over TLS, or also without it where the engine would do so.

        Raises:
            ImageRegistryUnreachableError: there is no answer.
            AnswerError: it is too large, or compressed.
        """
        schemes = self._schemes.get(host) or (("https", "http") if is_plain(host, self._plain_hosts) else ("https",))
        for scheme in schemes[:-1]:
            with suppress(ImageRegistryUnreachableError):
                return self._get_over(scheme, host, path, deadline, headers)
        return self._get_over(schemes[-1], host, path, deadline, headers)

    def _get_over(
        self, scheme: str, host: str, path: str, deadline: Deadline, headers: Mapping[str, str]
    ) -> RegistryReply:
        reply = self.get(f"{scheme}://{host}{path}", deadline, headers)
        # What shows who the user is goes over this one only.
        self._schemes[host] = (scheme,)
        return reply

    def get(self, url: str | httpx.URL, deadline: Deadline, headers: Mapping[str, str]) -> RegistryReply:
        """Return the answer to `GET url`; a redirect is one.

        Raises:
            ImageRegistryUnreachableError: there is none, or it did not end in time.
            AnswerError: it is too large, or compressed.
        """
        host = str(url)
        try:
            address = httpx.URL(url)
            host = address.netloc.decode("ascii")
            with self._client(host).stream(
                "GET",
                address,
                headers={"Accept-Encoding": "identity", **headers},
                timeout=max(_LEAST_TIMEOUT_S, min(_LONGEST_WAIT_S, deadline.remaining_s)),
                extensions={"trace": self._watch.trace},
            ) as response:
                body = _body(response, host)
        except (*REQUEST_ERRORS, UnicodeError) as error:  # the latter for a part of a name that is too long
            if deadline.passed:
                raise _too_slow(host, deadline) from error
            raise ImageRegistryUnreachableError(problem_of(host, error).message) from error
        if deadline.passed:  # a body whose length nobody told ends as it should when it is cut
            raise _too_slow(host, deadline)
        return RegistryReply(response=response, body=body)

    def _client(self, host: str) -> httpx.Client:
        if host not in self._clients:
            try:
                client = image_registry_client(host, ca_bundle=self._ca_bundle, plain=is_plain(host, self._plain_hosts))
            except (ValueError, ImportError):
                # Without its text, which may show a password.
                raise ImageRegistryUnreachableError("the environment names a proxy that cannot be used") from None
            self._clients[host] = self._open.enter_context(client)
        return self._clients[host]


def _body(response: httpx.Response, host: str) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise AnswerError(f"{host} answered compressed, which was not asked for")
    raw = bytearray()
    for piece in response.iter_raw():
        raw += piece
        if len(raw) > MAX_BYTES:
            raise AnswerError(f"{host} answered more than {format_size(MAX_BYTES)}")
    return bytes(raw)


def _too_slow(host: str, deadline: Deadline) -> ImageRegistryUnreachableError:
    return ImageRegistryUnreachableError(f"{host} did not end its answer within {format_duration(deadline.limit_s)}")
