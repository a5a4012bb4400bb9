"""Decides which value each parameter of an endpoint gets."""

from collections.abc import Callable
from pathlib import Path

from hf_spaces_runner.calling.coerce_value import coerce_value, takes_file
from hf_spaces_runner.calling.endpoint import FILE_KINDS, TAKE_FILES, Endpoint, Parameter, ParameterKind
from hf_spaces_runner.calling.table import read_table
from hf_spaces_runner.calling.user_file import UserBytes, UserFile, UserUrl
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import InvalidInputError

PROMPT = "$prompt"
FILE = "$file"
_MAX_LISTED = 10


def bind_inputs(endpoint: Endpoint, call: Call) -> tuple[object, ...]:
    """Return one value for each parameter of `endpoint`, with a `UserFile` wherever a file goes.

    What is named goes where its name says (a parameter's name, its label, or its number from 0); then come the
    registry's presets, then the prompt (to the first free text), the unnamed files (to the first free parameter of
    their kind) and the unnamed values. Defaults fill the rest; they are the schema's own, and not to be changed: copies
    for each of its endpoints could fill the memory.

    Raises:
        InvalidInputError: something given has no place or does not fit, or something needed is missing. The message
            shows the endpoint's signature.
    """
    binding = _Binding(endpoint)
    files = [given for given in call.inputs if given.name is None and given.path is not None]
    values = [given for given in call.inputs if given.name is None and given.path is None]
    for given in call.inputs:
        if given.name is not None:
            binding.give(binding.find(given.name), given)
    prompt = _apply_presets(binding, call, files)
    if prompt is not None:
        binding.place_prompt(prompt)
    for given in files:
        binding.place_file(given)
    for given in values:
        binding.place_value(given)
    return binding.complete()


def _apply_presets(binding: "_Binding", call: Call, files: list[InputValue]) -> str | None:
    """Give what the registry says, taking from `files`; return the prompt where it is still to be placed."""
    prompt = call.prompt
    for name, preset in call.preset_inputs.items():
        position = binding.find(name)
        if binding.has(position):
            continue
        if preset == PROMPT:
            if prompt is not None:
                binding.give(position, InputValue(value=prompt))
                prompt = None
        elif preset == FILE:
            if files:
                binding.give(position, files.pop(0))
        else:
            binding.give(position, InputValue(value=preset))
    return prompt


