"""What is known of Spaces, for one set of settings: the registry, what was found on the Hub, and the Hub itself."""

import re
import time
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from hf_spaces_runner.domain.hub_source import HUB_PREFIX, PUBLIC_HUB, FetchedSource, HubReference
from hf_spaces_runner.domain.image_names import HUB_IMAGE_REGISTRY, image_of_space
from hf_spaces_runner.domain.progress import ProgressCallback, ignore_progress
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.units import format_size
from hf_spaces_runner.errors import HubError, RegistryError, UnknownSpaceError
from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.registry.fault import in_short
from hf_spaces_runner.registry.load import load_registry
from hf_spaces_runner.registry.references import find_space
from hf_spaces_runner.registry.registry import Registry
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.settings import LoadedSettings

if TYPE_CHECKING:
    from hf_spaces_runner.discovery import Discovery
    from hf_spaces_runner.hub.client import Hub

_YES = re.compile("1|on|yes|true", re.IGNORECASE)  # what huggingface_hub takes for it
STAGES_WITH_IMAGE = frozenset(
    {"RUNNING", "RUNNING_BUILDING", "RUNNING_APP_STARTING", "APP_STARTING", "SLEEPING", "BUILDING"}
)
"""The stages of a Space on the Hub in which its image ought to be there."""
_RESTS_S = 600.0
Say = Callable[[str], None]


def _say_nothing(_text: str) -> None:
    """Stand in where nobody listens."""


