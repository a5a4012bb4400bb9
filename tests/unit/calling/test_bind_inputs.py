from pathlib import Path

import pytest

from hf_spaces_runner.calling.bind_inputs import bind_inputs
from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, ParameterKind
from hf_spaces_runner.calling.user_file import UserFile
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import InvalidInputError

K = ParameterKind


def parameter(name: str, kind: ParameterKind = K.TEXT, **more: object) -> Parameter:
    return Parameter(name=name, label=f"The {name}", component="X", kind=kind, **more)  # type: ignore[arg-type]


def default(name: str, value: object, kind: ParameterKind = K.TEXT, **more: object) -> Parameter:
    return parameter(name, kind, has_default=True, default=value, **more)


def endpoint(*parameters: Parameter) -> Endpoint:
    return Endpoint(name="/do", parameters=parameters)


def named(name: str, value: object = None) -> InputValue:
    return InputValue(name=name, value=value)


def file(path: str, name: str | None = None) -> InputValue:
    return InputValue(name=name, path=Path(path))


def test_the_prompt_goes_to_the_first_text_and_defaults_fill_the_rest() -> None:
    do = endpoint(parameter("picture", K.IMAGE), default("n", 3, K.NUMBER), parameter("text"), default("style", "x"))
    assert bind_inputs(do, Call(prompt="hi", inputs=(file("a.png"),))) == (UserFile(Path("a.png")), 3, "hi", "x")


@pytest.mark.parametrize("name", ["style", "The style", "THE STYLE", "1"])
def test_a_name_is_a_parameter_a_label_or_a_number(name: str) -> None:
    assert bind_inputs(
        endpoint(parameter("text"), parameter("style")), Call(prompt="a", inputs=(named(name, "b"),))
    ) == (
        "a",
        "b",
    )


def test_what_is_named_leaves_the_next_text_to_the_prompt() -> None:
    do = endpoint(parameter("system"), parameter("text"))
    assert bind_inputs(do, Call(prompt="hi", inputs=(named("system", "be kind"),))) == ("be kind", "hi")


def test_files_go_to_parameters_of_their_kind() -> None:
    do = endpoint(parameter("any", K.FILE), parameter("sound", K.AUDIO), parameter("picture", K.IMAGE))
    given = (file("a.png"), file("b.wav"), file("c.bin"))
    assert bind_inputs(do, Call(inputs=given)) == (
        UserFile(Path("c.bin")),
        UserFile(Path("b.wav")),
        UserFile(Path("a.png")),
    )


def test_two_pictures_fill_two_parameters_in_order() -> None:
    do = endpoint(parameter("one", K.IMAGE), parameter("two", K.IMAGE))
    got = bind_inputs(do, Call(inputs=(file("a.png"), file("b.png"))))
    assert got == (UserFile(Path("a.png")), UserFile(Path("b.png")))


def test_a_list_takes_all_the_files() -> None:
    do = endpoint(parameter("papers", K.FILE, many=True))
    assert bind_inputs(do, Call(inputs=(file("a.txt"), file("b.png"), file("c", "papers")))) == (
        [UserFile(Path("c")), UserFile(Path("a.txt")), UserFile(Path("b.png"))],
    )


def test_a_wrapped_file_goes_under_its_keys() -> None:
    do = endpoint(parameter("film", K.VIDEO, wrapper=("video",)), parameter("sketch", K.IMAGE, wrapper=("a", "b")))
    film, sketch = UserFile(Path("a.mp4")), UserFile(Path("b.png"))
    assert bind_inputs(do, Call(inputs=(file("a.mp4"), file("b.png")))) == ({"video": film}, {"a": sketch, "b": sketch})


def test_a_chat_message_takes_text_and_files() -> None:
    do = endpoint(parameter("message", K.MESSAGE))
    expected = ({"text": "hi", "files": [UserFile(Path("a.png"))]},)
    assert bind_inputs(do, Call(prompt="hi", inputs=(file("a.png"),))) == expected
    assert bind_inputs(do, Call(inputs=(file("a.png", "message"), named("message", "hi")))) == expected


def test_unnamed_values_go_to_the_first_that_takes_them() -> None:
    do = endpoint(parameter("n", K.NUMBER), parameter("loud", K.BOOLEAN), parameter("text"))
    given = (InputValue(value="hello"), InputValue(value="yes"), InputValue(value="5"))
    assert bind_inputs(do, Call(inputs=given)) == (5, True, "hello")


