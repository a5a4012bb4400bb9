"""Reads the words of `hfsr run` that stand for inputs, variables and secrets."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from hf_spaces_runner.domain.launch import Network
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# A parameter's name, its label, or its position; a value may hold = signs, so the first one decides.
_NAMED = re.compile(r"(?P<name>[^=@][^=]{0,199})=(?P<rest>.*)", re.DOTALL)
_ENV_FILE_MAX_BYTES = 1024**2


def read_prompt(word: str | None, stdin: BinaryIO | None) -> str | None:
    """Return the prompt; `-` stands for what comes on stdin, without its last line end.

    Raises:
        UsageError: the prompt, or what comes on stdin, is not UTF-8; or stdin is closed.
    """
    if word != "-":
        if word is not None and any("\ud800" <= character <= "\udfff" for character in word):
            raise UsageError("the prompt is not UTF-8", hint="give it on stdin (-) in UTF-8")
        return word
    if stdin is None:
        raise UsageError("the prompt is -, and stdin is closed")
    try:
        return stdin.read().decode("utf-8").removesuffix("\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"what came on stdin is not UTF-8 (byte {error.start})") from error


def read_inputs(words: Sequence[str]) -> tuple[InputValue, ...]:
    """Return what each `-i` stands for: `NAME=VALUE`, `NAME=@FILE`, `@FILE`; `@@` stands for a value's own `@`.

    Raises:
        UsageError: a word is empty, or names no file behind its `@`.
    """
    return tuple(_input(word) for word in words)


def _input(word: str) -> InputValue:
    match = _NAMED.fullmatch(word)
    name = match["name"].strip() if match else None
    text = match["rest"] if match else word
    if text.startswith("@@"):
        return InputValue(name=name, value=text[1:])
    if text.startswith("@"):
        if text == "@":
            raise UsageError(f"-i {word}: no file behind @")
        try:
            return InputValue(name=name, path=Path(text[1:]).expanduser())
        except RuntimeError as error:
            raise UsageError(f"-i {one_line(word)}: nobody of that name has a home directory here") from error
    if name is None and not text:
        raise UsageError("-i is empty", hint="write -i NAME=VALUE, -i NAME=@FILE or -i @FILE")
    return InputValue(name=name, value=text)


def read_environment(words: Sequence[str], file: Path | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that `--env-file` and, over them, each `-e NAME[=VALUE]` name.

    `-e NAME` alone takes the value of this process's own variable, as docker does.

    Raises:
        UsageError: a name that no variable can have, a variable that is not set, or a file that cannot be read.
    """
    variables = {} if file is None else _read_file(file)
    for word in words:
        name, equals, value = word.partition("=")
        _check_name(name, f"-e {name}")
        if not equals and name not in environment:
            raise UsageError(f"-e {name}: no such variable in the environment", hint=f"write -e {name}=VALUE")
        variables[name] = value if equals else environment[name]
    return variables


def read_secrets(names: Sequence[str], environment: Mapping[str, str]) -> dict[str, Secret]:
    """Return the values of the variables that `--secret NAME` names.

    Raises:
        UsageError: a variable is not set; or somebody wrote `NAME=VALUE`, which every process of the machine can read.
    """
    for name in names:
        if "=" in name:
            shown = name.partition("=")[0]
            raise UsageError(
                f"--secret {shown}=...: give the name alone, the command line can be read by everybody",
                hint=f"export {shown}=... in the shell, then --secret {shown}",
            )
        _check_name(name, f"--secret {name}")
        if name not in environment:
            raise UsageError(f"--secret {name}: no such variable in the environment", hint=f"export {name}=... first")
    return {name: Secret(environment[name]) for name in names}


def read_network(network: str | None, *, warm_online: bool) -> Network | None:
    """Return the network that `--network` and `--warm-online` ask for; None where neither does.

    Raises:
        UsageError: both were given.
    """
    if warm_online and network is not None:
        raise UsageError(
            f"--warm-online and --network {network}: one of them",
            hint="--warm-online isolates the Space once it is ready",
        )
    return Network.WARM_ONLINE if warm_online else None if network is None else Network(network)


def _read_file(file: Path) -> dict[str, str]:
    if file.exists() and not file.is_file():
        raise UsageError(f"--env-file {file}: is not a file")
    try:
        if file.stat().st_size > _ENV_FILE_MAX_BYTES:
            raise UsageError(f"--env-file {file}: larger than {_ENV_FILE_MAX_BYTES} bytes")
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--env-file {file}: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
        ) from error
    variables = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise UsageError(f"{file}:{number}: no = in this line", hint="write NAME=VALUE")
        _check_name(name.strip(), f"{file}:{number}")
        variables[name.strip()] = value
    return variables


def _check_name(name: str, where: str) -> None:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{where}: {name!r} is not the name of a variable")
