"""Reads how an image registry wants to be shown a login, and writes what it is shown.

The protocol: RFC 9110, section 11, and distribution.github.io/distribution/spec/auth/token.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from hf_spaces_runner.images.docker_login import DockerLogin

_LONGEST = 8192
# Each match begins at the first letter of a word, so that a header of nothing but letters is looked at once.
_PARAMETER = re.compile(r'\b(\w++)="([^"]*+)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """What an answer with status 401 asks for. `scheme` is in lower case, `asked` the address that was asked."""

    scheme: str
    asked: httpx.URL
    parameters: Mapping[str, str] = field(default_factory=dict)

    def token_address(self, **query: str) -> httpx.URL | None:
        """Return where a token is to be had, with `query` added; None where no usable place is named.

        It may be any host: where the registry is asked over TLS, nothing goes anywhere without it.
        """
        try:
            realm = httpx.URL(self.parameters.get("realm", "")).copy_with(userinfo=b"", fragment=None)
        except httpx.InvalidURL:
            return None
        if not realm.host or realm.scheme not in {"https", self.asked.scheme}:
            return None
        return realm.copy_merge_params({"service": self.parameters.get("service", ""), **query})


def read_challenge(answered: httpx.Response) -> Challenge | None:
    """Return what `answered` asks for; None where it asks for nothing."""
    if answered.status_code != httpx.codes.UNAUTHORIZED:
        return None
    header = str(answered.headers.get("www-authenticate", ""))[:_LONGEST]
    scheme = header.partition(" ")[0].lower()
    if not scheme:
        return None
    return Challenge(scheme=scheme, asked=answered.request.url, parameters=dict(_PARAMETER.findall(header)))


def basic_authorization(login: DockerLogin) -> str | None:
    """Return the header Authorization that shows `login`; None for one that only the engine can use."""
    if login.secret is None:
        return None
    return f"Basic {base64.b64encode(f'{login.user}:{login.secret.reveal()}'.encode()).decode()}"
