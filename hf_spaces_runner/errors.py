"""Every way in which a run can fail, each with its exit code, the next command to type, and what the fallback does.

RunnerError                     1   another failure
├─ UsageError                   2   the command line or a library call
│  └─ ConfigurationError        2   a setting, its file or its variable
├─ RegistryError                3   registry.yaml
│  ├─ UnknownSpaceError             no entry of that name
│  ├─ InvalidRegistryError          an entry or the file itself
│  └─ HubError                      the Hub did not say what was asked
├─ EngineUnavailableError       4   no engine answers
├─ SlotTimeoutError             5   three Spaces run already, for too long
├─ PolicyError                  6   refused before it started
├─ ImageError                  10   the image could not be had
│  ├─ ImageNotFoundError, ImageUnauthorizedError, ImageRegistryUnreachableError
│  └─ NoSpaceLeftError, WrongArchitectureError, BuildError
├─ LaunchError                 11   the container could not be started
│  └─ PortTakenError, MemoryExceededError, DiskReserveError
├─ NotReadyError               12   it started and never answered
│  └─ ContainerExitedError, ListensElsewhereError, StartupTimeoutError
├─ CallError                   13   it answered, not with a result
│  ├─ SpaceFailedError, CallTimeoutError, NoEndpointError
│  └─ InvalidInputError             what the user gave does not fit the endpoint
├─ AnswerError                 14   its answer cannot be used
└─ AllCandidatesFailedError    20   nothing on the plan brought an answer
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import ClassVar


class TryNext(StrEnum):
    """Whether the fallback goes on to the next candidate after an error."""

    NO = "no"
    YES = "yes"
    LOCAL_MODELS = "local models only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What shows the cause of a failure: the last lines of a log, safe to print, and how a container ended.

    `exit_code` is None where it still ran, or where there was no container, as in a build. `peak_memory_bytes` is None
    where nobody saw it.
    """

    log: str = ""
    exit_code: int | None = None
    oom_killed: bool = False
    peak_memory_bytes: int | None = None


