"""What `hfsr dev` tells about a Space that somebody works on."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from hf_spaces_runner.errors import RunnerError


class DevEventKind(StrEnum):
    """What happened. `BUILD` and `START` begin a phase, `BUILT`, `STARTED` and `READY` end one."""

    CHANGE = "change"
    BUILD = "build"
    BUILT = "built"
    START = "start"
    STARTED = "started"
    READY = "ready"
    LOG = "log"
    FAILED = "failed"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class DevEvent:
    """One thing that happened.

    `message` is one line; that of a `LOG` is the Space's own, and hostile. `files` are the paths that changed, inside
    the folder. `seconds` is how long a phase took, for `STARTED` and `READY` since the change was seen. `running` says
    whether an app is up although something has `FAILED`.
    """

    kind: DevEventKind
    message: str = ""
    files: tuple[str, ...] = ()
    seconds: float | None = None
    url: str | None = None
    error: RunnerError | None = None
    running: bool = False


DevEventCallback = Callable[[DevEvent], None]
