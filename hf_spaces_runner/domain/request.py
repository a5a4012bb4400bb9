"""What the user wants, before anything is decided."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from hf_spaces_runner.domain.as_of import AsOf
from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.routing import Tier
from hf_spaces_runner.domain.secret import Secret


class PullPolicy(StrEnum):
    """When an image is asked for at the image registry."""

    MISSING = "missing"
    ALWAYS = "always"
    NEVER = "never"


class Builder(StrEnum):
    """Which of the Hub's builders of Gradio Spaces is followed: that of 2022 to 2025, or that of today."""

    CLASSIC = "classic"
    CURRENT = "current"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputValue:
    """One `-i`: a value or a file, for the named parameter or, where `name` is None, for the first that takes its kind.

    Exactly one of `value` and `path` is set. `value` from the command line is a string; a library call may give any
    JSON value.
    """

    name: str | None = None
    value: object = None
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a run may take; None means what the Space's entry or the settings say. Times in seconds.

    `hardware` is a name of the Hub's, or `local`; memory, CPUs and GPUs that are named win over it.
    """

    memory_bytes: int | None = None
    cpus: float | None = None
    gpus: str | None = None
    hardware: str | None = None
    timeout_s: float | None = None
    startup_timeout_s: float | None = None
    slot_timeout_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One run as it was asked for: which Space, with what, within which limits, and where the results go.

    `space` is any reference to a Space; None leaves that to the words and files. `environment` and `secrets` are the
    only variables of the caller's that reach the container. `output_directory` None means a folder named after the run,
    in the current one. `privacy`: nothing of inputs and outputs leaves the machine or stays on it but in the result.
    `fresh`: a Space that is up already is not used. `auth_user` is the user name for a login of the Space's own; the
    password is one of the secrets. `explain`: say how the endpoint was chosen. `fallback` names who follows the Space,
    in order: references, or `local` for local models; None leaves that to the registry, and none at all means nobody.
    `max_attempts` and `deadline_s` are for the whole chain. `cache` says whether an answer that was kept will do, and
    whether this one is kept; None leaves that to the settings. `may_fetch_model`: a model that answers in this process
    may be fetched for that. `batch_mode`: it is one of many, so a container that serves them all pays.
    `as_of`: a build takes the packages of that day; None for those of today.
    """

    space: str | None
    prompt: str | None = None
    inputs: tuple[InputValue, ...] = ()
    endpoint: str | None = None
    output_directory: Path | None = None
    limits: Limits = field(default_factory=Limits)
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    pull: PullPolicy | None = None
    builder: Builder | None = None
    as_of: AsOf | None = None
    network: Network | None = None
    privacy: bool = False
    read_only: bool = False
    keep: bool = False
    fresh: bool = False
    auth_user: str | None = None
    explain: bool = False
    tier: Tier = Tier.AUTO
    performance_first: bool = False
    fallback: tuple[str, ...] | None = None
    max_attempts: int | None = None
    deadline_s: float | None = None
    cache: bool | None = None
    may_fetch_model: bool = False
    batch_mode: bool = False
