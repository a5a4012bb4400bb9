"""What is sent to a Space once it is ready."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The part of a request that concerns the endpoint.

    `endpoint` is the name that the user or the registry gives, with or without its slash; None lets the schema decide.
    `preset_inputs` come from the registry: parameter names to constants, `$prompt` or `$file`; what the user gives
    wins. `explain`: the caller tells how it chose the endpoint.
    """

    prompt: str | None = None
    inputs: tuple[InputValue, ...] = ()
    endpoint: str | None = None
    preset_inputs: Mapping[str, object] = field(default_factory=dict)
    explain: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """A user name and password that a Space asks for itself."""

    user: str
    password: Secret
