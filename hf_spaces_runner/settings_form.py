"""Checks what the user has set; apart from the settings, since it takes a while to load and most set nothing."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError

from hf_spaces_runner.domain.cloud import cloud_model, cloud_provider, cloud_space
from hf_spaces_runner.domain.launch import MINIMUM_CPUS, MINIMUM_MEMORY_BYTES, Network
from hf_spaces_runner.domain.privacy_rule import privacy_kind, privacy_word
from hf_spaces_runner.domain.request import Builder, PullPolicy
from hf_spaces_runner.domain.server_address import is_loopback, server_address
from hf_spaces_runner.domain.settings import BuildkitUse, HfCache
from hf_spaces_runner.domain.units import LONGEST_S, parse_duration, parse_size


def _seconds(value: object) -> object:
    return parse_duration(value) if isinstance(value, str) else _number(value)


def _bytes(value: object) -> object:
    return parse_size(value) if isinstance(value, str) else _number(value)


def _number(value: object) -> object:
    if isinstance(value, bool):  # pydantic would read it as the number 1
        raise ValueError(f"no setting is {str(value).lower()}")  # noqa: TRY004 - what pydantic wants to hear
    return value


def _yes_or_no(value: object) -> object:
    said = value.strip().casefold() if isinstance(value, str) else value
    if said in {"true", "yes", "on", "1"}:
        return True
    if said in {"false", "no", "off", "0"}:
        return False
    if isinstance(said, bool):
        return said
    raise ValueError("say true or false")


def _addresses(value: object) -> object:
    names = [name for name in value.split(",") if name.strip()] if isinstance(value, str) else value
    if not isinstance(names, list | tuple):
        return value
    addresses = tuple(server_address(str(name)) for name in names)
    for address in addresses:
        if not is_loopback(address):
            raise ValueError(f"{address} is not on this machine")
    return addresses


def _each(value: object, read: Callable[[str], str]) -> object:
    """Return what `read` makes of each part of a list, or of a text with commas."""
    parts = [part for part in value.split(",") if part.strip()] if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("say a list of texts")
    return tuple(dict.fromkeys(map(read, parts)))


def _cloud_spaces(value: object) -> object:
    texts = [text for text in value.split(",") if text.strip()] if isinstance(value, str) else value
    return tuple(str(cloud_space(str(text))) for text in texts) if isinstance(texts, list | tuple) else value


def _path(value: object) -> object:
    if not isinstance(value, str):
        return value
    if "\0" in value:
        raise ValueError("no path holds a NUL character")
    return expanded(value)


def expanded(path: str) -> Path:
    """Return `path` with a leading `~` or `~user` followed.

    Raises:
        ValueError: there is no such user.
    """
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(f"{path.partition('/')[0]} is no user of this machine") from error


Seconds = Annotated[float, BeforeValidator(_seconds), Field(gt=0, le=LONGEST_S, allow_inf_nan=False)]
AnyPath = Annotated[Path, BeforeValidator(_path)]
Count = Annotated[int, BeforeValidator(_number), Field(ge=1)]


TYPES: Mapping[str, Any] = {
    "image_registry": Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+(:\d{1,5})?$")],
    "registry": AnyPath,
    "ca_bundle": AnyPath,
    "base_image": str,
    "builder": Builder,
    "buildkit": BuildkitUse,
    "node_image": str,
    "memory": Annotated[int, BeforeValidator(_bytes), Field(ge=MINIMUM_MEMORY_BYTES)],
    "cpus": Annotated[float, BeforeValidator(_number), Field(ge=MINIMUM_CPUS, allow_inf_nan=False)],
    "pids_limit": Count,
    "max_running": Count,
    "memory_budget": Annotated[int, BeforeValidator(_bytes), Field(ge=MINIMUM_MEMORY_BYTES)],
    "disk_reserve": Annotated[int, BeforeValidator(_bytes), Field(ge=0)],
    "network": Network,
    "pull": PullPolicy,
    "timeout": Seconds,
    "startup_timeout": Seconds,
    "slot_timeout": Seconds,
    "hf_cache": HfCache,
    "cache_quota": Annotated[int, BeforeValidator(_bytes), Field(ge=0)],
    "images_older_than": Seconds,
    "cloud_spaces": Annotated[tuple[str, ...], BeforeValidator(_cloud_spaces)],
    "cloud_model": Annotated[str, AfterValidator(cloud_model)],
    "cloud_provider": Annotated[str, AfterValidator(cloud_provider)],
    "model_servers": Annotated[tuple[str, ...], BeforeValidator(_addresses)],
    "model": str,
    "local_model": Annotated[str, StringConstraints(min_length=1)],
    "model_download": Annotated[bool, BeforeValidator(_yes_or_no)],
    "max_new_tokens": Count,
    "cache": Annotated[bool, BeforeValidator(_yes_or_no)],
    "cache_max_bytes": Annotated[int, BeforeValidator(_bytes), Field(ge=0)],
    "cache_max_age": Seconds,
    "privacy_words": Annotated[tuple[str, ...], BeforeValidator(partial(_each, read=privacy_word))],
    "privacy_kinds": Annotated[tuple[str, ...], BeforeValidator(partial(_each, read=privacy_kind))],
}
"""What each setting may be."""


def checked(name: str, value: object) -> Any:  # noqa: ANN401 - what it is depends on the setting
    """Return what `value` means for the setting `name`.

    Raises:
        ValueError: the setting cannot have it; the message says why.
    """
    try:
        return TypeAdapter(TYPES[name]).validate_python(value)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        reason = fault["msg"].removeprefix("Value error, ")
        raise ValueError(f"{reason} (it is {str(value)[:200]!r})") from error
