"""Knows what Streamlit needs of an image that is built for it: `build_python` does the rest.

Facts: hf-spaces.md, section 2, and https://docs.streamlit.io/develop/api-reference/configuration/config.toml. The
Hub's frame made its builder switch off the protection against requests of other origins. Here there is no frame, and
the browser that shows the app shows other pages too, so it stays on.
"""

from datetime import datetime
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.space_source import STREAMLIT_PORT, SourceFile, SpaceSource
from hf_spaces_runner.planning.build_python import PythonSdk, plan_python_build
from hf_spaces_runner.planning.preload import Preloading

_STREAMLIT = PythonSdk(
    title="Streamlit",
    package="streamlit",
    beside=(),
    environment={
        "LANG": "C.UTF-8",
        "PYTHONUNBUFFERED": "1",
        # Variables rather than flags: early versions pass over those that they do not know.
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        # Else it asks a server of the world for the address of this machine, to print it.
        "STREAMLIT_BROWSER_SERVER_ADDRESS": "localhost",
        "STREAMLIT_GLOBAL_DEVELOPMENT_MODE": "false",
        # In an image the source never changes, and each file that is watched costs something.
        "STREAMLIT_SERVER_FILE_WATCHER_TYPE": "none",
        "STREAMLIT_SERVER_HEADLESS": "true",
        "SYSTEM": "spaces",
    },
    starts_with=("streamlit", "run"),
    # Flags win over a .streamlit/config.toml of the Space, which may name another port for its author's machine.
    ends_with=(
        "--server.port",
        f"{STREAMLIT_PORT}",
        "--server.address",
        "0.0.0.0",  # noqa: S104 - inside the container; outside it only loopback is published
        "--server.headless",
        "true",
        "--browser.gatherUsageStats",
        "false",
    ),
    port=STREAMLIT_PORT,
)


def plan_streamlit_build(
    source: SpaceSource,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
    preloading: Preloading | None = None,
    before: datetime | None = None,
) -> BuildPlan:
    """Return how the image of a Streamlit Space is built; for the arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    return plan_python_build(
        source,
        _STREAMLIT,
        space_id=space_id,
        repository=repository,
        base_image=base_image,
        constraints=constraints,
        ca_bundle=ca_bundle,
        preloading=preloading,
        before=before,
    )
