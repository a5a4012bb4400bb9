"""What the user has set up beyond this machine: Spaces that run on the Hub, and a model of its inference providers."""

import re
from dataclasses import dataclass

ROUTER = "https://router.huggingface.co"
"""Where the Hub takes questions for its inference providers (docs: inference-providers)."""

ANY_PROVIDER = "auto"
_FORM = "a remote Space is https://user-name.hf.space, or ID=https://user-name.hf.space for what it stands in for"
_URL = re.compile(r"https://([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)\.hf\.space/?")
_STANDS_FOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")
_MODEL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}")
_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MAX_LENGTH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudSpace:
    """A Space that runs on the Hub's machines.

    `url` is its address without a slash at the end. `stands_for` is the id of a Space, or a category, in whose place it
    answers; None where the user does not say: then it is the remote form of the Space that its host is named after.
    """

    url: str
    stands_for: str | None = None

    @property
    def subdomain(self) -> str:
        """The name of its host that is its own."""
        return self.url.removeprefix("https://").partition(".")[0]

    def __str__(self) -> str:
        """As the user writes it."""
        return self.url if self.stands_for is None else f"{self.stands_for}={self.url}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudModel:
    """A model of the Hub's inference providers. `provider` is one of them, or how the Hub is to choose one."""

    name: str
    provider: str = ANY_PROVIDER

    @property
    def routed(self) -> str:
        """What the router calls it (docs: inference-providers, "Provider Selection")."""
        return self.name if self.provider == ANY_PROVIDER else f"{self.name}:{self.provider}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudMember:
    """One of the cloud tier as `hfsr status` shows it. `why_not` says why it is not asked; None where it may be.

    Nobody is asked for a status: that would tell somebody else, and wake a Space that sleeps.
    """

    kind: str
    name: str
    stands_for: str | None = None
    why_not: str | None = None


def cloud_model(text: str) -> str:
    """Return the model of the Hub that `text` names.

    Raises:
        ValueError: it is no id; the message says why, for people.
    """
    if not _MODEL_ID.fullmatch(text.strip()):
        raise ValueError("a model of the Hub is user/name")
    return text.strip()


def cloud_provider(text: str) -> str:
    """Return the provider that `text` names.

    Raises:
        ValueError: it is no name of one; the message says why, for people.
    """
    if not _PROVIDER.fullmatch(text.strip()):
        raise ValueError("a provider is one word in small letters, such as groq, fastest, cheapest or auto")
    return text.strip()


def cloud_space(text: str) -> CloudSpace:
    """Return the remote Space that `text` names.

    Raises:
        ValueError: it is none; the message says why, for people.
    """
    text = text.strip()
    if not text.isascii() or not text.isprintable() or len(text) > _MAX_LENGTH:
        raise ValueError(_FORM)
    before, equals, after = text.partition("=")
    stands_for, url = (before.strip(), after.strip()) if equals else (None, text)
    if url.lower().startswith("http://"):
        raise ValueError("a remote Space is asked over https, so that nobody reads along")
    match = _URL.fullmatch(url.lower())
    if match is None or (stands_for is not None and not _STANDS_FOR.fullmatch(stands_for)):
        raise ValueError(_FORM)
    return CloudSpace(url=f"https://{match[1]}.hf.space", stands_for=stands_for)
