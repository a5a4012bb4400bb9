"""Reads what an image registry sends as a manifest, of which nothing is believed.

The forms: github.com/opencontainers/image-spec (image-index.md, manifest.md, config.md), and Docker's of the same shape
(distribution.github.io/distribution/spec/manifest-v2-2).
"""

import re
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hf_spaces_runner.calling.caller import AnswerLimits
from hf_spaces_runner.calling.decode_json import decode_json
from hf_spaces_runner.errors import AnswerError
from hf_spaces_runner.images.registry_connections import MAX_BYTES

_KINDS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = ", ".join(_KINDS)
"""The kinds of manifest that are read here."""

# Eight are read at once; an image has at most some hundred layers.
_LIMITS = AnswerLimits(max_json_bytes=MAX_BYTES, max_json_weight=200_000, max_json_depth=50)
_PLATFORM_WORD = re.compile(r"[\w.+-]{1,32}", re.ASCII)

_Digest = Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$")]
_Bytes = Annotated[int, Field(ge=0, le=2**50)]


class _Form(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")


_FormT = TypeVar("_FormT", bound=_Form)


class Platform(_Form):
    """What an image is made for. Only `linux/amd64` and the like name one; an attestation names `unknown/unknown`."""

    os: str = ""
    architecture: str = ""

    @property
    def name(self) -> str | None:
        """`amd64` for Linux, `windows/amd64` for others; None where nothing usable is said."""
        words = (self.os or "linux", self.architecture)
        if "unknown" in words or not all(_PLATFORM_WORD.fullmatch(word) for word in words):
            return None
        return self.architecture if words[0] == "linux" else "/".join(words)


class Descriptor(_Form):
    """Names a content by its digest and its size in bytes."""

    digest: _Digest
    size: _Bytes
    platform: Platform | None = None


class Index(_Form):
    """A list of manifests, one for each platform."""

    manifests: list[Descriptor]


class Manifest(_Form):
    """One image: its configuration and its layers."""

    config: Descriptor
    layers: list[Descriptor]

    @property
    def compressed_bytes(self) -> int:
        """What a pull transfers at most; a layer that is named twice is sent once."""
        return sum({content.digest: content.size for content in (self.config, *self.layers)}.values())


def read_manifest(raw: bytes, what: str) -> Index | Manifest:
    """Return the manifest that `raw` holds; its shape says which, as a media type may be missing or wrong.

    Raises:
        AnswerError: it is none that can be pulled; the message begins with `what`.
    """
    value = decode_json(raw, what, _LIMITS)
    names = value.keys() if isinstance(value, dict) else ()
    if "fsLayers" in names:
        raise AnswerError(f"{what} answered a manifest of schema 1, which engines no longer pull")
    return _checked(Index, value, what) if "manifests" in names else _checked(Manifest, value, what)


def read_platform(raw: bytes, what: str) -> Platform:
    """Return what the configuration `raw` of an image says that it is made for; raises as `read_manifest` does."""
    return _checked(Platform, decode_json(raw, what, _LIMITS), what)


def _checked(kind: type[_FormT], value: object, what: str) -> _FormT:
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(map(str, first["loc"])) or "the whole"
        raise AnswerError(f"{what} answered no manifest of an image: {place}: {first['msg']}") from None
