"""The form of registry.yaml: what an entry must and may say, checked once, where the file enters."""

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.launch import MINIMUM_MEMORY_BYTES
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.terminal import printable
from hf_spaces_runner.domain.units import parse_size
from hf_spaces_runner.registry.api_entry import ApiEntry

_OF_THE_MACHINE = frozenset({"SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_BOOT", "DAC_READ_SEARCH", "BPF", "MAC_ADMIN"})
"""With these a container gets out of its walls: kernel modules, mounts, devices, files of the host by their handles.
An entry may come from somebody else, and those who run it read no `cap_add`."""


def _image(text: str) -> str:
    split_image_reference(text)
    return text


def _file_inside(text: str) -> str:
    if not text or Path(text).is_absolute() or ".." in Path(text).parts or text.startswith("-"):
        raise ValueError("must be a path inside the Space")
    return text


def _folder(text: str) -> str:
    try:
        Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("names the home of a user who is not known here") from error
    return text


def _capability(text: str) -> str:
    name = text.upper().removeprefix("CAP_")
    if name == "ALL" or name.startswith("CAP_") or not re.fullmatch(r"[A-Z_]+", name):
        raise ValueError("must name one capability, such as SYS_NICE; ALL is not allowed")
    if name in _OF_THE_MACHINE:
        raise ValueError(f"{name} would give the Space the whole machine")
    return name


def _size(value: object) -> int:
    size = value if isinstance(value, int) and not isinstance(value, bool) else parse_size(str(value))
    if size >= 2**63:
        raise ValueError("is more than any machine has")
    return size


def _one_line(text: str) -> str:
    if printable(text) != text:
        raise ValueError("holds characters that change how the text around them is shown")
    return text


def _json_value(value: object) -> object:
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"cannot be sent to a Space: {error}") from error
    return value


SPACE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
SpaceName = Annotated[str, StringConstraints(pattern=f"^{SPACE_NAME.pattern}$")]
HubId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
VariableValue = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$")]
OneLine = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$", max_length=500), AfterValidator(_one_line)
]


class SpaceEntry(BaseModel):
    """One entry under `spaces:`. The first eight keys are required, the others optional."""

    model_config = ConfigDict(extra="forbid", title="Space")

    id: SpaceName
    docker_image: Annotated[OneLine, AfterValidator(_image)]
    description: OneLine
    category: OneLine
    input_type: OneLine
    output_type: OneLine
    port: int = Field(ge=1, le=65535)
    status: OneLine
    space_id: HubId | None = None
    sdk: Sdk = Sdk.GRADIO
    app_file: Annotated[OneLine, AfterValidator(_file_inside)] = "app.py"
    source: Annotated[OneLine, AfterValidator(_folder)] | None = Field(
        default=None, description="Folder of the Space's source, relative to this file."
    )
    endpoint: OneLine | None = None
    inputs: dict[str, Annotated[object, AfterValidator(_json_value)]] = Field(
        default_factory=dict, description="Parameter names and their values: a constant, $prompt or $file."
    )
    env: dict[VariableName, VariableValue] = Field(default_factory=dict)
    memory: (
        Annotated[int, BeforeValidator(_size, json_schema_input_type=int | str), Field(ge=MINIMUM_MEMORY_BYTES)] | None
    ) = Field(default=None, description="Memory cap in bytes, or as 512m, 2g.")
    cap_add: tuple[Annotated[str, AfterValidator(_capability)], ...] = ()
    gpu: bool = False
    digest: Digest | None = None
    api: ApiEntry = Field(default_factory=ApiEntry)
    tags: tuple[OneLine, ...] = Field(default=(), description="Words to find the Space by.")

    def to_space(self, *, registry_directory: Path, origin: str) -> Space:
        """Return the entry as a value; a relative `source` stands beside the registry's file."""
        return Space(
            id=self.id,
            docker_image=self.docker_image,
            description=self.description,
            category=self.category,
            input_type=self.input_type,
            output_type=self.output_type,
            port=self.port,
            status=self.status,
            space_id=self.space_id,
            sdk=self.sdk,
            app_file=self.app_file,
            source=None if self.source is None else registry_directory / Path(self.source).expanduser(),
            endpoint=self.endpoint,
            inputs=self.inputs,
            env=self.env,
            memory_bytes=self.memory,
            cap_add=self.cap_add,
            gpu=self.gpu,
            digest=self.digest,
            api=self.api.to_api(),
            tags=self.tags,
            origin=origin,
        )


class EntryMap(BaseModel):
    """What stands under `spaces:`, as long as nobody looks into the entries."""

    spaces: dict[SpaceName, object] | None = None


class CategoryLists(BaseModel):
    """What stands under `categories:`."""

    categories: dict[OneLine, list[SpaceName] | None] | None = None


class RegistryFile(BaseModel):
    """The whole of registry.yaml."""

    model_config = ConfigDict(extra="forbid", title="Registry of hf-spaces-runner")

    spaces: dict[SpaceName, SpaceEntry] | None = Field(default=None, description="Entries by their ids.")
    categories: dict[OneLine, list[SpaceName] | None] | None = Field(
        default=None, description="Categories of your own, beside the four; the ids of their Spaces may be listed."
    )
