from pathlib import Path

import pytest

from hf_spaces_runner.calling.coerce_value import coerce_value, media_of, takes_file
from hf_spaces_runner.calling.endpoint import Parameter, ParameterKind

K = ParameterKind
CHOICES = ("Red", "red", "Blue", 3)


def parameter(kind: ParameterKind, **more: object) -> Parameter:
    return Parameter(name="it", label="It", component="X", kind=kind, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        (K.TEXT, "3", "3"),
        (K.TEXT, "", ""),
        (K.TEXT, 3, "3"),
        (K.NUMBER, "3", 3),
        (K.NUMBER, " -3 ", -3),
        (K.NUMBER, "1e3", 1000.0),
        (K.NUMBER, 2.5, 2.5),
        (K.INTEGER, "3.0", 3),
        (K.BOOLEAN, "Yes", True),
        (K.BOOLEAN, "0", False),
        (K.BOOLEAN, False, False),
        (K.CHOICE, "red", "red"),
        (K.CHOICE, "BLUE", "Blue"),
        (K.CHOICE, "3", 3),
        (K.LIST, "Red, blue", ["Red", "Blue"]),
        (K.LIST, '["Red", 3]', ["Red", 3]),
        (K.LIST, ["Blue"], ["Blue"]),
        (K.LIST, "", []),
        (K.JSON, '{"a": 1}', {"a": 1}),
        (K.JSON, "no json", "no json"),
        (K.JSON, {"a": 1}, {"a": 1}),
        (K.MESSAGE, "hi", {"text": "hi", "files": []}),
        (K.IMAGE, "null", None),
        (K.FILE, None, None),
    ],
)
def test_a_value_becomes_what_the_parameter_takes(kind: ParameterKind, given: object, expected: object) -> None:
    got = coerce_value(parameter(kind, choices=CHOICES if kind in {K.CHOICE, K.LIST} else ()), given)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        (K.TEXT, ["a"], "takes text"),
        (K.TEXT, True, "takes text"),
        (K.NUMBER, "three", "takes a number"),
        (K.NUMBER, "nan", "takes a number"),
        (K.NUMBER, float("inf"), "takes a number"),
        (K.NUMBER, "9" * 5000, "takes a number"),
        (K.NUMBER, "²", "takes a number"),
        (K.NUMBER, True, "takes a number"),
        (K.NUMBER, 0, "takes a number from 1"),
        (K.NUMBER, "11", "takes a number up to 10"),
        (K.INTEGER, "3.5", "takes a whole number"),
        (K.BOOLEAN, "maybe", "takes true or false"),
        (K.CHOICE, "RED", "takes one of Red, red, Blue, 3"),
        (K.LIST, "Red,green", "takes one of"),
        (K.LIST, "[1", "takes a list"),
        (K.LIST, "[" * 100_000, "takes a list"),
        (K.IMAGE, "cat.png", "takes an image file: write -i it=@PATH"),
        (K.VIDEO, "x", "takes a video file"),
    ],
)
def test_what_does_not_fit_is_refused(kind: ParameterKind, given: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        coerce_value(parameter(kind, choices=CHOICES, minimum=1, maximum=10), given)


def test_choices_are_shown_short_and_without_what_a_terminal_would_obey() -> None:
    hostile = parameter(K.CHOICE, choices=("\x1b[31mred", "x" * 1_000_000, *["y"] * 100_000))
    with pytest.raises(ValueError, match=r"^takes one of red, x{59}…, y, y,.* y, \.\.\.$") as caught:
        coerce_value(hostile, "green")
    assert len(str(caught.value)) < 300


def test_rows_become_a_table() -> None:
    table = Parameter(name="t", label="T", component="Dataframe", kind=K.TABLE)
    assert coerce_value(table, '[["a", 1], ["b"]]') == {"headers": ["1", "2"], "data": [["a", 1], ["b"]]}
    assert coerce_value(table, '{"data": []}') == {"data": []}


def test_without_choices_any_is_one() -> None:
    assert coerce_value(parameter(K.CHOICE), "own words") == "own words"


@pytest.mark.parametrize(
    ("kind", "name", "fits"),
    [
        (K.IMAGE, "a.PNG", True),
        (K.IMAGE, "a.wav", False),
        (K.IMAGE, "a.pdf", False),
        (K.IMAGE, "a", True),
        (K.AUDIO, "a.mp4", True),
        (K.VIDEO, "a.gif", True),
        (K.VIDEO, "a.mp3", False),
        (K.FILE, "a.mp3", True),
        (K.TEXT, "a.txt", False),
    ],
)
def test_a_file_fits_by_its_name(kind: ParameterKind, name: str, fits: bool) -> None:
    assert takes_file(parameter(kind), Path(name)) is fits


def test_media_of_a_name() -> None:
    assert [media_of(Path(name)) for name in ("a.JPG", "a.opus", "a.mkv", "a.csv", "a.xyz", "a")] == [
        "image",
        "audio",
        "video",
        "document",
        None,
        None,
    ]
