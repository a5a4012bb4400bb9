"""Writes Spaces as entries of a registry file, as a person would."""

import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import yaml

from hf_spaces_runner.domain.api import DEFAULT_PARAMETERS, DEFAULT_REQUEST, DEFAULT_RESULTS, Api, ApiKind, ApiParameter
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import printable

if hasattr(yaml, "CSafeDumper"):
    from yaml import CSafeDumper as FastDumper
else:
    from yaml import SafeDumper as FastDumper  # type: ignore[assignment]

_WIDTH = 110
_ODD_LINE_ENDS = re.compile(r"\\[NLP]|[\x85\u2028\u2029]")
"""What only YAML takes for line ends; PyYAML's own emitter writes them so that they are read as others."""
_PLAIN = Space(id="x", docker_image="x")


def entry_fields(space: Space) -> dict[str, object]:
    """Return the keys of the entry that says of `space` what its own says; the optional ones where they say something.

    A source folder becomes an absolute path, since the entry may stand elsewhere now.
    """
    fields: dict[str, object] = {
        "id": space.id,
        "docker_image": space.docker_image,
        "description": space.description,
        "category": space.category,
        "input_type": space.input_type,
        "output_type": space.output_type,
        "port": space.port,
        "status": space.status,
    }
    optional = {
        "space_id": space.space_id,
        "sdk": str(space.sdk),
        "app_file": space.app_file,
        "source": None if space.source is None else str(space.source.absolute()),
        "endpoint": space.endpoint,
        "inputs": dict(space.inputs),
        "env": dict(space.env),
        "memory": space.memory_bytes,
        "cap_add": list(space.cap_add),
        "gpu": space.gpu,
        "digest": space.digest,
        "api": _api_fields(space.api),
        "tags": list(space.tags),
    }
    left_out = {"sdk": str(_PLAIN.sdk), "app_file": _PLAIN.app_file}
    said = {name: value for name, value in optional.items() if value and value != left_out.get(name)}
    return fields | said


def entry_text(fields: Mapping[str, object], *, indent: int = 2) -> str:
    """Return an entry as lines that begin with its id after `indent` spaces."""
    text = _dumped({fields["id"]: dict(fields)}, width=_WIDTH, default_flow_style=False)
    margin = " " * indent
    # By line feeds only: str.splitlines ends a line at other characters, too, which stand in texts.
    return "".join(f"{margin}{line}\n" if line.strip() else "\n" for line in text.removesuffix("\n").split("\n"))


def scalar_text(value: str) -> str:
    """Return a text as it stands behind a key, in quotes where it needs them."""
    text = _dumped([value], width=10**6, default_flow_style=True)
    return text.strip().removeprefix("[").removesuffix("]")


class _Dumper(FastDumper):
    """Writes a value that stands twice a second time: aliases are not read here."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the signature is PyYAML's
        return True


class _AstralDumper(yaml.SafeDumper):
    """Writes emoji as they are, which libyaml writes as numbers."""

    ignore_aliases = _Dumper.ignore_aliases


class _AsciiDumper(_Dumper):
    """Writes all letters that are not ASCII as numbers."""

    def __init__(self, *arguments: Any, **options: Any) -> None:  # noqa: ANN401 - the signature is PyYAML's
        super().__init__(*arguments, **{**options, "allow_unicode": False})


def _dumped(value: object, *, width: int, default_flow_style: bool) -> str:
    def dumped(dumper: object) -> str:
        text: str = yaml.dump(
            value,
            Dumper=dumper,
            sort_keys=False,
            allow_unicode=True,
            width=width,
            default_flow_style=default_flow_style,
        )
        return text

    text = dumped(_Dumper)
    if printable(text) != text:  # what turns the text around it: nobody shall read anything else than is written
        return dumped(_AsciiDumper)
    return dumped(_AstralDumper) if "\\U" in text and not _ODD_LINE_ENDS.search(text) else text


def _api_fields(api: Api) -> dict[str, object]:
    if api == Api():
        return {}
    fields: dict[str, object] = {"kind": str(api.kind)}
    if api.health is not None:
        fields["health"] = api.health
    if api.kind is not ApiKind.HTTP:
        return fields
    plain = Api()
    fields |= {name: getattr(api, name) for name in ("path", "method") if getattr(api, name) != getattr(plain, name)}
    # Where the entry says no request, it gets the parameters of the default one, too.
    by_default = api.request == dict(DEFAULT_REQUEST) and DEFAULT_PARAMETERS.keys() <= api.parameters.keys()
    if not by_default:
        fields["request"] = api.request
    parameters = {
        name: _parameter_fields(one)
        for name, one in api.parameters.items()
        if not by_default or DEFAULT_PARAMETERS.get(name) != one
    }
    if parameters:
        fields["parameters"] = parameters
    if dict(api.results) != (dict(DEFAULT_RESULTS) if by_default else {"answer": ""}):
        fields["results"] = dict(api.results)
    return fields


def _parameter_fields(parameter: ApiParameter) -> dict[str, object]:
    plain = asdict(ApiParameter())
    given = {name: value for name, value in asdict(parameter).items() if value != plain[name]}
    typed = {"type": str(given["type"])} if "type" in given else {}
    return {**given, **typed, **({"choices": list(parameter.choices)} if parameter.choices else {})}
