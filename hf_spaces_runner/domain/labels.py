"""What our containers carry in their labels and names: the ledger that outlives any process of ours."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

LABEL = "hf-spaces-runner"
"""The prefix of every label that we set; nothing without one of them is ever touched."""

DOOR = "hfsr-door"
"""What a container is called while it is being started. The engine gives a name once, so one at a time passes."""

_UP_SUFFIX = "-up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLabels:
    """Who made a container, for what, and until when. Times in Unix seconds, sizes in bytes.

    `owner` is the process that made it, `user` and `command` say so to people. After `deadline_at` anybody may remove
    it; None where it stays until somebody stops it. `profile` is empty where an earlier version made it. `secrets` are
    names of variables, never values.
    """

    run_id: str
    space_id: str
    owner: str = ""
    user: str = ""
    command: str = ""
    created_at: float = 0.0
    deadline_at: float | None = None
    memory_bytes: int = 0
    network: str = ""
    profile: str = ""
    privacy: bool = False
    idle_stop_s: float | None = None
    secrets: tuple[str, ...] = ()

    def as_labels(self) -> dict[str, str]:
        """Return the labels that a container gets."""
        labels = {
            "run": self.run_id,
            "space": self.space_id,
            "owner": self.owner,
            "user": self.user,
            "command": self.command,
            "created": f"{self.created_at:.3f}",
            "deadline": "" if self.deadline_at is None else f"{self.deadline_at:.3f}",
            "memory": str(self.memory_bytes),
            "network": self.network,
            "profile": self.profile,
            "privacy": "yes" if self.privacy else "no",
            "idle-stop": "" if self.idle_stop_s is None else f"{self.idle_stop_s:g}",
            "secrets": " ".join(self.secrets),
        }
        return {f"{LABEL}.{name}": value for name, value in labels.items()}

    @classmethod
    def read(cls, labels: Mapping[str, str]) -> "RunLabels":
        """Return what `labels` say; what is missing or cannot be read is as in a container that says nothing of it."""

        def text(name: str) -> str:
            return labels.get(f"{LABEL}.{name}", "")

        return cls(
            run_id=text("run"),
            space_id=text("space"),
            owner=text("owner"),
            user=text("user"),
            command=text("command"),
            created_at=_number(text("created")) or 0.0,
            deadline_at=_number(text("deadline")),
            memory_bytes=int(_number(text("memory")) or 0),
            network=text("network"),
            profile=text("profile"),
            privacy=text("privacy") == "yes",
            idle_stop_s=_number(text("idle-stop")),
            secrets=tuple(text("secrets").split()),
        )


def name_while_up(name: str) -> str:
    """Return what the container `name` is called once it stays without its maker. Labels cannot change; a name can."""
    return f"{name}{_UP_SUFFIX}"


def is_up_name(name: str) -> bool:
    """Return whether a container of this name stays without its maker."""
    return name.endswith(_UP_SUFFIX)


def is_our_name(name: str, run_id: str) -> bool:
    """Return whether we gave a container its name.

    A container inherits the labels of its image, which anybody may have made: only ours is named after its run, or
    stands in the door.
    """
    return name == DOOR or (name.startswith("hfsr-") and run_id != "" and run_id in name)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
