"""Evils of the hostile Space: descriptions of itself that cost more than they look."""

import json
from itertools import chain

from tests.engine.hostile.space import ESCAPES, MIB, Space, config, evil, info, many


@evil("config")
def config_of_small_objects(space: Space) -> None:
    space.body(chain([config()[:-1], ', "evil": ['], many('{"":0},', 11 * MIB), ["0]}"]))


@evil("config", "info")
def all_heavy(space: Space) -> None:
    whole = config() if space.path == "/config" else info()
    long, small = '"' + "x" * 5 * MIB + '\U0001f600",', '"ab",' * 390_000
    space.body([whole[:-1], ', "evil": [', long, small, "0]}"])


@evil("config", "info")
def all_long(space: Space) -> None:
    whole = config() if space.path == "/config" else info()
    space.body([whole[:-1], ', "evil": ["', "x" * 11 * MIB, '\U0001f600"]}'])


@evil("info")
@evil("info", name="crowd_of_namesakes")
def crowd_of_parameters(space: Space) -> None:
    space.body([info(json.dumps([{"parameter_name": f"{ESCAPES}n{number}"} for number in range(50_000)]))])


@evil("config")
def crowd_of_namesakes(space: Space) -> None:
    space.body([json.dumps({**json.loads(config()), "dependencies": [{"api_name": "predict"}] * 50_000})])


@evil("config")
def crowd_of_endpoints(space: Space) -> None:
    names = [{"api_name": f"{ESCAPES}e{number}", "outputs": [0]} for number in range(15_000)]
    space.body([json.dumps({**json.loads(config()), "dependencies": names})])


@evil("info", name="crowd_of_endpoints")
def their_schemas(space: Space) -> None:
    described: dict[str, list[object]] = {"parameters": [{}], "returns": []}
    space.body([json.dumps({"named_endpoints": {f"/{ESCAPES}e{number}": described for number in range(15_000)}})])


@evil("config")
def crowd_of_outputs(space: Space) -> None:
    described = json.loads(config())
    described["components"][0]["props"]["label"] = "x" * 199 + "\U0001f600"
    described["dependencies"][0]["outputs"] = [0] * 380_000
    space.body([json.dumps(described)])


@evil("config")
def one_default_for_all(space: Space) -> None:
    described = json.loads(config())
    described["components"][0]["props"]["value"] = [0] * 100_000
    described["dependencies"][0]["inputs"] = [0] * 20_000
    space.body([json.dumps(described)])


@evil("info", name="one_default_for_all")
def twenty_thousand_nameless_parameters(space: Space) -> None:
    space.body([info(json.dumps([{"type": {"type": "string"}}] * 20_000))])


@evil("info")
def crowd_of_choices(space: Space) -> None:
    choices = json.dumps([ESCAPES, "\x9b31m" * MIB, *["evil"] * 300_000])
    space.body([info(f'[{{"parameter_name": "text", "type": {{"enum": {choices}}}}}]')])


@evil("config")
def ids_of_one_hash(space: Space) -> None:
    components = [{"id": number * (2**61 - 1)} for number in range(50_000)]
    described = json.loads(config())
    space.body([json.dumps({**described, "components": components + described["components"]})])
