"""Turns one value that the user gave into what one parameter takes."""

import json
import math
from pathlib import PurePath
from typing import assert_never

from hf_spaces_runner.calling.endpoint import FILE_KINDS, Parameter, ParameterKind
from hf_spaces_runner.calling.table import as_table
from hf_spaces_runner.calling.user_file import file_of_text
from hf_spaces_runner.domain.terminal import one_line

_TRUE = frozenset({"true", "yes", "on", "1", "y"})
_FALSE = frozenset({"false", "no", "off", "0", "n"})
_IMAGES = "bmp gif heic ico jpeg jpg png svg tif tiff webp avif"
_SOUNDS = "aac aif aiff flac m4a mp3 oga ogg opus wav wma"
_FILMS = "avi m4v mkv mov mp4 mpeg mpg webm wmv"
_DOCUMENTS = "csv doc docx htm html json md pdf ppt pptx py srt tar tsv txt xls xlsx xml yaml yml zip gz"
_MEDIA = {
    f".{extension}": media
    for media, extensions in (
        ("image", _IMAGES), ("audio", _SOUNDS), ("video", _FILMS), ("document", _DOCUMENTS)
    )
    for extension in extensions.split()
}  # fmt: skip
_TAKES = {
    ParameterKind.IMAGE: {"image", None},
    ParameterKind.AUDIO: {"audio", "video", None},  # players and decoders take the sound of a film
    ParameterKind.VIDEO: {"video", "image", None},  # an animated GIF
    ParameterKind.FILE: {"image", "audio", "video", "document", None},
}

_MAX_CHOICES, _CHOICE_LENGTH = 30, 60


def media_of(path: PurePath) -> str | None:
    """Return `image`, `audio`, `video` or `document` by the extension of `path`; None where it tells nothing."""
    return _MEDIA.get(path.suffix.casefold())


def takes_file(parameter: Parameter, path: PurePath) -> bool:
    """Return whether a file like `path` fits `parameter`, as far as its name tells."""
    if parameter.kind is ParameterKind.TABLE:
        return path.suffix.casefold() in (".csv", ".tsv", ".txt", "")
    return parameter.kind in FILE_KINDS and media_of(path) in _TAKES[parameter.kind]


def coerce_value(parameter: Parameter, value: object) -> object:  # noqa: PLR0911 - one return a kind
    """Return `value` as the JSON that `parameter` takes; strings are read as the command line means them.

    Raises:
        ValueError: it does not fit; the message says what would.
    """
    kind = parameter.kind
    match kind:
        case ParameterKind.TEXT:
            return _text(value)
        case ParameterKind.NUMBER | ParameterKind.INTEGER:
            return _number(parameter, value)
        case ParameterKind.BOOLEAN:
            return _boolean(value)
        case ParameterKind.CHOICE:
            return _choice(parameter, value)
        case ParameterKind.LIST:
            return [_choice(parameter, item) for item in _list(value)]
        case ParameterKind.JSON:
            return _json(value)
        case ParameterKind.TABLE:
            return as_table(_json(value))
        case ParameterKind.MESSAGE:
            return value if isinstance(value, dict) else {"text": _text(value), "files": []}
        case ParameterKind.IMAGE | ParameterKind.AUDIO | ParameterKind.VIDEO | ParameterKind.FILE:
            return _file(parameter, value)
        case _:
            assert_never(kind)


def _text(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    raise ValueError("takes text")


def _number(parameter: Parameter, value: object) -> int | float:
    number = _finite(value)
    if number is None:
        raise ValueError("takes a number")
    if parameter.kind is ParameterKind.INTEGER:
        if number != int(number):
            raise ValueError("takes a whole number")
        number = int(number)
    if parameter.minimum is not None and number < parameter.minimum:
        raise ValueError(f"takes a number from {parameter.minimum:g}")
    if parameter.maximum is not None and number > parameter.maximum:
        raise ValueError(f"takes a number up to {parameter.maximum:g}")
    return number


def _finite(value: object) -> int | float | None:
    if isinstance(value, str):
        try:
            value = int(value) if _is_integer(value) else float(value)
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if isinstance(value, int) or math.isfinite(value) else None


def _is_integer(text: str) -> bool:
    return text.strip().removeprefix("-").removeprefix("+").isdecimal()


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().casefold()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError("takes true or false")


def _choice(parameter: Parameter, value: object) -> object:
    if not parameter.choices or any(choice == value and type(choice) is type(value) for choice in parameter.choices):
        return value
    text = str(value).strip()
    for found in (
        [choice for choice in parameter.choices if str(choice) == text],
        [choice for choice in parameter.choices if str(choice).casefold() == text.casefold()],
    ):
        if len(found) == 1:
            return found[0]
    shown = [one_line(str(choice), limit=_CHOICE_LENGTH) for choice in parameter.choices[:_MAX_CHOICES]]
    raise ValueError(f"takes one of {', '.join(shown)}{', ...' if len(parameter.choices) > _MAX_CHOICES else ''}")


def _list(value: object) -> list[object]:
    if isinstance(value, list | tuple):
        return list(value)
    if not isinstance(value, str):
        return [value]
    if value.lstrip().startswith("["):
        try:
            parsed: object = json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError("takes a list: a,b or a JSON list") from None
        return parsed if isinstance(parsed, list) else [parsed]
    return [part.strip() for part in value.split(",")] if value else []


def _json(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _file(parameter: Parameter, value: object) -> object:
    if value is None or (isinstance(value, str) and value.casefold() in ("null", "none")):
        return None
    if isinstance(value, dict) and isinstance(value.get("path"), str):
        return value  # as the Space itself has written it
    file = file_of_text(value) if isinstance(value, str) else None
    if file is not None:
        return file
    article = "an" if parameter.kind in (ParameterKind.IMAGE, ParameterKind.AUDIO) else "a"
    raise ValueError(f"takes {article} {parameter.kind}: write -i {parameter.name}=@PATH")
