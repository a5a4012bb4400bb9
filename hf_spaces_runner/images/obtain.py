"""Pulls or builds an image that is not on the engine, once however many processes ask."""

from dataclasses import dataclass, replace
from pathlib import Path

import docker

from hf_spaces_runner.domain.image import BuildPlan, Image
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.domain.request import PullPolicy
from hf_spaces_runner.errors import ImageNotFoundError, WrongArchitectureError
from hf_spaces_runner.images.base_image import ensure_base_image
from hf_spaces_runner.images.build import build_image
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
            ImageError: one of its subclasses, see `build_image` and `ensure_base_image`.
        """
        waiting = Progress(phase=Phase.BUILD, message=f"another process builds {plan.tag}")
        with image_lock(self.lock_directory, plan.tag, lambda: self.on_progress(waiting)):
            image = find_image(self.client, plan.tag)
            if image is not None:
                return image
            ensure_base_image(
                self.client,
                plan.base_image,
                lock_directory=self.lock_directory,
                scratch=self.scratch,
                platform=self.platform,
                retry=self.retry,
                on_progress=self.on_progress,
            )
            build_image(self.client, plan, platform=self.platform, on_progress=self.on_progress)
            return self._must_find(plan.tag)

    def _must_find(self, reference: str) -> Image:
        image = find_image(self.client, reference)
        if image is None:
            raise ImageNotFoundError(f"the image {reference} was here and is gone: something else removed it")
        return image
