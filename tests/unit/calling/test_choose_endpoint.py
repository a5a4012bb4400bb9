from pathlib import Path

import pytest

from hf_spaces_runner.calling.choose_endpoint import choose_endpoint
from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, ParameterKind, Returned
from hf_spaces_runner.calling.user_file import UserFile
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import InvalidInputError, NoEndpointError

K = ParameterKind
SAID = (Returned(label="Said", component="Textbox"),)
PICTURE = InputValue(path=Path("a.png"))


def parameter(name: str, kind: ParameterKind = K.TEXT, *, has_default: bool = False) -> Parameter:
    return Parameter(name=name, label=name, component="X", kind=kind, has_default=has_default)


def endpoint(name: str, *parameters: Parameter, returns: tuple[Returned, ...] = SAID, public: bool = True) -> Endpoint:
    return Endpoint(name=name, parameters=parameters, returns=returns, public=public)


TEXT = endpoint("/text", parameter("text"))
TEXT_AND_MORE = endpoint("/more", parameter("text"), parameter("n", K.NUMBER, has_default=True))
IMAGE = endpoint("/image", parameter("picture", K.IMAGE))
FILE = endpoint("/file", parameter("file", K.FILE))


@pytest.mark.parametrize("name", ["text", "/text"])
def test_a_name_decides(name: str) -> None:
    assert choose_endpoint([IMAGE, TEXT_AND_MORE, TEXT], Call(prompt="x", endpoint=name)) == (TEXT, ("x",))


def test_a_name_reaches_what_is_not_public() -> None:
    hidden = endpoint("/_hidden", parameter("text"), returns=(), public=False)
    assert choose_endpoint([TEXT, hidden], Call(prompt="x", endpoint="_hidden"))[0] is hidden


def test_an_unknown_name_lists_the_names() -> None:
    with pytest.raises(NoEndpointError, match=r"no endpoint /txt; it has: /text, /image"):
        choose_endpoint([TEXT, IMAGE], Call(prompt="x", endpoint="txt"))


@pytest.mark.parametrize(
    ("call", "chosen"),
    [
        (Call(prompt="x"), TEXT),
        (Call(prompt="x", inputs=(InputValue(name="n", value="1"),)), TEXT_AND_MORE),
        (Call(inputs=(PICTURE,)), IMAGE),
        (Call(inputs=(InputValue(path=Path("a.csv")),)), FILE),
    ],
)
def test_what_is_given_decides(call: Call, chosen: Endpoint) -> None:
    assert choose_endpoint([FILE, TEXT_AND_MORE, TEXT, IMAGE], call)[0] is chosen


def test_the_bound_values_come_along() -> None:
    assert choose_endpoint([TEXT, IMAGE], Call(inputs=(PICTURE,)))[1] == (UserFile(Path("a.png")),)


@pytest.mark.parametrize(
    "other",
    [
        endpoint("/silent", parameter("text"), returns=()),
        endpoint("/state", parameter("text"), returns=(Returned(label="", component="State", hidden=True),)),
        endpoint("/_private", parameter("text")),
        endpoint("/lambda", parameter("text")),
        endpoint("/lambda_1", parameter("text")),
        endpoint("/clear_chat", parameter("text")),
        endpoint("/flag", parameter("text")),
        endpoint("/kept_out", parameter("text"), public=False),
        endpoint("/text_1", parameter("text")),
    ],
    ids=lambda other: other.name,
)
def test_what_serves_the_page_is_left_out(other: Endpoint) -> None:
    assert choose_endpoint([TEXT, other], Call(prompt="x"))[0] is TEXT


@pytest.mark.parametrize("name", ["/clearance", "/flagship", "/loader", "/text_2_speech"])
def test_a_name_that_only_begins_like_one_stays(name: str) -> None:
    with pytest.raises(NoEndpointError, match="2 endpoints of the Space take a prompt"):
        choose_endpoint([TEXT, endpoint(name, parameter("text"))], Call(prompt="x"))


def test_equals_are_listed_with_their_signatures() -> None:
    other = endpoint("/other", parameter("words"))
    with pytest.raises(NoEndpointError) as caught:
        choose_endpoint([TEXT, other, IMAGE], Call(prompt="x"))
    assert caught.value.message == (
        "2 endpoints of the Space take a prompt:\n  /text(text: text) -> Said\n  /other(words: text) -> Said"
    )
    assert caught.value.hint == "name one with --endpoint"


def test_none_that_fits_is_said_with_what_there_is() -> None:
    call = Call(prompt="x", inputs=(PICTURE, PICTURE, InputValue(value="1")))
    with pytest.raises(
        NoEndpointError, match="no endpoint of the Space takes a prompt and 2 files and 1 value:\n  /text"
    ):
        choose_endpoint([TEXT, IMAGE], call)


def test_the_only_one_says_what_does_not_fit() -> None:
    with pytest.raises(InvalidInputError, match="/image has no free text parameter for the prompt"):
        choose_endpoint([IMAGE, endpoint("/clear")], Call(prompt="x"))


def test_many_signatures_are_cut() -> None:
    many = [endpoint(f"/e{chr(97 + number % 26)}{chr(97 + number // 26)}", parameter("text")) for number in range(40)]
    with pytest.raises(NoEndpointError, match="and 10 more"):
        choose_endpoint(many, Call(prompt="x"))
