"""Knows how pip is called in a build."""

from dataclasses import dataclass

from hf_spaces_runner.planning.build_marks import CA_BUNDLE

_PIP = "python -m pip install --no-cache-dir --disable-pip-version-check --no-input --progress-bar off"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pip:
    """How the packages of an image are installed. With `with_ca_bundle` the build trusts the CA bundle of the context.

    Only what decides what is installed belongs into the hash of an image; the CA bundle does not.
    """

    with_ca_bundle: bool = False

    def install(self, *arguments: str) -> str:
        """Return the step of a Dockerfile that installs what `arguments` of `pip install` name."""
        # Only for the commands of the build: in the image's own environment it would outlive them.
        trust = f"PIP_CERT={CA_BUNDLE} SSL_CERT_FILE={CA_BUNDLE} " if self.with_ca_bundle else ""
        return " ".join((f"RUN {trust}{_PIP}", *arguments))
