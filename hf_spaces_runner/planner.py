"""Makes plans: gathers what the settings, the registry and the images here say, and lets pure code decide."""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.hardware import Grant, Machine
from hf_spaces_runner.domain.image import Image, ImageSource
from hf_spaces_runner.domain.labels import name_while_up
from hf_spaces_runner.domain.launch import LaunchProfile, LaunchSpec
from hf_spaces_runner.domain.plan import Candidate, Plan
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import Builder, PullPolicy, Request
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.settings import Settings
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import EngineUnavailableError, UsageError
from hf_spaces_runner.images.acquire import Images
from hf_spaces_runner.images.base_name import BASE_REFERENCE, base_image_name, gives_python, node_image_name
from hf_spaces_runner.images.source import find_image_source
from hf_spaces_runner.input_files import check_files
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.orchestrator.ownership import own_name, own_user
from hf_spaces_runner.planning.as_of import check_as_of
from hf_spaces_runner.planning.check_request import check_request
from hf_spaces_runner.planning.hardware import grant_asked, grant_suggested
from hf_spaces_runner.planning.hub_login import login_warning
from hf_spaces_runner.planning.launch_policy import LaunchDefaults, RunIdentity, for_image, variables_for
from hf_spaces_runner.planning.plan import PlanDefaults, make_plan
from hf_spaces_runner.planning.preload import HubAccess
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.results.output_directory import check_output_directory
from hf_spaces_runner.settings import LoadedSettings


