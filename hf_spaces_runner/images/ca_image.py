"""Gives a build CA certificates that are not among the Space's files: by a small image that it copies them out of."""

import docker

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.labels import LABEL
from hf_spaces_runner.errors import BuildError
from hf_spaces_runner.images.context import build_context
from hf_spaces_runner.orchestrator.docker_errors import docker_errors, error_of_engine_text
from hf_spaces_runner.planning.build_marks import CA_BUNDLE_FILE


def make_ca_image(client: docker.DockerClient, plan: BuildPlan, *, platform: str) -> None:
    """Have the engine make the image of `plan.ca_bundle`; one of the same certificates comes out of its cache.

    Raises:
        BuildError: the file cannot be read, or the engine refuses.
        NoSpaceLeftError: the disk of the engine is full.
        EngineUnavailableError: no engine answers.
    """
    if plan.ca_bundle is None:
        return
    reference, bundle = plan.ca_bundle
    lines = ("FROM scratch", f"LABEL {LABEL}.built=ca-bundle", f"COPY {CA_BUNDLE_FILE} /{CA_BUNDLE_FILE}", "")
    small = BuildPlan(
        tag=reference,
        base_image="scratch",
        python_version=plan.python_version,
        dockerfile="\n".join(lines),
        files={CA_BUNDLE_FILE: bundle},
    )
    doing = f"building {plan.tag}: the CA certificates of {bundle}"
    with build_context(small) as archive, docker_errors(doing, otherwise=BuildError):
        events = client.api.build(
            fileobj=archive, custom_context=True, tag=reference, platform=platform, rm=True, decode=True
        )
        for event in events:
            if "error" in event:
                raise error_of_engine_text(str(event["error"]), doing, otherwise=BuildError)
