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

    Raises:
        ConfigurationError: the setting is not the name of an image.
    """
    name = setting.replace("{python_version}", python_version)
    try:
        return str(split_image_reference(name))
    except ValueError as error:
        raise ConfigurationError(f"base_image: {setting!r} is not the name of an image: {error}") from error


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