def test_a_list_grows_with_each_input() -> None:
    do = endpoint(parameter("tags", K.LIST))
    assert bind_inputs(do, Call(inputs=(named("tags", "a,b"), named("tags", "c")))) == (["a", "b", "c"],)


def test_presets_come_before_the_prompt_and_after_the_user() -> None:
    do = endpoint(parameter("task"), parameter("text"), parameter("picture", K.IMAGE), parameter("n", K.NUMBER))
    presets = {"task": "caption", "text": "$prompt", "picture": "$file", "n": 7}
    call = Call(prompt="hi", inputs=(file("a.bin"), named("n", "8")), preset_inputs=presets)
    assert bind_inputs(do, call) == ("caption", "hi", UserFile(Path("a.bin")), 8)


def test_a_preset_for_a_prompt_that_is_not_there_leaves_the_default() -> None:
    do = endpoint(default("text", "hello"), default("picture", None, K.IMAGE))
    assert bind_inputs(do, Call(preset_inputs={"text": "$prompt", "picture": "$file"})) == ("hello", None)


def test_a_default_is_not_copied() -> None:
    do = endpoint(default("tags", ["a"], K.LIST))
    assert bind_inputs(do, Call())[0] is do.parameters[0].default
    assert bind_inputs(do, Call(inputs=(named("tags", "b"),))) == (["b"],)
    assert do.parameters[0].default == ["a"]


@pytest.mark.parametrize(
    ("parameters", "call", "message"),
    [
        ((parameter("n", K.NUMBER),), Call(prompt="x"), "/do has no free text parameter for the prompt"),
        ((parameter("a"), parameter("b"), parameter("c")), Call(prompt="x"), "/do needs b and c"),
        ((parameter("a"),), Call(inputs=(named("z", "1"),)), "/do has no parameter 'z'"),
        ((parameter("a"),), Call(inputs=(named("2", "1"),)), "/do has no parameter '2'"),
        ((parameter("a"),), Call(inputs=(named("a", "1"), named("a", "2"))), "a is given twice"),
        ((parameter("n", K.NUMBER),), Call(inputs=(named("n", "x"),)), "n takes a number, not 'x'"),
        ((parameter("a"),), Call(inputs=(file("a.txt"),)), "/do has no free parameter for the file 'a.txt'"),
        ((parameter("p", K.IMAGE),), Call(inputs=(file("a.wav"),)), "/do has no free parameter for the file 'a.wav'"),
        ((parameter("p", K.IMAGE),), Call(inputs=(file("a.wav", "p"),)), "p takes a file of another kind than 'a.wav'"),
        ((parameter("a"),), Call(inputs=(file("a.wav", "a"),)), "a takes a value, not the file 'a.wav'"),
        (
            (parameter("p", K.IMAGE),),
            Call(inputs=(file("a", "p"), file("b", "p"))),
            "p takes one file, and is given two",
        ),
        ((parameter("p", K.IMAGE),), Call(inputs=(InputValue(value="x"),)), "no free parameter for the value 'x'"),
        ((parameter("a"),), Call(preset_inputs={"b": 1}), "/do has no parameter 'b'"),
    ],
)
def test_what_does_not_fit_names_it_and_shows_the_signature(
    parameters: tuple[Parameter, ...], call: Call, message: str
) -> None:
    do = endpoint(*parameters)
    with pytest.raises(InvalidInputError) as caught:
        bind_inputs(do, call)
    assert message in caught.value.message
    assert do.signature in caught.value.message


def test_a_crowd_of_missing_values_is_counted() -> None:
    do = endpoint(*(parameter(f"p{number}") for number in range(10_000)))
    with pytest.raises(InvalidInputError, match=r"/do needs p1, p2, .*, p10 and 9989 more\n"):
        bind_inputs(do, Call(prompt="x"))


def test_two_parameters_of_one_label_need_a_number() -> None:
    do = endpoint(*(Parameter(name=name, label="Text", component="X", kind=K.TEXT) for name in ("a", "b")))
    with pytest.raises(InvalidInputError, match="2 parameters are called 'Text'"):
        bind_inputs(do, Call(inputs=(named("Text", "x"),)))
