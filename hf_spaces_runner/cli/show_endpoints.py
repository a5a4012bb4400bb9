"""Shows what can be called of a Space: signatures, kinds, defaults, and a command line for each to paste."""

import json
import shlex
from collections.abc import Iterable

from hf_spaces_runner.calling.endpoint import TAKE_FILES, Endpoint, Parameter, ParameterKind
from hf_spaces_runner.cli.presenter import Presenter, styled
from hf_spaces_runner.domain.terminal import one_line

_FILES = {
    ParameterKind.IMAGE: "photo.png",
    ParameterKind.AUDIO: "talk.wav",
    ParameterKind.VIDEO: "clip.mp4",
    ParameterKind.FILE: "document.txt",
    ParameterKind.TABLE: "table.csv",
}
_VALUES = {
    ParameterKind.NUMBER: "1",
    ParameterKind.INTEGER: "1",
    ParameterKind.BOOLEAN: "true",
    ParameterKind.LIST: "a,b",
    ParameterKind.JSON: "{}",
}
_TEXTS = (ParameterKind.TEXT, ParameterKind.MESSAGE)


def show_endpoints(presenter: Presenter, space: str, endpoints: Iterable[Endpoint]) -> None:
    """Print `endpoints` of the Space that the command line calls `space`."""
    for number, endpoint in enumerate(endpoints):
        if number and presenter.human:
            presenter.result("")
        hidden = "" if endpoint.public else "  (not public: it must be named)"
        presenter.result(f"{styled(endpoint.signature, bold=True) if presenter.human else endpoint.signature}{hidden}")
        presenter.result(f"  {command_line(space, endpoint)}")


def endpoint_as_json(space: str, endpoint: Endpoint) -> dict[str, object]:
    """Return the public JSON form of `endpoint`."""
    return {
        "name": endpoint.name,
        "public": endpoint.public,
        "signature": endpoint.signature,
        "parameters": [_parameter_as_json(parameter) for parameter in endpoint.parameters],
        "returns": [{"label": item.label, "component": item.component} for item in endpoint.returns if not item.hidden],
        "command": command_line(space, endpoint),
    }


def command_line(space: str, endpoint: Endpoint) -> str:
    """Return a command line that calls `endpoint`, with an example for each input that must be given."""
    needed = [parameter for parameter in endpoint.parameters if not parameter.has_default]
    prompt = next((parameter for parameter in needed if parameter.kind in _TEXTS), None)
    words = ["hfsr", "run"]
    if prompt is not None:
        words.append("your text")
    words += ["--hf-space", space, "--endpoint", endpoint.name]
    for parameter in needed:
        if parameter is not prompt:
            words += ["-i", f"{parameter.name}={_example(parameter)}"]
    return shlex.join(words)


def _example(parameter: Parameter) -> str:
    if parameter.kind in _FILES:
        return f"@{_FILES[parameter.kind]}"
    choice = next((text for text in map(_as_typed, parameter.choices) if text is not None), None)
    if choice is not None:
        return choice
    if parameter.minimum is not None:
        return f"{parameter.minimum:g}"
    return _VALUES.get(parameter.kind, "text")


def _as_typed(choice: object) -> str | None:
    """Return `choice` as it is typed; None where a line that is pasted could do or show more than it says."""
    text = choice if isinstance(choice, str) else json.dumps(choice)
    if not text or one_line(text) != text:
        return None
    return f"@{text}" if text.startswith("@") else text


def _parameter_as_json(parameter: Parameter) -> dict[str, object]:
    return {
        "name": parameter.name,
        "label": parameter.label,
        "kind": parameter.kind,
        "component": parameter.component,
        "many": parameter.many,
        "required": not parameter.has_default,
        "default": parameter.default,
        "choices": list(parameter.choices),
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "takes_file": parameter.kind in TAKE_FILES,
    }
