import shlex

import pytest

from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, Returned
from hf_spaces_runner.calling.endpoint import ParameterKind as K
from hf_spaces_runner.cli.presenter import Format, Presenter
from hf_spaces_runner.cli.run_inputs import read_inputs
from hf_spaces_runner.cli.show_endpoints import command_line, endpoint_as_json, show_endpoints


def parameter(name: str, kind: K, **more: object) -> Parameter:
    return Parameter(name=name, label="", component="X", kind=kind, **more)  # type: ignore[arg-type]


DRAW = Endpoint(
    name="/draw it",
    parameters=(
        parameter("text", K.TEXT),
        parameter("style", K.TEXT),
        parameter("picture", K.IMAGE),
        parameter("steps", K.INTEGER, minimum=2),
        parameter("size", K.CHOICE, choices=("it's big", "small")),
        parameter("seed", K.NUMBER, has_default=True, default=7),
    ),
    returns=(Returned(label="Picture", component="Image"), Returned(label="", component="State", hidden=True)),
)


def test_the_command_line_gives_what_must_be_given_and_can_be_pasted() -> None:
    line = command_line("user/name", DRAW)
    words = shlex.split(line)
    assert words[:7] == ["hfsr", "run", "your text", "--hf-space", "user/name", "--endpoint", "/draw it"]
    given = read_inputs([word for word, before in zip(words[1:], words, strict=False) if before == "-i"])
    assert [(one.name, str(one.path or one.value)) for one in given] == [
        ("style", "text"), ("picture", "photo.png"), ("steps", "2"), ("size", "it's big")
    ]  # fmt: skip


def test_they_are_shown_with_their_signature_and_their_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    quiet = Endpoint(name="/hidden", public=False)
    show_endpoints(Presenter(Format.AUTO, 0), "x", (DRAW, quiet))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == DRAW.signature
    assert lines[1] == f"  {command_line('x', DRAW)}"
    assert lines[2:] == [
        "/hidden() -> nothing  (not public: it must be named)",
        "  hfsr run --hf-space x --endpoint /hidden",
    ]


def test_the_json_has_all_that_a_program_needs() -> None:
    shown = endpoint_as_json("x", DRAW)
    assert shown["returns"] == [{"label": "Picture", "component": "Image"}]
    parameters = shown["parameters"]
    assert isinstance(parameters, list)
    assert parameters[3] == {
        "name": "steps", "label": "", "kind": "integer", "component": "X", "many": False, "required": True,
        "default": None, "choices": [], "minimum": 2, "maximum": None, "takes_file": False,
    }  # fmt: skip
    assert [one["takes_file"] for one in parameters] == [False, False, True, False, False, False]


@pytest.mark.parametrize(
    ("choices", "typed"),
    [
        (("\x1b]0;owned\x07", "good"), "good"),
        (("a\nrm -rf ~", "\u202eevil", ""), "text"),
        (("$(rm -rf ~)",), "$(rm -rf ~)"),
        (("@/etc/passwd",), "@@/etc/passwd"),
        ((True, "x"), "true"),
    ],
)
def test_what_a_space_offers_to_choose_cannot_hurt_who_pastes_it(choices: tuple[object, ...], typed: str) -> None:
    endpoint = Endpoint(name="/x", parameters=(parameter("a", K.CHOICE, choices=choices),))
    line = command_line("x", endpoint)
    assert line.isprintable()
    assert shlex.split(line)[-1] == f"a={typed}"
