"""Writes the JSON schema of registry.yaml, for editors that complete and check it."""

import json

from hf_spaces_runner.registry.entry import RegistryFile


def schema_text() -> str:
    """Return the text of registry.schema.json, made from the models that check the file itself."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **RegistryFile.model_json_schema()}
    return json.dumps(schema, indent=2) + "\n"
