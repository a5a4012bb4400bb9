"""Finds or makes the image that Spaces are built from: the one of the setting, or a Debian of our own making."""

from pathlib import Path

import docker

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.errors import (
    ImageNotFoundError,
    ImageRegistryUnreachableError,
    ImageUnauthorizedError,
)
from hf_spaces_runner.images.base_name import BASE_REFERENCE, base_image_name, local_base_image
from hf_spaces_runner.images.debootstrap import make_base_image, missing_for_debootstrap
from hf_spaces_runner.images.local import check_platform, find_image
from hf_spaces_runner.images.lock import image_lock
from hf_spaces_runner.images.pull import pull_image
from hf_spaces_runner.images.retry import RetryPolicy


def acquire_base_image(
    client: docker.DockerClient,
    setting: str,
    python_version: str,
    *,
    lock_directory: Path,
    scratch: Path | None,
    platform: str,
    on_progress: ProgressCallback,
) -> str:
    """Return the name of a base image that is on the engine: found, else pulled, else made out of Debian's packages.

    Raises:
        ImageRegistryUnreachableError: it can neither be pulled nor made; the hint says what to install.
        BuildError: making it failed.
        NoSpaceLeftError: a disk is full.
        EngineUnavailableError: no engine answers.
    """
    found = local_base_image(client, setting, python_version)
    if found is None:
        wanted = base_image_name(setting, python_version)
        with image_lock(lock_directory, "base", lambda: on_progress(_step("another process gets the base image"))):
            found = local_base_image(client, setting, python_version) or _obtain(
                client, wanted, platform, scratch, on_progress
            )
    return found


def ensure_base_image(
    client: docker.DockerClient,
    reference: str,
    *,
    lock_directory: Path,
    scratch: Path | None,
    platform: str,
    retry: RetryPolicy,
    on_progress: ProgressCallback,
) -> None:
    """See to it that the base image of a plan, which was decided earlier, is on the engine and made for `platform`.

    Raises:
        ImageError: one of its subclasses, see `acquire_base_image`.
    """
    image = find_image(client, reference)
    if image is None:
        with image_lock(lock_directory, "base", lambda: on_progress(_step("another process gets the base image"))):
            image = find_image(client, reference)
            if image is None and reference == BASE_REFERENCE:
                make_base_image(client, reference, lambda line: on_progress(_step(f"base image: {line}")), scratch)
            elif image is None:
                pull_image(client, reference, platform=platform, retry=retry, on_progress=on_progress)
    check_platform(client, image or _known(client, reference), platform)


def _obtain(
    client: docker.DockerClient, wanted: str, platform: str, scratch: Path | None, on_progress: ProgressCallback
) -> str:
    try:
        # One try: where there is no image registry at all, waiting for one helps nobody.
        pull_image(client, wanted, platform=platform, retry=RetryPolicy(attempts=1), on_progress=on_progress)
    except (ImageRegistryUnreachableError, ImageUnauthorizedError, ImageNotFoundError) as error:
        lacking = missing_for_debootstrap()
        if lacking is not None:
            raise ImageRegistryUnreachableError(
                f"no base image: {error.message}; and {lacking}",
                hint="let the engine reach an image registry, name a local image with the setting base_image,"
                " or: apt-get install debootstrap debian-archive-keyring, and run it as root",
            ) from error
        on_progress(_step(f"{error.message}; making a base image out of Debian's packages instead"))
        make_base_image(client, BASE_REFERENCE, lambda line: on_progress(_step(f"base image: {line}")), scratch)
        return BASE_REFERENCE
    return wanted


def _known(client: docker.DockerClient, reference: str) -> Image:
    image = find_image(client, reference)
    if image is None:
        raise ImageNotFoundError(f"the base image {reference} was here and is gone: something else removed it")
    return image


def _step(message: str) -> Progress:
    return Progress(phase=Phase.BUILD, message=message)
