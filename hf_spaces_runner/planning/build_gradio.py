"""Knows what Gradio needs of an image that is built for it: `build_python` does the rest."""

from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.planning.build_python import PythonSdk, plan_python_build

_GRADIO = PythonSdk(
    title="Gradio",
    package="gradio",
    beside=("uvicorn", "websockets"),
    environment={
        "GRADIO_ALLOW_FLAGGING": "never",
        "GRADIO_ANALYTICS_ENABLED": "False",
        "GRADIO_NUM_PORTS": "1",
        "GRADIO_SERVER_NAME": "0.0.0.0",  # noqa: S104 - all interfaces of the container
        "GRADIO_SSR_MODE": "False",
        "GRADIO_THEME": "huggingface",
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        "SYSTEM": "spaces",
    },
    starts_with=("python",),
)


def plan_gradio_build(
    source: SpaceSource,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
) -> BuildPlan:
    """Return how the image of a Gradio Space is built; for the arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    return plan_python_build(
        source,
        _GRADIO,
        space_id=space_id,
        repository=repository,
        base_image=base_image,
        constraints=constraints,
        ca_bundle=ca_bundle,
    )