class KnownSpaces:
    """The Spaces that are known, and those that can be found.

    Args:
        settings: the settings in force.
        environment: what stands in for `os.environ`: HF_ENDPOINT, HF_HUB_OFFLINE.
        on_warning: told which entries of the registry are left out.
        on_note: told what takes a while, and what was found out by the way.
        on_progress: called with each step of a download of a source.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        environment: Mapping[str, str],
        *,
        on_warning: Say = _say_nothing,
        on_note: Say = _say_nothing,
        on_progress: ProgressCallback = ignore_progress,
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._on_warning = on_warning
        self._on_note = on_note
        self._on_progress = on_progress
        self._fetched: dict[HubReference, FetchedSource] = {}
        self.discovered = Discovered(settings.places.discovered)

    @cached_property
    def registry(self) -> Registry:
        """The user's registry over the bundled one, over what was found on the Hub. See `load_registry`."""
        file = self._settings.values.registry
        registry = load_registry(
            file,
            indexes=self._settings.places.indexes,
            discovered=self.discovered,
            on_large=lambda size: self._on_note(f"Reading {file} ({format_size(size)}), as it has changed."),
        )
        if registry.faults:
            self._on_warning(f"{in_short(registry.faults)}\nWhat is wrong is left out; all else works.")
        return registry

    @property
    def is_offline(self) -> bool:
        """Whether the user wants the Hub not to be asked: HF_HUB_OFFLINE."""
        return _YES.fullmatch(self._environment.get("HF_HUB_OFFLINE", "")) is not None

    @cached_property
    def hub(self) -> "Hub":
        """The Hub that HF_ENDPOINT names, or the public one."""
        from hf_spaces_runner.hub.client import Hub  # noqa: PLC0415 - its library takes a while, and few ask the Hub

        on_note = self._on_note
        hub = Hub.of(
            self._environment,
            ca_bundle=self._settings.values.ca_bundle,
            on_wait=lambda seconds: on_note(f"The Hub asks to wait {seconds:.0f} s."),
        )
        weakref.finalize(self, hub.close)
        return hub

    @cached_property
    def discovery(self) -> "Discovery":
        """What finds Spaces."""
        from hf_spaces_runner.discovery import Discovery  # noqa: PLC0415 - a run of a known Space finds none

        return Discovery(self.registry, self.discovered, hub=lambda: self.hub, now=time.time)

    def find(self, reference: str, *, asks_hub: bool = False, fetches: bool = True) -> Space:
        """Return the Space that `reference` names.

        With `asks_hub`, the Hub is asked for the image's name where that is only derived from the Hub id: long and
        colliding names have a suffix. What it says is remembered. Where it does not answer, the derived name does.
        The source of a Space (`hub:user/name@revision`) is fetched then, unless `fetches` forbids it.

        Raises:
            RegistryError: there is no such Space, or the registry cannot be read.
            UsageError: what stands behind `hub:` is no Space of the Hub.
            NoSpaceLeftError: the disk has no room for its source.
        """
        if reference.startswith(HUB_PREFIX):
            from hf_spaces_runner.registry.hub_source import space_of_hub_source  # noqa: PLC0415 - few name one

            source = self.fetch(reference, asks_hub=asks_hub and fetches)
            return space_of_hub_source(source, self._endpoint, Snapshots(self._settings.places.snapshots))
        snapshots = Snapshots(self._settings.places.snapshots)
        space = find_space(reference, self.registry, self._settings.values.image_registry, snapshots=snapshots)
        if not asks_hub or not self._has_derived_name(space) or not self._hub_may_answer():
            return space
        hub_id = str(space.space_id)
        try:
            found = self.discovery.look_up(hub_id)
        except UnknownSpaceError as error:
            # Another image registry may hold images of Spaces that the Hub has not, or shows to nobody.
            if space.origin == "reference" and self._settings.values.image_registry == HUB_IMAGE_REGISTRY:
                raise
            self._on_note(error.message)
            return space
        except HubError as error:
            if error.verdict in {"hub_unreachable", "hub_rate_limited"}:
                self._rest()
            self._on_note(f"{error.message}. The name of its image is derived from its id.")
            return space
        except RegistryError as error:  # no run fails since something cannot be remembered
            self._on_warning(error.message)
            return space
        if found.hub.stage is not None and found.hub.stage not in STAGES_WITH_IMAGE:
            self._on_warning(f"{hub_id} is {found.hub.stage} on the Hub: its image may not be there.")
        if found.hub.id.lower() != hub_id.lower():
            self._on_note(f"{hub_id} is called {found.hub.id} on the Hub now.")
        # Under its new id where it was renamed, but an entry of the registry stays what it is.
        named = found.hub.id if space.origin in {"reference", "discovered"} else reference
        return find_space(named, self.registry, self._settings.values.image_registry)

    def fetch(self, reference: str, *, asks_hub: bool = True) -> FetchedSource:
        """Return the source that `hub:user/name@revision` names, fetched now if it is not here and `asks_hub` lets it.

        Raises: as `find`.
        """
        from hf_spaces_runner.hub_sources import HubSources  # noqa: PLC0415 - few name a Space this way
        from hf_spaces_runner.registry.hub_source import read_hub_word  # noqa: PLC0415 - likewise

        wanted = read_hub_word(reference)
        found = self._fetched.get(wanted)
        if found is not None:
            return found
        places, asks_hub = self._settings.places, asks_hub and not self.is_offline
        sources = HubSources(
            folder=places.sources,
            locks=places.locks,
            scratch=places.scratch,
            endpoint=self._endpoint,
            hub=lambda: self.hub.sources,
            on_note=self._on_note,
            on_progress=self._on_progress,
        )
        found = sources.find(wanted, asks_hub=asks_hub)
        if asks_hub:  # the same commit for as long as this process lives
            self._fetched[wanted] = found
        return found

    @property
    def _endpoint(self) -> str:
        return (self._environment.get("HF_ENDPOINT") or PUBLIC_HUB).rstrip("/")

    def _has_derived_name(self, space: Space) -> bool:
        if space.space_id is None or space.source is not None:
            return False
        if space.found is not None and space.found.hub.subdomain is not None:
            return False
        registries = (HUB_IMAGE_REGISTRY, self._settings.values.image_registry)
        return space.docker_image in {image_of_space(space.space_id, registry) for registry in registries}

    def _rest(self) -> None:
        with suppress(RegistryError):  # then it is asked again
            self.discovered.note("unreachable_at", repr(time.time()))

    def _hub_may_answer(self) -> bool:
        """Return whether the Hub may be asked by the way: nobody waits for it at each run where it is out of reach."""
        if self.is_offline:
            return False
        with suppress(ValueError):  # not written by us: it is asked
            # A time to come was noted when the clock was wrong.
            return not 0 <= time.time() - float(self.discovered.noted("unreachable_at") or 0) <= _RESTS_S
        return True
