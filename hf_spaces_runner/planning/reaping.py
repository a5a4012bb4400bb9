"""Decides which containers nobody will remove any more: those of a dead owner, and those past their deadline."""

from collections.abc import Callable

from hf_spaces_runner.domain.container import ContainerStatus, ListedContainer


def is_left_behind(container: ListedContainer, *, now: float, is_alive: Callable[[str], bool]) -> bool:
    """Return whether `container` may be removed by whoever sees it. `now` in Unix seconds.

    One that is up belongs to nobody's process; one that was made to be up and never ran still does. An owner of whom
    nobody can tell counts as alive, so that only the deadline ends what another machine's process started.
    """
    deadline = container.labels.deadline_at
    if deadline is not None and now > deadline:
        return True
    if container.up and container.status is not ContainerStatus.CREATED:
        return False
    return not is_alive(container.labels.owner)
