"""Spaces that are not Gradio, from the command line: by the registry's word, and by what they turn out to speak."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import Ended, hfsr, our_containers
from tests.engine.images import script_image

pytestmark = pytest.mark.engine

REPOSITORY = Path(__file__).parent.parent.parent
APPS = REPOSITORY / "tests" / "docker_apps"
OPTIMIZER = REPOSITORY / "registry" / "spaces" / "prompt-optimizer"

GENERATE = "{kind: http, health: /api/health}"
OPENAPI = "{kind: auto, health: /api/health}"


def entry(space_id: str, source: Path, port: int, api: str = "{}") -> str:
    return f"""
  {space_id}:
    id: {space_id}
    docker_image: hf-spaces-runner-test/{space_id}:latest
    description: for tests
    category: text_processing
    input_type: text
    output_type: text
    port: {port}
    status: available
    sdk: docker
    source: {source}
    api: {api}
"""


REGISTRY = (
    "spaces:"
    + entry("by-contract", OPTIMIZER, 7860, GENERATE)
    + entry("by-openapi", OPTIMIZER, 7860, "{kind: openapi}")
    + entry("as-gradio", OPTIMIZER, 7860)
    + entry("chatty", APPS / "openai", 8000)
    + entry("for-people", APPS / "streamlit", 8501)
)

Run = Callable[..., Ended]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    registry = tmp_path / "registry.yaml"
    registry.write_text(REGISTRY)

    def run(*words: str, stdin: str = "") -> Ended:
        return hfsr(*words, directory=tmp_path, environment={"HFSR_REGISTRY": str(registry)}, stdin=stdin)

    return run


def test_another_contract_works_by_configuration_alone(run: Run) -> None:
    ended = run("run", "write about cats", "--hf-space", "prompt-optimizer", "--json")
    outputs = {output["label"]: output["value"] for output in ended.json["outputs"]}
    assert outputs.keys() == {"optimized_prompt", "improvements", "quality_score", "processing_time"}
    assert "cats" in outputs["optimized_prompt"]
    assert ended.json["text"] == outputs["optimized_prompt"]
    assert 0 < outputs["quality_score"] <= 1


def test_the_default_contract_needs_no_more_than_its_name(run: Run) -> None:
    ended = run("run", "write about cats", "--hf-space", "by-contract", "-i", "max_new_tokens=5", "--json")
    assert [output["label"] for output in ended.json["outputs"]] == ["generated_text"]
    assert len(ended.json["text"].split()) <= 5


def test_its_inputs_are_checked_before_anything_is_sent(run: Run) -> None:
    ended = run("run", "x", "--hf-space", "by-contract", "-i", "temperature=-1")
    assert ended.exit_code == 13
    assert "temperature takes a number from 0" in ended.stderr
    ended = run("run", "x", "--hf-space", "by-contract", "-i", "colour=red")
    assert ended.exit_code == 13
    assert "has no parameter 'colour'" in ended.stderr


def test_the_operations_of_openapi_are_endpoints(run: Run) -> None:
    shown = run("info", "by-openapi", "--endpoints", "--json").json["endpoints"]
    assert {"/api/v1/optimize", "/api/generate", "/api/health"} <= {endpoint["name"] for endpoint in shown}
    ended = run("run", "write about cats", "--hf-space", "by-openapi", "--endpoint", "/api/v1/optimize", "--json")
    assert {"optimized_prompt", "quality_score"} <= {output["label"] for output in ended.json["outputs"]}


def test_several_that_fit_are_listed_and_none_is_guessed(run: Run) -> None:
    ended = run("run", "write about cats", "--hf-space", "by-openapi")
    assert ended.exit_code == 13
    assert re.search(r"endpoints of the Space take a prompt:\n  /api/", ended.stderr)


def test_a_space_that_is_gradio_as_well_is_taken_for_gradio(run: Run) -> None:
    shown = run("info", "as-gradio", "--endpoints", "--json").json["endpoints"]
    assert "/optimize" in {endpoint["name"] for endpoint in shown}


def test_an_openai_compatible_server_is_found_out_and_called(run: Run) -> None:
    ended = run("run", "hello you", "--hf-space", "chatty", "--stream")
    assert ended.stdout == "hello you (message 1, echo-1)\n"
    embedded = run("run", "four", "--hf-space", "chatty", "--endpoint", "/v1/embeddings", "--json")
    assert embedded.json["outputs"][0]["value"] in ([4.0, 0.5], [[4.0, 0.5]])


def test_a_chat_goes_on_line_by_line(run: Run) -> None:
    ended = run("run", "first", "--hf-space", "chatty", "--chat", "--json", stdin="second\n\nthird\n")
    lines = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [(line["prompt"], line["text"]) for line in lines] == [
        ("first", "first (message 1, echo-1)"),
        ("second", "second (message 3, echo-1)"),
        ("third", "third (message 5, echo-1)"),
    ]


def test_streamlit_is_for_people(run: Run, docker_client: docker.DockerClient) -> None:
    ended = run("run", "hello", "--hf-space", "for-people")
    assert ended.exit_code == 13
    assert "for-people is a Streamlit app, and has no API that could be called" in ended.stderr
    assert "hfsr up for-people" in ended.stderr
    up = run("up", "for-people", "--json")
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", up.json["url"])
    assert run("stop", "for-people").exit_code == 0
    assert our_containers(docker_client, "for-people") == []


def test_a_page_is_for_people(run: Run, docker_client: docker.DockerClient, base_image: str) -> None:
    command = ("python3", "-m", "http.server", "7860", "--directory", "/usr/share/doc")
    image = script_image(docker_client, "page", "", base=base_image, command=command)
    ended = run("run", "hello", "--hf-space", image, "--pull", "never")
    assert ended.exit_code == 13
    assert "is a web page, and has no API that could be called" in ended.stderr


def test_what_is_wrong_with_an_entry_is_told_with_its_place(tmp_path: Path) -> None:
    registry = tmp_path / "registry.yaml"
    registry.write_text("spaces:" + entry("odd", OPTIMIZER, 7860, "{kind: soap}"))
    ended = hfsr("info", "odd", directory=tmp_path, environment={"HFSR_REGISTRY": str(registry)})
    assert ended.exit_code == 3
    assert re.search(r"registry\.yaml:\d+:\d+: .*kind", ended.stderr)
