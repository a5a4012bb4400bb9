"""Knows how pip is called in a build, and which cache its downloads are kept in where BuildKit builds.

Where the packages of an earlier day are wanted, uv is called instead, by its `--exclude-newer`. pip has the like since
version 26 (`--uploaded-prior-to`), and refuses an index whole that gives upload times only in its pages of HTML, as
mirrors do (PEP 700 has them in JSON alone); uv reads both, and says of a version that is too new when it came. uv knows
nothing of the settings of pip, so the index that the base image names for pip is handed on. It looks for a version in
all indexes, as pip does, and compiles what it installs, since a container that may not write there never could.

pip believes what its cache holds: a hostile setup.py could lay a false wheel there for whoever looks next. So the one
cache that all Spaces share is mounted only where the SDK and packages of ours are installed, before any code of the
Space has run; what the Space requires has a cache that no other Space sees. The caches of Dockerfiles that are not ours
lie in a namespace of their Space, so none of them reaches either.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from hf_spaces_runner.planning.build_marks import CA_BUNDLE

_OPTIONS = "--disable-pip-version-check --no-input --progress-bar off"
_OPTIONS_OF_UV = "--no-config --no-progress --link-mode copy --compile-bytecode --index-strategy unsafe-best-match"
_INDEX = (
    'UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-${PIP_INDEX_URL:-$(python -m pip config get global.index-url 2>/dev/null)}}"'
    ' UV_INDEX="${UV_INDEX:-${PIP_EXTRA_INDEX_URL:-$(python -m pip config get global.extra-index-url 2>/dev/null)}}"'
)
_SHARED = "hf-spaces-runner-sdk"
# A folder that every Debian has, and nothing else of it: mounting makes a missing one, which stays in the image.
_MOUNTED_AT = "/mnt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """How the packages of an image are installed. With `with_ca_bundle` the build trusts the CA bundle of the context.

    `cache_space` names the Space whose cache is mounted; None where the builder is not BuildKit, which alone can. Only
    what decides what is installed belongs into the hash of an image: neither the CA bundle nor a cache does. With
    `before` (UTC), what was uploaded then or later does not exist for what is installed.
    """

    with_ca_bundle: bool = False
    cache_space: str | None = None
    before: datetime | None = None

    def itself(self) -> list[str]:
        """Return the steps that bring what installs packages, beyond the pip that is there: it is always of today."""
        return [] if self.before is None else [self.of_today.install("uv", ours=True)]

    @property
    def of_today(self) -> "Pip":
        """This for the packages of today."""
        return replace(self, before=None)

    def install(self, *arguments: str, ours: bool = False) -> str:
        """Return the step of a Dockerfile that installs what `arguments` of `pip install` name.

        `ours` says that no word of them is the Space's but for the version of its SDK, and that none of its code has
        run before.
        """
        # Only for the commands of the build: in the image's own environment it would outlive them.
        trust = f"PIP_CERT={CA_BUNDLE} SSL_CERT_FILE={CA_BUNDLE} " if self.with_ca_bundle else ""
        if self.cache_space is None:
            return " ".join((f"RUN {trust}{self._command('--no-cache-dir')}", *arguments))
        name = _SHARED if ours else f"hf-spaces-runner-pip-{self.cache_space}"
        if self.before is not None:
            name += "-uv"
        mount = f"--mount=type=cache,id={name},target={_MOUNTED_AT},uid=1000,gid=1000"
        return " ".join((f"RUN {mount} {trust}{self._command(f'--cache-dir {_MOUNTED_AT}')}", *arguments))

    def _command(self, cache: str) -> str:
        if self.before is None:
            return f"python -m pip install {cache} {_OPTIONS}"
        newest = f"--exclude-newer {self.before:%Y-%m-%dT%H:%M:%SZ}"
        return f"{_INDEX} python -m uv pip install {newest} {cache} {_OPTIONS_OF_UV}"

    def cached_for(self, repository: str) -> "Pip":
        """Return this with caches, those of the Space whose images are called `repository`."""
        return replace(self, cache_space=repository)
