"""Decides how what `preload_from_hub` names gets into an image, and how the Space finds it there.

Facts: https://huggingface.co/docs/hub/spaces-config-reference, and hub-docs issue 1536: it is for models alone. What is
fetched lies in the user's own cache, as on the Hub, while a running Space has its cache in a volume: so a small program
starts the Space, which leads from there to here. The layers come before the Space's own, so that a change of the
source fetches nothing again, and each item has one.
"""

import json
import shlex
from dataclasses import dataclass, field

from hf_spaces_runner.domain.front_matter import Preload
from hf_spaces_runner.domain.space_source import SourceFile
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.planning.build_marks import BUILD_FILES, CA_BUNDLE, copied

_FETCH = f"{BUILD_FILES}/fetch.py"
_START = f"{BUILD_FILES}/start.py"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubAccess:
    """How a build asks the Hub: at `endpoint`, None for the public one, or not at all where it is `offline`."""

    endpoint: str | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Preloading:
    """What is preloaded into an image, the programs that fetch it and start the Space, and how the Hub is asked."""

    items: tuple[Preload, ...]
    fetch: SourceFile
    start: SourceFile
    hub: HubAccess = field(default_factory=HubAccess)

    @property
    def files(self) -> dict[str, SourceFile]:
        """The files that the build needs for it, by their names in the context."""
        return {"fetch.py": self.fetch, "start.py": self.start}

    def lines(self, *, with_ca_bundle: bool, decisive: bool) -> list[str]:
        """Return the lines that fetch it. How the Hub is asked decides nothing, so `decisive` ones leave that out.

        Raises:
            ConfigurationError: a password stands in the Hub's address, and would stay in the history of the image.
        """
        _check_address(self.hub)
        asking = "" if decisive else _asking(self.hub, with_ca_bundle=with_ca_bundle)
        return [copied("fetch.py", _FETCH), *(f"RUN {asking}python {_FETCH} {_words(item)}" for item in self.items)]

    def start_lines(self) -> list[str]:
        """Return the lines that have the Space started by the program that leads it there."""
        return [copied("start.py", _START), f"ENTRYPOINT {json.dumps(['python', _START])}"]


def _check_address(hub: HubAccess) -> None:
    if hub.endpoint and "@" in hub.endpoint:
        raise ConfigurationError(
            "HF_ENDPOINT: a build cannot use an address with a password in it, which would stay in the image",
            hint="name the Hub by an address without a password",
        )


def _asking(hub: HubAccess, *, with_ca_bundle: bool) -> str:
    variables = {
        # The library speaks through httpx since 1.0, and through requests before.
        **({"SSL_CERT_FILE": CA_BUNDLE, "REQUESTS_CA_BUNDLE": CA_BUNDLE} if with_ca_bundle else {}),
        **({"HF_ENDPOINT": shlex.quote(hub.endpoint)} if hub.endpoint else {}),
        **({"HF_HUB_OFFLINE": "1"} if hub.offline else {}),
    }
    return "".join(f"{name}={value} " for name, value in variables.items())


def _words(item: Preload) -> str:
    revision = ("--revision", item.revision) if item.revision else ()
    return shlex.join((*revision, item.repo, *item.files))
