"""Pulls or builds an image that is not on the engine, once however many processes ask."""

from dataclasses import dataclass, replace
from pathlib import Path

import docker

from hf_spaces_runner.domain.image import BuildPlan, Image
from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.domain.settings import BuildkitUse
from hf_spaces_runner.errors import (
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
    WrongArchitectureError,
)
from hf_spaces_runner.images.base_image import ensure_base_image
from hf_spaces_runner.images.build_faults import hint_about_base
from hf_spaces_runner.images.carry_out import carry_out
from hf_spaces_runner.images.local import check_platform, find_image
from hf_spaces_runner.images.lock import image_lock
from hf_spaces_runner.images.pull import pull_image
from hf_spaces_runner.images.retry import RetryPolicy
from hf_spaces_runner.orchestrator.docker_errors import docker_errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Obtaining:
    """How images are got: on which engine, for which platform, with which patience."""

    client: docker.DockerClient
    lock_directory: Path
    scratch: Path | None
    platform: str
    buildkit: BuildkitUse
    retry: RetryPolicy
    on_progress: ProgressCallback

    def pull(self, reference: str, policy: PullPolicy) -> Image:
        """Return the image `reference`, pulled now unless another process did so meanwhile.

        Raises:
            ImageError: one of its subclasses, see `pull_image`.
        """
        waiting = Progress(phase=Phase.PULL, message=f"another process pulls {reference}")
        with image_lock(self.lock_directory, reference, lambda: self.on_progress(waiting)):
            before = find_image(self.client, reference)
            if before is not None and policy is PullPolicy.MISSING:
                return before
            pull_image(self.client, reference, platform=self.platform, retry=self.retry, on_progress=self.on_progress)
            image = self._must_find(reference)
            try:
                check_platform(self.client, image, self.platform)
            except WrongArchitectureError:
                # The engine has pulled it all the same; it must not stay to be taken for the right one.
                if before is None:
                    with docker_errors(f"removing {reference}"):
                        self.client.api.remove_image(reference)
                raise
            return replace(image, pulled_now=before is None)

    def build(self, plan: BuildPlan) -> Image:
        """Return the image of `plan`, built now unless another process did so meanwhile.

        Raises:
            ImageError: one of its subclasses, see `carry_out` and `ensure_base_image`.
        """
        # One lock for all builds of a Space: what is built first, whatever its hash, is the cache of the others.
        repository = split_image_reference(plan.tag).repository
        waiting = Progress(phase=Phase.WAIT, message=f"another process builds {repository}")
        with image_lock(self.lock_directory, repository, lambda: self.on_progress(waiting)):
            image = find_image(self.client, plan.tag)
            if image is not None:
                return image
            self._ensure_base(plan)
            carry_out(
                self.client,
                plan,
                use=self.buildkit,
                platform=self.platform,
                scratch=self.scratch,
                on_progress=self.on_progress,
            )
            return self._must_find(plan.tag)

    def _ensure_base(self, plan: BuildPlan) -> None:
        try:
            ensure_base_image(
                self.client,
                plan.base_image,
                lock_directory=self.lock_directory,
                scratch=self.scratch,
                platform=self.platform,
                retry=self.retry,
                on_progress=self.on_progress,
            )
        except (ImageNotFoundError, ImageUnauthorizedError, ImageRegistryUnreachableError) as error:
            raise type(error)(
                f"building {plan.tag}: FROM {plan.base_image}: {error.message}",
                hint=hint_about_base(plan.base_image),
                verdict=error.verdict,
            ) from error

    def _must_find(self, reference: str) -> Image:
        image = find_image(self.client, reference)
        if image is None:
            raise ImageNotFoundError(f"the image {reference} was here and is gone: something else removed it")
        return image
