import json
from pathlib import Path

from hf_spaces_runner.domain.space import Sdk
from hf_spaces_runner.registry.registry import bundled_registry_directory
from hf_spaces_runner.registry.schema import schema_text

FILE = Path(__file__).parents[3] / "registry" / "registry.schema.json"
WRITE = "from hf_spaces_runner.registry.schema import schema_text; print(schema_text(), end=str())"
REGENERATE = f'python -c "{WRITE}" > {FILE.name}'


def test_the_file_is_what_the_models_say() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), f"run in {FILE.parent.name}/: {REGENERATE}"


def test_it_requires_the_eight_keys_and_refuses_unknown_ones() -> None:
    space = json.loads(schema_text())["$defs"]["SpaceEntry"]
    assert sorted(space["required"]) == sorted(
        ["id", "docker_image", "description", "category", "input_type", "output_type", "port", "status"]
    )
    assert space["additionalProperties"] is False
    assert json.loads(schema_text())["$defs"]["Sdk"]["enum"] == [sdk.value for sdk in Sdk]


def test_the_bundled_registry_names_it_for_editors() -> None:
    first_line = (bundled_registry_directory() / "registry.yaml").read_text(encoding="utf-8").splitlines()[0]
    assert first_line == f"# yaml-language-server: $schema={FILE.name}"
