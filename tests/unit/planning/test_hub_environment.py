from dataclasses import replace

import pytest

from hf_spaces_runner.planning.hub_environment import hub_environment, hub_id_of
from tests.unit.planning.samples import SPACE


def test_a_space_finds_what_it_finds_on_the_hub() -> None:
    variables = hub_environment(SPACE, cpus=None, memory_bytes=2 * 1024**3, gpus=None)
    expected = {
        "SYSTEM": "spaces",
        "SPACE_ID": "OpenAI/Clip",
        "SPACE_AUTHOR_NAME": "OpenAI",
        "SPACE_REPO_NAME": "Clip",
        "SPACE_TITLE": "Clip",
        "SPACE_HOST": "openai-clip.hf.space",
        "CPU_CORES": "2",
        "MEMORY": "2Gi",
        "ACCELERATOR": "none",
        "GRADIO_SERVER_NAME": "0.0.0.0",
        "GRADIO_SERVER_PORT": "7860",
        "GRADIO_SSR_MODE": "False",
        "SPACES_ZERO_GPU": "0",
    }
    assert {name: variables[name] for name in expected} == expected


@pytest.mark.parametrize("space_id", [None, "user/name"])
def test_share_tunnels_stay_closed(space_id: str | None) -> None:
    variables = hub_environment(replace(SPACE, space_id=space_id), cpus=1, memory_bytes=1, gpus=None)
    assert variables["SYSTEM"] == "spaces"
    assert variables["SPACE_ID"]


def test_a_space_that_the_hub_does_not_know_is_of_a_local_owner() -> None:
    space = replace(SPACE, space_id=None, description="What it does", port=8080)
    variables = hub_environment(space, cpus=1.5, memory_bytes=512 * 1024**2, gpus="all")
    assert hub_id_of(space) == variables["SPACE_ID"] == "local/clip"
    assert (variables["SPACE_HOST"], variables["SPACE_TITLE"]) == ("local-clip.hf.space", "What it does")
    assert (variables["CPU_CORES"], variables["MEMORY"], variables["ACCELERATOR"]) == ("1.5", "1Gi", "gpu")
    assert variables["GRADIO_SERVER_PORT"] == "8080"