class RunnerError(Exception):
    """A failure with a name. The message says what failed, on which object, and what was observed.

    Args:
        message: one or more lines for people, free of secrets and of control characters.
        hint: the next command to type, or what else to do; the class's own where None.
        verdict: the cause in one or a few words with underscores; the class's own where None.
        evidence: the last log lines of a container or a build, and how the container ended.
    """

    exit_code: ClassVar[int] = 1
    try_next: ClassVar[TryNext] = TryNext.NO
    verdict: str = "failed"
    hint: str | None = None
    as_of: date | None = None
    """The day whose packages may mend it, as `--as-of` takes it."""

    def __init__(
        self, message: str, *, hint: str | None = None, verdict: str | None = None, evidence: Evidence | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.evidence = evidence
        self.hint = hint if hint is not None else type(self).hint
        self.verdict = verdict if verdict is not None else type(self).verdict

    def __str__(self) -> str:
        # Not what the exception was made with: the runner takes secrets out of `message` afterwards.
        return self.message


class UsageError(RunnerError):
    """The call does not say what to do, or names something on this machine that is not there."""

    exit_code = 2
    verdict = "usage"
    hint = "hfsr run --help shows the options and examples"


class ConfigurationError(UsageError):
    """A setting has a value that it cannot have."""

    verdict = "configuration"
    hint = "hfsr config shows each setting, its value and where it comes from"


class RegistryError(RunnerError):
    """The registry cannot give the Space."""

    exit_code = 3
    verdict = "registry"
    hint = "hfsr list shows the Spaces of the registry"


class UnknownSpaceError(RegistryError):
    """The reference names no Space that is known."""

    verdict = "unknown_space"


class InvalidRegistryError(RegistryError):
    """The registry's file, or an entry of it, is not what it must be; the message names file:line:column."""

    verdict = "invalid_registry"
    hint = "correct the line that the message names"


class HubError(RegistryError):
    """The Hub could not be asked, or did not answer with what was asked for."""

    verdict = "hub"
    hint = "check the network; HF_HUB_OFFLINE=1 does without the Hub"


class EngineUnavailableError(RunnerError):
    """No container engine answers."""

    exit_code = 4
    try_next = TryNext.LOCAL_MODELS
    verdict = "engine_unavailable"
    hint = "start the engine (systemctl start docker), or name another one with DOCKER_HOST or docker context use"


class SlotTimeoutError(RunnerError):
    """As many Spaces run as may run, and none of them ended in time."""

    exit_code = 5
    verdict = "no_slot"
    hint = "wait, hfsr stop one that is up (hfsr ps), or raise the setting max_running"


class PolicyError(RunnerError):
    """What was asked for is not allowed, by a rule or a limit."""

    exit_code = 6
    verdict = "policy"


class ImageError(RunnerError):
    """The image of the Space could not be had."""

    exit_code = 10
    try_next = TryNext.YES
    verdict = "image"


class ImageNotFoundError(ImageError):
    """The image registry has no such image."""

    verdict = "image_not_found"
    hint = "look at the Space's page: it may be private, renamed or deleted, or never have been built"


class ImageUnauthorizedError(ImageError):
    """The image registry wants a login, or another one."""

    verdict = "unauthorized"
    hint = "docker logout HOST, then docker login HOST with your user name and a Hub token, not your password"


class ImageRegistryUnreachableError(ImageError):
    """The image registry does not answer."""

    verdict = "registry_unreachable"
    hint = "check the network and the setting image_registry (hfsr config); --pull never uses the images that are here"


class NoSpaceLeftError(ImageError):
    """The disk of the engine, or ours, is full."""

    verdict = "disk_full"
    hint = "hfsr cleanup --older-than 1h removes our leftovers; docker system df shows what else takes space"


class WrongArchitectureError(ImageError):
    """The image is made for another processor."""

    verdict = "wrong_architecture"
    hint = "images of Spaces are linux/amd64: run it on such a machine, or install emulation (binfmt) on this one"


class BuildError(ImageError):
    """The image could not be built from the Space's source."""

    verdict = "build_failed"
    hint = "the lines above are the build's last; correct the Space's requirements or Dockerfile"


class LaunchError(RunnerError):
    """The container could not be started."""

    exit_code = 11
    try_next = TryNext.YES
    verdict = "launch"


class PortTakenError(LaunchError):
    """Another process listens on the port that was asked for."""

    verdict = "port_taken"
    hint = "name another port, or none: the engine then picks a free one"


class MemoryExceededError(LaunchError):
    """The Space needed more memory than its cap."""

    verdict = "out_of_memory"
    hint = "give it more with --memory"


class DiskReserveError(LaunchError):
    """The Space wrote so much that hardly any disk was left, and was ended for it."""

    verdict = "disk_reserve"
    hint = "make room (hfsr cleanup), or let Spaces leave less of it with the setting disk_reserve"


class NotReadyError(RunnerError):
    """The container started, and no Space answered on its port."""

    exit_code = 12
    try_next = TryNext.YES
    verdict = "not_ready"


class ContainerExitedError(NotReadyError):
    """The container ended by itself before its Space answered."""

    verdict = "exited_at_start"
    hint = "its last lines say why; hfsr run -v shows all of them"


class ListensElsewhereError(NotReadyError):
    """The app answers on `port` of the container, which is not the one that its Space is said to have."""

    verdict = "wrong_port"
    hint = "write the Space's port into its registry entry"
    port: int = 0


class StartupTimeoutError(NotReadyError):
    """The Space did not answer within the start-up timeout."""

    verdict = "startup_timeout"
    hint = "give it longer with --startup-timeout"


class CallError(RunnerError):
    """The Space is up, and the call to it brought no result."""

    exit_code = 13
    try_next = TryNext.YES
    verdict = "call"


class SpaceFailedError(CallError):
    """The Space's own code reported an error."""

    verdict = "space_error"


class CallTimeoutError(CallError):
    """The Space did not answer the call in time."""

    verdict = "call_timeout"
    hint = "give it longer with --timeout"


class NoEndpointError(CallError):
    """The Space has no endpoint that can take the request, or several and none is better than the others."""

    verdict = "no_endpoint"
    hint = "name one with --endpoint"


class InvalidInputError(CallError):
    """What the user gave does not fit the endpoint; another Space would not like it better."""

    try_next = TryNext.NO
    verdict = "invalid_input"


class AnswerError(RunnerError):
    """The answer of the Space could not be used: too large, unsafe, or of the wrong shape."""

    exit_code = 14
    try_next = TryNext.YES
    verdict = "unusable_answer"


class AllCandidatesFailedError(RunnerError):
    """Every candidate of the plan failed; `attempts` of the run lists them."""

    exit_code = 20
    verdict = "all_failed"