class _Binding:
    """The values that the parameters have so far, by position."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._values: dict[int, object] = {}

    def find(self, name: str) -> int:
        parameters = self._endpoint.parameters
        for same in (
            lambda parameter: parameter.name == name,
            lambda parameter: parameter.label == name,
            lambda parameter: name.casefold() in (parameter.name.casefold(), parameter.label.casefold()),
        ):
            found = [position for position, parameter in enumerate(parameters) if same(parameter)]
            if len(found) == 1:
                return found[0]
            if found:
                raise self._error(f"{len(found)} parameters are called {name!r}: give the number of one of them")
        if name.isascii() and name.isdigit() and int(name[:9]) < len(parameters):
            return int(name)
        raise self._error(f"{self._endpoint.name} has no parameter {name!r}")

    def has(self, position: int) -> bool:
        return position in self._values

    def give(self, position: int, given: InputValue) -> None:
        parameter = self._endpoint.parameters[position]
        if given.path is not None:
            self._give_file(position, parameter, given.path)
            return
        try:
            value = coerce_value(parameter, given.value)
        except ValueError as error:
            raise self._error(f"{parameter.name} {error}, not {_shown(given.value)}") from None
        if isinstance(value, UserBytes | UserUrl):
            self._place(position, parameter, value)
            return
        old = self._values.get(position)
        if position not in self._values:
            self._values[position] = value
        elif parameter.kind is ParameterKind.LIST and isinstance(old, list) and isinstance(value, list):
            self._values[position] = [*old, *value]
        elif parameter.kind is ParameterKind.MESSAGE and isinstance(old, dict) and not old.get("text"):
            self._values[position] = {**old, "text": value.get("text") if isinstance(value, dict) else value}
        else:
            raise self._error(f"{parameter.name} is given twice")

    def _give_file(self, position: int, parameter: Parameter, path: Path) -> None:
        old = self._values.get(position)
        file = UserFile(path)
        if parameter.kind is ParameterKind.MESSAGE:
            message = old if isinstance(old, dict) else {"text": "", "files": []}
            self._values[position] = {**message, "files": [*message.get("files", ()), file]}
            return
        if not takes_file(parameter, path):
            what = f"a value, not the file {path.name!r}" if parameter.kind not in TAKE_FILES else (
                f"a file of another kind than {path.name!r}")  # fmt: skip
            raise self._error(f"{parameter.name} takes {what}")
        if parameter.kind is ParameterKind.TABLE:
            self.give(position, InputValue(value=read_table(path)))
            return
        self._place(position, parameter, file)

    def _place(self, position: int, parameter: Parameter, file: UserFile | UserBytes | UserUrl) -> None:
        old = self._values.get(position)
        value = dict.fromkeys(parameter.wrapper, file) if parameter.wrapper else file
        if parameter.many:
            self._values[position] = [*(old if isinstance(old, list) else ()), value]
        elif position in self._values:
            raise self._error(f"{parameter.name} takes one file, and is given two")
        else:
            self._values[position] = value

    def place_prompt(self, prompt: str) -> None:
        position = self._first_free(lambda parameter: parameter.kind in (ParameterKind.TEXT, ParameterKind.MESSAGE))
        if position is None:
            raise self._error(f"{self._endpoint.name} has no free text parameter for the prompt")
        self.give(position, InputValue(value=prompt))

    def place_file(self, given: InputValue) -> None:
        path = given.path or Path()
        positions = self._free_for_file(path)
        if not positions:
            raise self._error(f"{self._endpoint.name} has no free parameter for the file {path.name!r}")
        self._give_file(positions[0], self._endpoint.parameters[positions[0]], path)

    def place_value(self, given: InputValue) -> None:
        for kinds in ({ParameterKind.TEXT}, set(ParameterKind) - FILE_KINDS):
            for position, parameter in enumerate(self._endpoint.parameters):
                if position in self._values or parameter.kind not in kinds:
                    continue
                try:
                    self._values[position] = coerce_value(parameter, given.value)
                except ValueError:
                    continue
                return
        raise self._error(f"{self._endpoint.name} has no free parameter for the value {_shown(given.value)}")

    def complete(self) -> tuple[object, ...]:
        missing = [
            parameter.name
            for position, parameter in enumerate(self._endpoint.parameters)
            if position not in self._values and not parameter.has_default
        ]
        if missing:
            raise self._error(f"{self._endpoint.name} needs {_listed(missing)}")
        return tuple(
            self._values.get(position, parameter.default)
            for position, parameter in enumerate(self._endpoint.parameters)
        )

    def _first_free(self, fits: Callable[[Parameter], bool]) -> int | None:
        for position, parameter in enumerate(self._endpoint.parameters):
            if self._is_open(position, parameter) and fits(parameter):
                return position
        return None

    def _is_open(self, position: int, parameter: Parameter) -> bool:
        value = self._values.get(position)
        if parameter.kind is ParameterKind.MESSAGE:
            return not isinstance(value, dict) or not value.get("text")
        return position not in self._values

    def _free_for_file(self, path: Path) -> list[int]:
        """Return where a file may go, best first: a free parameter of its kind, a free one of any, a list, a chat."""

        def rank(position: int) -> int | None:
            parameter = self._endpoint.parameters[position]
            if parameter.kind is ParameterKind.MESSAGE:
                return 3
            if not takes_file(parameter, path):
                return None
            if position not in self._values:
                return 1 if parameter.kind is ParameterKind.FILE else 0
            return 2 if parameter.many and isinstance(self._values[position], list) else None

        ranked = [(rank(position), position) for position in range(len(self._endpoint.parameters))]
        return [position for score, position in sorted((s, p) for s, p in ranked if s is not None)]

    def _error(self, message: str) -> InvalidInputError:
        return InvalidInputError(
            f"{message}\n  {self._endpoint.signature}", hint="give each input with -i NAME=VALUE or -i NAME=@PATH"
        )


def _listed(names: list[str]) -> str:
    if len(names) > _MAX_LISTED:
        names = [*names[:_MAX_LISTED], f"{len(names) - _MAX_LISTED} more"]
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"  # noqa: PLR2004 - enough to know it by
