"""What an image registry says of an image that nobody has pulled, and what that means for a Space's status."""

from dataclasses import dataclass
from enum import StrEnum


class ImageStatus(StrEnum):
    """How the question for an image ended. `refused` is a login that was not taken."""

    AVAILABLE = "available"
    GONE = "gone"
    NEEDS_LOGIN = "needs_login"
    REFUSED = "refused"
    WRONG_ARCHITECTURE = "wrong_architecture"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCheck:
    """What became of the question for `image`.

    `compressed_bytes` is what a pull transfers at most. `message` is one line for people. `checked_at` is in Unix
    seconds.
    """

    image: str
    status: ImageStatus
    digest: str | None = None
    compressed_bytes: int | None = None
    architectures: tuple[str, ...] = ()
    message: str = ""
    checked_at: float = 0.0


_FOUND_OUT = frozenset({"unverified", "available", "unavailable", "needs-login"})
"""The words that a check may replace; any other, such as `disabled`, is the user's and stays."""
_AFTER = {
    ImageStatus.AVAILABLE: "available",
    ImageStatus.GONE: "unavailable",
    ImageStatus.WRONG_ARCHITECTURE: "unavailable",
    ImageStatus.NEEDS_LOGIN: "needs-login",
    ImageStatus.REFUSED: "needs-login",
}


def status_after(status: str, check: ImageCheck | None) -> str:
    """Return what `check` makes of the `status` of an entry; one that got no answer changes nothing."""
    if check is None or status not in _FOUND_OUT:
        return status
    return _AFTER.get(check.status, status)
