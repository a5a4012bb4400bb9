"""Gives a build CA certificates that are not among the Space's files: by a small image that it copies them out of."""

import hashlib

import docker
from docker.errors import ImageNotFound

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.errors import BuildError
from hf_spaces_runner.images.context import build_context
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text
from hf_spaces_runner.planning.build_marks import CA_BUNDLE_FILE

_CONTENT = f"{LABEL}.ca-bundle"


def make_ca_image(client: docker.DockerClient, plan: BuildPlan, *, platform: str) -> None:
    """Have the engine make the image of `plan.ca_bundle`, unless one of the same certificates is there.

    Raises:
        BuildError: the file cannot be read, or the engine refuses.
        NoSpaceLeftError: the disk of the engine is full.
        EngineUnavailableError: no engine answers.
    """
    if plan.ca_bundle is None:
        return
    reference, bundle = plan.ca_bundle
    doing = f"building {plan.tag}: the CA certificates of {bundle}"
    try:
        content = hashlib.sha256(bundle.read_bytes()).hexdigest()
    except OSError as error:
        raise BuildError(f"{doing}: {error.strerror}", hint="the setting ca_bundle names them") from error
    if _is_there(client, reference, content):
        return  # made again, it would take the name of one that another build copies from
    label = f"LABEL {LABEL}.built=ca-bundle {_CONTENT}={content}"
    lines = ("FROM scratch", label, f"COPY {CA_BUNDLE_FILE} /{CA_BUNDLE_FILE}", "")
    small = BuildPlan(
        tag=reference,
        base_image="scratch",
        python_version=plan.python_version,
        dockerfile="\n".join(lines),
        files={CA_BUNDLE_FILE: bundle},
    )
    with build_context(small) as archive, docker_errors(doing, otherwise=BuildError):
        events = client.api.build(
            fileobj=archive, custom_context=True, tag=reference, platform=platform, rm=True, decode=True
        )
        for event in events:
            if "error" in event:
                raise error_of_engine_text(str(event["error"]), doing, otherwise=BuildError)


def _is_there(client: docker.DockerClient, reference: str, content: str) -> bool:
    with docker_errors(f"looking for {reference}"):
        try:
            return bool(client.images.get(reference).labels.get(_CONTENT) == content)
        except ImageNotFound:
            return False
