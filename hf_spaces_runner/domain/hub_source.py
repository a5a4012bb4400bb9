"""The source of a Space as it stands on the Hub: how one is named, and the commit that was taken of it."""

from dataclasses import dataclass
from pathlib import Path

HUB_ORIGIN = "hub"
"""The origin of a Space that is built from its source on the Hub; it is a stranger's code, and in no registry."""
HUB_PREFIX = "hub:"
"""How a reference begins that names the source of a Space on the Hub, as in `hub:user/name@main`."""
PUBLIC_HUB = "https://huggingface.co"
"""The Hub's address where HF_ENDPOINT names no other."""
MAIN = "main"
"""The branch that the Hub builds."""
SHA_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HubReference:
    """A Space of the Hub, `hub_id` as in `user/name`, at a revision: a branch, a tag, or the sha of a commit."""

    hub_id: str
    revision: str = MAIN

    @property
    def is_pinned(self) -> bool:
        """Whether the revision is the whole sha of a commit, which never means another one."""
        return len(self.revision) == SHA_LENGTH and not self.revision.strip("0123456789abcdef")

    def __str__(self) -> str:
        return f"{HUB_PREFIX}{self.hub_id}@{self.revision}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubCommit:
    """One commit of a Space on the Hub: `revision` is what was asked for, `committed_at` is in Unix seconds.

    `hub_id` is spelled as the Hub spells it. `committed_at` is None where the Hub did not say.
    """

    hub_id: str
    sha: str
    revision: str
    committed_at: float | None = None

    @property
    def reference(self) -> HubReference:
        """What names this commit, and no other."""
        return HubReference(hub_id=self.hub_id, revision=self.sha)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchedSource:
    """The files of a commit, whole, in `folder` on this machine."""

    commit: HubCommit
    folder: Path
