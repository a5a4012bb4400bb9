"""Small images for tests, built on the base image without any package: each is one script."""

import io
import json
import tarfile
from collections.abc import Mapping, Sequence

import docker

TEST_LABEL = "hf-spaces-runner.test"
OWNER_LABEL = "hf-spaces-runner.owner"
"""Says which session a container belongs to, so that one beside it does not take it for its own leftover."""


def script_image(
    client: docker.DockerClient,
    name: str,
    script: str,
    *,
    base: str,
    command: Sequence[str] | None = ("python3", "/app.py"),
    labels: Mapping[str, str] | None = None,
) -> str:
    """Build an image that runs `script`, and return its reference, which looks like one of an image registry.

    `command` None gives the image no command of its own, as the Hub's Gradio images have none.
    """
    dockerfile = [f"FROM {base}", "COPY app.py /app.py", "ENV PYTHONUNBUFFERED=1", f"LABEL {TEST_LABEL}=yes", "CMD []"]
    if command is not None:
        dockerfile[-1] = f"CMD {json.dumps(list(command))}"
    context = io.BytesIO()
    with tarfile.open(fileobj=context, mode="w") as archive:
        for path, text in (("Dockerfile", "\n".join(dockerfile)), ("app.py", script)):
            entry = tarfile.TarInfo(path)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    reference = f"localhost/hfsr-test/{name}:latest"
    list(
        client.api.build(
            fileobj=io.BytesIO(context.getvalue()),
            custom_context=True,
            tag=reference,
            rm=True,
            decode=True,
            labels=dict(labels or {}),
        )
    )
    client.images.get(reference)
    return reference
