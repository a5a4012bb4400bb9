"""Takes image references apart and puts them together; knows how the Hub names the image of a Space.

The grammar is that of the distribution project (github.com/distribution/reference, `reference.go` and `regexp.go`).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

HUB_IMAGE_REGISTRY = "registry.hf.space"
"""Where the Hub keeps the images of Spaces; the setting `image_registry` puts another host in its place."""

_MAX_NAME_LENGTH = 255
_HOST = re.compile(
    r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])(?:\.(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]))*"
    r"(?::[0-9]{1,5})?"
    r"|\[[0-9a-fA-F:]+\](?::[0-9]{1,5})?"
)
_NAME_PART = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*")
_TAG = re.compile(r"\w[\w.-]{0,127}", re.ASCII)
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_SUBDOMAIN_SEPARATORS = str.maketrans("/_.", "---")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """The parts of an image reference; `str()` puts them together again.

    `host` is None where the reference names none, which the engine reads as Docker Hub.
    """

    host: str | None
    name: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """The reference without tag and digest."""
        return self.name if self.host is None else f"{self.host}/{self.name}"

    def __str__(self) -> str:
        tag = "" if self.tag is None else f":{self.tag}"
        digest = "" if self.digest is None else f"@{self.digest}"
        return f"{self.repository}{tag}{digest}"


@lru_cache(maxsize=64)
def split_image_reference(reference: str) -> ImageName:
    """Return the parts of `reference`: `[host/]name[:tag][@digest]`.

    Raises:
        ValueError: it is not an image reference; the message says which part is wrong and why.
    """
    rest, at, digest = reference.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest!r} is not a digest: it reads sha256: and 64 hexadecimal digits")
    first, slash, remainder = rest.partition("/")
    host = first if slash and _looks_like_host(first) else None
    path = remainder if host is not None else rest
    name, colon, tag = path.partition(":")
    if host is not None and not _HOST.fullmatch(host):
        raise ValueError(f"{host!r} is not a host, or a host with a port")
    if colon and not _TAG.fullmatch(tag):
        raise ValueError(f"{tag!r} is not a tag: at most 128 letters, digits, '_', '.' and '-', not '.' or '-' first")
    if name != name.lower():
        raise ValueError(f"the name {name!r} has upper case letters, which no image name has")
    wrong = next((part for part in name.split("/") if not _NAME_PART.fullmatch(part)), None)
    if wrong is not None:
        raise ValueError(f"{wrong!r} cannot be in an image name: letters and digits, with '.', '_' or '-' between them")
    image = ImageName(host=host, name=name, tag=tag or None, digest=digest or None)
    if len(image.repository) > _MAX_NAME_LENGTH:
        raise ValueError(f"the name has {len(image.repository)} characters, more than {_MAX_NAME_LENGTH}")
    return image


def is_image_reference(text: str) -> bool:
    """Return whether `text` means an image, not a Space `user/name`: it starts with a host, or has a tag or digest.

    Only the form is looked at; `split_image_reference` may still find a fault in it.
    """
    if "://" in text or not text.strip():
        return False
    first, slash, _ = text.partition("/")
    if slash and _looks_like_host(first):
        return True
    return "@" in text or ":" in text


def subdomain_of(space_id: str) -> str:
    """Return the name that the Space `user/name` has in host names and image names.

    This is what can be known offline (hf-spaces.md, section 3): long or colliding names carry a suffix on the Hub
    that cannot be computed, so the `subdomain` of the Hub's API wins wherever it is known.
    """
    return space_id.lower().translate(_SUBDOMAIN_SEPARATORS)


def image_of_space(space_id: str, image_registry: str) -> str:
    """Return the image of the Space `user/name`: `registry.hf.space/user-name:latest`, its one documented tag."""
    return f"{image_registry}/{subdomain_of(space_id)}:latest"


def with_image_registry(reference: str, image_registry: str) -> str:
    """Return `reference` with the Hub's image registry replaced by `image_registry`; other hosts stay.

    Raises:
        ValueError: see `split_image_reference`.
    """
    image = split_image_reference(reference)
    if image.host != HUB_IMAGE_REGISTRY:
        return reference
    return str(ImageName(host=image_registry, name=image.name, tag=image.tag, digest=image.digest))


def _looks_like_host(first: str) -> bool:
    # The rule of every client: without it, `user/name` and `host/name` could not be told apart.
    return "." in first or ":" in first or first == "localhost"
