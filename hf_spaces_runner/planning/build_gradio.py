"""Knows what Gradio needs of an image that is built for it: `build_python` does the rest.

Facts: hf-spaces.md, section 2. The Hub gives every Space the extras and the package `spaces`; the classic builder here
gives them to those that use them, so that all others share what is installed for Gradio itself.
"""

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hf_spaces_runner.domain.image import BuildPlan
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.space_source import SourceFile, SpaceSource
from hf_spaces_runner.planning.build_python import PythonSdk, plan_python_build
from hf_spaces_runner.planning.gradio_bounds import bounds_of
from hf_spaces_runner.planning.preload import Preloading

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
    brings_hub_library=True,
)
_CURRENT_BESIDE = ("uvicorn>=0.14.0", "websockets>=10.4", "spaces")
_OAUTH = re.compile(r"\b(?:LoginButton|LogoutButton|OAuthProfile|OAuthToken)\b")
_MCP = re.compile(r"\bmcp_server\s*=\s*True\b")
_SPACES = re.compile(r"^[ \t]*(?:import|from)[ \t]+spaces\b", re.MULTILINE)


def plan_gradio_build(
    source: SpaceSource,
    *,
    space_id: str,
    repository: str,
    base_image: str,
    constraints: SourceFile | None,
    ca_bundle: Path | None,
    builder: Builder = Builder.CLASSIC,
    preloading: Preloading | None = None,
    before: datetime | None = None,
) -> BuildPlan:
    """Return how the image of a Gradio Space is built; for the arguments see `plan_build`.

    Raises:
        InvalidRegistryError: the source lacks something, or asks for what cannot be.
    """
    return plan_python_build(
        source,
        _for_current() if builder is Builder.CURRENT else _for_classic(source),
        space_id=space_id,
        repository=repository,
        base_image=base_image,
        constraints=constraints,
        ca_bundle=ca_bundle,
        builder=builder,
        preloading=preloading,
        before=before,
    )


def _for_current() -> PythonSdk:
    return replace(_GRADIO, beside=_CURRENT_BESIDE, extras=("oauth", "mcp"))


def _for_classic(source: SpaceSource) -> PythonSdk:
    text = source.app_text
    extras = {"oauth": source.front_matter.hf_oauth or _OAUTH.search(text), "mcp": _MCP.search(text)}
    return replace(
        _GRADIO,
        bounds=bounds_of(source.front_matter.sdk_version or ""),
        extras=tuple(name for name, used in extras.items() if used),
        also=("spaces",) if _SPACES.search(text) else (),
    )
