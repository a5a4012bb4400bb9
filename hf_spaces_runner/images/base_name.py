"""Knows which image Spaces are built from: the one of the setting, or our own Debian where that is all there is."""

import docker

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.images.local import find_image

PYTHON_VERSION = "3.11"
BASE_REFERENCE = f"hf-spaces-runner/base:bookworm-python{PYTHON_VERSION}"
"""The image that is made with debootstrap."""


def base_image_name(setting: str, python_version: str) -> str:
    """Return what the setting `base_image` (default `python:{python_version}-slim`) means for that Python.

    It may be a list with commas, where `3.9=image` is for that Python alone, and what has no `=` for all others.

    Raises:
        ConfigurationError: the setting is not the name of an image, or has none for that Python.
    """
    named, others = {}, ""
    for part in filter(None, map(str.strip, setting.split(","))):
        version, equals, name = part.partition("=")
        if equals:
            named[version.strip()] = name.strip()
        else:
            others = part
    minor = ".".join(python_version.split(".")[:2])
    name = named.get(python_version) or named.get(minor) or others
    if not name:
        raise ConfigurationError(
            f"base_image: {setting!r} names no image for Python {python_version}",
            hint=f"add one to it: {setting},{minor}=IMAGE",
        )
    return _image_name("base_image", setting, name.replace("{python_version}", python_version))


def node_image_name(setting: str) -> str:
    """Return what the setting `node_image` means.

    Raises:
        ConfigurationError: it is not the name of an image.
    """
    return _image_name("node_image", setting, setting)


def _image_name(key: str, setting: str, name: str) -> str:
    try:
        return str(split_image_reference(name))
    except ValueError as error:
        raise ConfigurationError(f"{key}: {setting!r} is not the name of an image: {error}") from error


def local_base_image(client: docker.DockerClient, setting: str, python_version: str) -> str | None:
    """Return the base image that a build would use without asking anybody: the setting's, else our own, else None.

    Raises:
        EngineUnavailableError: no engine answers.
    """
    candidates = (base_image_name(setting, python_version), BASE_REFERENCE)
    return next((name for name in candidates if find_image(client, name) is not None), None)


def gives_python(base_image: str, python_version: str) -> bool:
    """Return whether `base_image` is taken to have that Python: the one of the setting is, ours has only its own."""
    return base_image != BASE_REFERENCE or python_version.split(".")[:2] == PYTHON_VERSION.split(".")
