"""Names what all builds share: the folder for what only the build needs, the hash in the tag, the labels."""

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from hf_spaces_runner.domain.image_names import split_image_reference
from hf_spaces_runner.domain.labels import LABEL

DEFAULT_PYTHON_VERSION = "3.11"
"""The Python of Spaces that name none. The Hub's default moved from 3.10 to 3.13; this lies between them."""
UNFINISHED = "unfinished"
"""The value of the label `hf-spaces-runner.built` on what a build leaves before it is done."""
BUILD_FILES = "/usr/local/share/hf-spaces-runner"
"""Where files that only the build needs lie in the image."""
CA_BUNDLE_FILE = "ca-bundle.crt"
CA_BUNDLE = f"{BUILD_FILES}/{CA_BUNDLE_FILE}"

_HASH_LENGTH = 12


def digest_of(parts: Sequence[str]) -> str:
    """Return the hash (sha256, hexadecimal) of all that decides the content of an image."""
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def tag_of(repository: str, digest: str) -> str:
    """Return the image of `repository` whose tag stands for `digest`."""
    return str(split_image_reference(f"{repository}:{digest[:_HASH_LENGTH]}"))


def ca_image_name(ca_bundle: Path) -> str:
    """Return the name of the image that the CA bundle of that path is copied out of in builds."""
    return f"hf-spaces-runner/ca-bundle:{hashlib.sha256(os.fsencode(ca_bundle)).hexdigest()[:_HASH_LENGTH]}"


def labels_of(space_id: str, digest: str) -> dict[str, str]:
    """Return the labels of a finished image."""
    return {f"{LABEL}.built": digest, f"{LABEL}.space": space_id}


def copied(source: str, target: str) -> str:
    """Return the line that copies `source` of the build context to `target`, for the Space's user."""
    return f"COPY --chown=1000:1000 {json.dumps([source, target])}"
