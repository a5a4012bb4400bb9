"""Has an image on the engine when it is asked for; what gets one that is not there is loaded only then."""

from pathlib import Path
from typing import TYPE_CHECKING

import docker

from hf_spaces_runner.domain.image import BuildPlan, Image, ImageSource
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.settings import BuildkitUse
from hf_spaces_runner.errors import ImageNotFoundError
from hf_spaces_runner.images.base_name import local_base_image
from hf_spaces_runner.images.local import check_platform, find_image

if TYPE_CHECKING:
    from hf_spaces_runner.images.obtain import Obtaining
    from hf_spaces_runner.images.retry import RetryPolicy


class Images:
    """The images on one engine.

    Args:
        client: the engine's; credentials for image registries are those that it reads from Docker's configuration.
        scratch: where temporary files go, so that what a killed process left is found; the system's place where None.
        lock_directory: shared by all processes that shall not pull or build the same image at once.
        retry: how transient faults of an image registry are met.
        platform: what images must be made for; the Hub makes them for `linux/amd64` only.
        buildkit: whether builds go through BuildKit.
    """

    def __init__(
        self,
        client: docker.DockerClient,
        *,
        lock_directory: Path,
        scratch: Path | None = None,
        retry: "RetryPolicy | None" = None,
        platform: str = "linux/amd64",
        buildkit: BuildkitUse = BuildkitUse.AUTO,
    ) -> None:
        self._client = client
        self._lock_directory = lock_directory
        self._scratch = scratch
        self._retry = retry
        self._platform = platform
        self._buildkit = buildkit
        self._bases: dict[tuple[str, str], str] = {}

    def acquire(self, source: ImageSource, policy: PullPolicy, on_progress: ProgressCallback) -> Image:
        """Return the image of `source`, on the engine and made for the platform.

        An image that is built is built only if none of its tag is there, whatever the policy but `never`, for which
        it must be there: its tag stands for its content, so asking again would bring nothing new.

        Raises:
            ImageNotFoundError: it is not here and may not be asked for, or the image registry has none.
            ImageUnauthorizedError: the image registry wants a login, or another one.
            ImageRegistryUnreachableError: it does not answer.
            NoSpaceLeftError: the engine's disk is full.
            WrongArchitectureError: the image is made for another platform.
            BuildError: it could not be built.
            EngineUnavailableError: no engine answers.
        """
        if source.build is not None:
            return self._built(source.build, policy, on_progress)
        name = split_image_reference(source.reference)
        # A digest says all; engines stumble over a tag beside it.
        reference = source.reference if name.digest is None else f"{name.repository}@{name.digest}"
        return self._pulled(reference, policy, on_progress)

    def find(self, source: ImageSource) -> Image | None:
        """Return the image of `source` if it is on the engine; ask nobody else.

        Raises:
            EngineUnavailableError: no engine answers.
        """
        return find_image(self._client, source.build.tag if source.build is not None else source.reference)

    def local_base(self, setting: str, python_version: str) -> str | None:
        """Return the base image that a build would use without asking anybody. See `local_base_image`.

        What was found once holds for this process; one that is gone meanwhile is got again by a build that wants it.
        """
        key = (setting, python_version)
        if key not in self._bases:
            found = local_base_image(self._client, setting, python_version)
            if found is None:
                return None
            self._bases[key] = found
        return self._bases[key]

    def acquire_base(self, setting: str, python_version: str, on_progress: ProgressCallback) -> str:
        """Return the name of a base image that is on the engine. See `acquire_base_image`."""
        found = self.local_base(setting, python_version)
        if found is not None:
            return found
        from hf_spaces_runner.images.base_image import acquire_base_image  # noqa: PLC0415 - a warm run needs none of it

        return acquire_base_image(
            self._client,
            setting,
            python_version,
            lock_directory=self._lock_directory,
            scratch=self._scratch,
            platform=self._platform,
            on_progress=on_progress,
        )

    def _pulled(self, reference: str, policy: PullPolicy, on_progress: ProgressCallback) -> Image:
        image = find_image(self._client, reference)
        if policy is PullPolicy.ALWAYS or image is None:
            if policy is PullPolicy.NEVER:
                raise _not_here(reference)
            image = self._obtaining(on_progress).pull(reference, policy)
        check_platform(self._client, image, self._platform)
        return image

    def _built(self, plan: BuildPlan, policy: PullPolicy, on_progress: ProgressCallback) -> Image:
        image = find_image(self._client, plan.tag)
        if image is None:
            if policy is PullPolicy.NEVER:
                raise _not_here(plan.tag)
            for warning in plan.warnings:
                on_progress(Progress(phase=Phase.BUILD, message=warning, warning=True))
            image = self._obtaining(on_progress).build(plan)
        check_platform(self._client, image, self._platform)
        return image

    def _obtaining(self, on_progress: ProgressCallback) -> "Obtaining":
        from hf_spaces_runner.images.obtain import Obtaining  # noqa: PLC0415 - a warm run needs none of it
        from hf_spaces_runner.images.retry import RetryPolicy  # noqa: PLC0415

        return Obtaining(
            client=self._client,
            lock_directory=self._lock_directory,
            scratch=self._scratch,
            platform=self._platform,
            buildkit=self._buildkit,
            retry=self._retry if self._retry is not None else RetryPolicy(),
            on_progress=on_progress,
        )


def _not_here(reference: str) -> ImageNotFoundError:
    return ImageNotFoundError(
        f"the image {reference} is not on the engine, and --pull never and privacy mode forbid to get it",
        hint="hfsr pull SPACE gets it beforehand",
    )
