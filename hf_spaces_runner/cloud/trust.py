"""Decides whose certificates count on the way to the cloud."""

import ssl
from pathlib import Path

from hf_spaces_runner.errors import ConfigurationError


def trusted(ca_bundle: Path | None) -> ssl.SSLContext:
    """Return what checks certificates and the names in them: by `ca_bundle`, by the system's where None.

    Raises:
        ConfigurationError: the file cannot be read, or holds no certificate.
    """
    try:
        return ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:  # ssl.SSLError among them
        why = "it holds no certificate" if isinstance(error, ssl.SSLError) else error.strerror
        raise ConfigurationError(
            f"ca_bundle: {ca_bundle} cannot be used: {why}", hint="correct the setting ca_bundle"
        ) from error
