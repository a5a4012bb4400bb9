"""Asks image registries for the images of Spaces, and remembers what they say."""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.image_names import with_image_registry
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.images.check_images import check_images
from hf_spaces_runner.registry.discovered import Discovered
from hf_spaces_runner.settings import LoadedSettings

_ARCHITECTURE = "amd64"
"""Images of Spaces are made for nothing else, and pulled for nothing else."""


def check_spaces(
    spaces: Sequence[Space],
    *,
    settings: LoadedSettings,
    environment: Mapping[str, str],
    discovered: Discovered,
    on_checked: Callable[[Space, ImageCheck], None],
) -> None:
    """Ask for the images of `spaces`, which are pulled, not built; tell and remember each answer as it comes.

    What got no answer is told, and not remembered.

    Raises:
        RegistryError: an answer cannot be written down.
    """
    by_image: dict[str, list[Space]] = defaultdict(list)
    for space in spaces:
        by_image[with_image_registry(space.docker_image, settings.values.image_registry)].append(space)

    def note(check: ImageCheck) -> None:
        for space in by_image[check.image]:
            if check.status is not ImageStatus.UNREACHABLE:  # what was found out before stays
                discovered.remember_check(space, check)
            on_checked(space, check)

    check_images(
        by_image,
        environment,
        ca_bundle=settings.values.ca_bundle,
        plain_hosts=(),  # those on loopback are asked without TLS anyway
        architecture=_ARCHITECTURE,
        now=time.time,
        on_checked=note,
    )
