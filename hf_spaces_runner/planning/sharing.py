"""Decides whether a Space that is up already may answer a request, instead of another container of it."""

from collections.abc import Iterable

from hf_spaces_runner.domain.container import ListedContainer
from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.launch import LaunchProfile, Network
from hf_spaces_runner.domain.plan import Sharing
from hf_spaces_runner.domain.request import Request
from hf_spaces_runner.domain.space import Space


def sharing_of(
    request: Request, user: str, default_network: Network, profile: LaunchProfile = LaunchProfile.HUB
) -> Sharing | None:
    """Return what a Space that is up must be like to do for `request`; None where it asks for a container of its own.

    `default_network` is what the settings say: where that is open, and the request silent, any network will do.

    Variables, secrets, processors and GPUs are given to a container when it is made: whoever names them wants one that
    has them.
    """
    limits = request.limits
    sizes = (limits.cpus, limits.gpus, limits.hardware)
    own = (request.environment, request.secrets, *sizes, request.read_only, request.keep)
    if request.fresh or any(own):
        return None
    network = request.network or (None if default_network is Network.OPEN else default_network)
    return Sharing(
        user=user,
        memory_bytes=limits.memory_bytes or 0,
        network=network,
        privacy=request.privacy,
        profile=profile,
    )


def find_shared(
    listed: Iterable[ListedContainer], space: Space, image: Image, sharing: Sharing
) -> ListedContainer | None:
    """Return the container of `space` that is up and does for a request; None where none does.

    Of several it is one of the profile that is wanted, and of those the newest.

    It must be of the same image: one that was built or pulled since is what the user wants to see.
    """
    fitting = [
        container
        for container in listed
        if container.up
        and container.running
        and container.labels.space_id == space.id
        and container.image_id == image.id
        and container.labels.user == sharing.user
        and container.labels.memory_bytes >= sharing.memory_bytes
        and _reaches(container, sharing)
    ]
    return max(
        fitting, key=lambda container: (_is_as_wanted(container, sharing), container.labels.created_at), default=None
    )


def _is_as_wanted(container: ListedContainer, sharing: Sharing) -> bool:
    # Those of earlier versions do not say how they were started: as on the Hub, always.
    return (container.labels.profile or LaunchProfile.HUB) == sharing.profile


def _reaches(container: ListedContainer, sharing: Sharing) -> bool:
    if sharing.privacy:
        return container.labels.privacy and container.labels.network == Network.ISOLATED
    return sharing.network is None or container.labels.network == sharing.network