class Planner:
    """Plans for one set of settings.

    Args:
        settings: what counts where a request is silent.
        snapshots: what files were read into before.
        known: the Spaces that are known.
        images: returns what knows the images on the engine; asked for only where that matters.
        machine: returns what the engine's machine has; likewise.
        on_progress: called while a base image is got.
        command: what others are told who wait for a slot that this holds.
        hub: how builds ask the Hub; the public one where None.
    """

    def __init__(
        self,
        settings: LoadedSettings,
        snapshots: Snapshots,
        *,
        known: KnownSpaces,
        images: Callable[[], Images],
        machine: Callable[[], Machine],
        on_progress: ProgressCallback,
        command: str,
        hub: HubAccess | None = None,
    ) -> None:
        self._settings = settings
        self._snapshots = snapshots
        self._known = known
        self._images = images
        self._machine = machine
        self._on_progress = on_progress
        self._command = command
        self._hub = hub
        self._warned: set[str] = set()
        self._told_of_hardware: set[str] = set()

    def plan(self, request: Request, *, builds: bool) -> Plan:
        """Return what to try for `request`; `builds` says whether a base image may be got or made for it.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        return self.plan_for(self.selected(request), request, self.new_run(), builds=builds)

    def selected(self, request: Request) -> Space:
        """Return the Space that `request` names, having checked all that can be without the engine.

        Raises:
            RunnerError: the request names something that is not there, or does not fit.
        """
        self.check_places(request)
        if request.space is None:
            raise UsageError("which Space? --hf-space is missing", hint="hfsr list shows the Spaces of the registry")
        fetches = (request.pull or self._settings.values.pull) is not PullPolicy.NEVER
        space = self._known.find(request.space, asks_hub=not request.privacy, fetches=fetches)
        check_request(request, space)
        check_as_of(request.as_of, space)
        return space

    def check_places(self, request: Request) -> None:
        """Check the files that go in, and the folder for those that come out.

        Raises:
            UsageError: one cannot be read, or the folder cannot be written.
        """
        check_files(request.inputs)
        if request.output_directory is not None:
            check_output_directory(request.output_directory)

    def new_run(self) -> RunIdentity:
        """Return who runs now, under a name of its own."""
        return RunIdentity(run_id=_new_run_id(), owner=own_name(), user=own_user(), command=self._command)

    def plan_for(
        self,
        space: Space,
        request: Request,
        identity: RunIdentity,
        *,
        builds: bool,
        profile: LaunchProfile = LaunchProfile.HUB,
    ) -> Plan:
        """Return what to do for `request` with `space`, started in `profile` where that matters to it. See `plan`."""
        values = self._settings.values
        defaults = PlanDefaults(
            launch=LaunchDefaults(
                memory_bytes=values.memory,
                cpus=values.cpus,
                pids_limit=values.pids_limit,
                hf_cache=values.hf_cache,
                network=values.network,
                grant=self._grant(space, request, must_know=builds),
            ),
            image_registry=values.image_registry,
            pull=values.pull,
            startup_timeout_s=values.startup_timeout,
            slot_timeout_s=values.slot_timeout,
            timeout_s=values.timeout,
        )
        # In privacy nobody is asked for a base image either.
        image = self.image_source(
            space,
            builds=builds and not request.privacy,
            variables=variables_for(space, request),
            secrets=request.secrets,
            builder=request.builder,
            as_of=request.as_of,
        )
        if builds:
            self._warn_of_login(space, request, image)
        return make_plan(request, space, image, defaults, identity, profile=profile)

    def preview(self, candidate: Candidate) -> tuple[LaunchSpec, bool]:
        """Return the launch spec of `candidate` as its image completes it, and whether that image is here.

        Of an image that is not here it is assumed that it has no useful command, as those of Gradio Spaces have none.
        """
        image = self._images().find(candidate.image)
        assumed = image or Image(id="", reference=candidate.image.reference)
        spec = for_image(candidate.launch_spec, assumed, candidate.default_command)
        # Whoever pastes the line owns the container: no clean-up may take it for one of a run that has ended.
        return replace(spec, name=name_while_up(spec.name)), image is not None

    def image_source(
        self,
        space: Space,
        *,
        builds: bool,
        variables: Mapping[str, str] | None = None,
        secrets: Mapping[str, Secret] | None = None,
        builder: Builder | None = None,
        as_of: AsOf | None = None,
    ) -> ImageSource:
        """Return where the image of `space` comes from. See `plan` for `builds`, `find_image_source` for the rest."""
        return find_image_source(
            space,
            image_registry=self._settings.values.image_registry,
            ca_bundle=self._settings.values.ca_bundle,
            snapshots=self._snapshots,
            base_image=self._base_image_here if builds else self._base_image_to_be,
            base_here=self._fitting_base,
            node_image=self._node_image,
            variables=space.env if variables is None else variables,
            secrets=secrets,
            builder=builder or self._settings.values.builder,
            hub=self._hub,
            as_of=as_of,
        )

    def _node_image(self, base_image: str) -> str | None:
        """Return the image of Node.js that a build uses beside `base_image`; None for Debian's on that.

        Where the base image is the one that we made, no image registry could be reached: then only one that is here.
        """
        setting = self._settings.values.node_image
        name = node_image_name(setting)
        if base_image != BASE_REFERENCE or setting != Settings().node_image:
            return name
        return name if self._images().find(ImageSource(reference=name)) is not None else None

    def _warn_of_login(self, space: Space, request: Request, image: ImageSource) -> None:
        given = {*space.env, *request.environment, *request.secrets}
        said = login_warning(space, image.environment, given)
        if said is not None and space.id not in self._warned:
            self._warned.add(space.id)
            self._on_progress(Progress(phase=Phase.PLAN, message=said, warning=True))

    def _grant(self, space: Space, request: Request, *, must_know: bool) -> Grant | None:
        """Return what a container is given for the hardware that the user asked for, or else its source suggests.

        Where nobody `must_know`, an engine that does not answer is no reason to say nothing at all.
        """
        asked = request.limits.hardware
        suggested = space.hardware if asked is None else None
        if asked is None and suggested is None:
            return None
        try:
            machine = self._machine()
        except EngineUnavailableError:
            if must_know:
                raise
            return None
        if asked is not None:
            return grant_asked(asked, machine)
        grant = grant_suggested(str(suggested), machine, at_once=self._settings.values.max_running)
        if grant is not None and grant.lacks and must_know and space.id not in self._told_of_hardware:
            self._told_of_hardware.add(space.id)
            said = f"{one_line(space.id)} suggests {grant.name}, and gets less: {'; '.join(grant.lacks)}"
            self._on_progress(Progress(phase=Phase.PLAN, message=said, warning=True))
        return grant

    def _fitting_base(self, python_version: str) -> str | None:
        """Return the base image that has that version of Python, if it is here; an engine that is not has none."""
        with suppress(EngineUnavailableError):
            found = self._images().local_base(self._settings.values.base_image, python_version)
            return found if found is not None and gives_python(found, python_version) else None
        return None

    def _base_image_to_be(self, python_version: str) -> str:
        """Return the base image that a build would use, without getting it."""
        setting = self._settings.values.base_image
        return self._images().local_base(setting, python_version) or base_image_name(setting, python_version)

    def _base_image_here(self, python_version: str) -> str:
        """Return the base image that a build uses, got or made now unless it is here."""
        return self._images().acquire_base(self._settings.values.base_image, python_version, self._on_progress)


def _new_run_id() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{token_hex(3)}"
