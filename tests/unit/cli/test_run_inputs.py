import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.cli.run_inputs import read_environment, read_inputs, read_prompt, read_secrets
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import UsageError


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("text", InputValue(value="text")),
        ("name=text", InputValue(name="name", value="text")),
        ("name=", InputValue(name="name", value="")),
        ("name=a=b", InputValue(name="name", value="a=b")),
        ("Number of steps=20", InputValue(name="Number of steps", value="20")),
        ("0=x", InputValue(name="0", value="x")),
        ("name=@photo.jpg", InputValue(name="name", path=Path("photo.jpg"))),
        ("@photo.jpg", InputValue(path=Path("photo.jpg"))),
        ("@a=b.jpg", InputValue(path=Path("a=b.jpg"))),
        ("@@home", InputValue(value="@home")),
        ("name=@@home", InputValue(name="name", value="@home")),
        ("name=two\nlines", InputValue(name="name", value="two\nlines")),
        ("=x", InputValue(value="=x")),
        ("@/own/\udcff.txt", InputValue(path=Path("/own/\udcff.txt"))),
    ],
)
def test_each_form_of_an_input(word: str, meant: InputValue) -> None:
    assert read_inputs([word]) == (meant,)


@pytest.mark.parametrize("word", ["", "@", "name=@", "@~nobody-of-this-name/x"])
def test_what_is_no_input_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        read_inputs([word])


NAMES = st.text(min_size=1, max_size=20).filter(
    lambda name: "=" not in name and "@" not in name[0] and name == name.strip()
)
VALUES = st.text(max_size=30)


@given(NAMES, VALUES)
def test_a_named_value_is_read_as_it_was_written(name: str, value: str) -> None:
    word = f"{name}=@{value}" if value.startswith("@") else f"{name}={value}"
    assert read_inputs([word]) == (InputValue(name=name, value=value),)


@given(st.text(max_size=50))
def test_any_word_is_one_input_or_none(word: str) -> None:
    try:
        (read,) = read_inputs([word])
    except UsageError as error:
        assert error.exit_code == 2  # noqa: PT017 - which of both it is depends on the word
    else:
        assert (read.value is None) != (read.path is None)


def test_a_tilde_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/own")
    assert read_inputs(["@~/x"])[0].path == Path("/own/x")


@pytest.mark.parametrize(
    ("word", "stdin", "prompt"),
    [
        (None, b"not read", None),
        ("hello", b"not read", "hello"),
        ("", b"not read", ""),
        ("-", b"from stdin\n", "from stdin"),
        ("-", "größer\n\n".encode(), "größer\n"),
        ("-", b"", ""),
        ("-", b"x" * 1024**2, "x" * 1024**2),
    ],
)
def test_the_prompt_is_the_word_or_what_comes_on_stdin(word: str | None, stdin: bytes, prompt: str | None) -> None:
    assert read_prompt(word, io.BytesIO(stdin)) == prompt


@pytest.mark.parametrize(("word", "stdin"), [("a\udcffb", b""), ("-", b"a\xffb"), ("-", "é".encode("latin-1"))])
def test_a_prompt_that_is_not_utf_8_is_refused(word: str, stdin: bytes) -> None:
    with pytest.raises(UsageError, match="not UTF-8"):
        read_prompt(word, io.BytesIO(stdin))


def test_variables_come_from_words_from_the_environment_and_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("# a comment\n\nA=file\nB=a=b # not a comment\nC=\n D =x\n", encoding="utf-8")
    variables = read_environment(["A=word", "HOME", "E=", "F=a=b"], file, {"HOME": "/own", "TOKEN": "not named"})
    assert variables == {
        "A": "word",
        "B": "a=b # not a comment",
        "C": "",
        "D": "x",
        "HOME": "/own",
        "E": "",
        "F": "a=b",
    }


@pytest.mark.parametrize("word", ["", "=x", "1A=x", "A B=x", "A-B=x", "NOT_SET", "Ä=x", "--privileged"])
def test_what_is_no_variable_is_refused(word: str) -> None:
    with pytest.raises(UsageError):
        read_environment([word], None, {})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"A=1\nnonsense\n", r":2: no = in this line"),
        (b"A=1\n\n1B=2\n", r":3: '1B' is not the name of a variable"),
        (b"A=\xff\n", "not UTF-8"),
        (b"#" * (1024**2 + 1), "larger than 1048576 bytes"),
    ],
)
def test_a_file_of_variables_that_is_broken_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "env"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        read_environment([], file, {})
    assert str(file) in caught.value.message


@pytest.mark.parametrize("name", ["none", ".", "/dev/null/x"])
def test_a_file_of_variables_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be read|is not a file"):
        read_environment([], tmp_path / name, {})


def test_a_device_in_place_of_a_file_of_variables_is_not_read() -> None:
    with pytest.raises(UsageError, match="is not a file"):
        read_environment([], Path("/dev/null"), {})


def test_a_closed_stdin_matters_only_to_a_prompt_that_is_read_from_it() -> None:
    assert read_prompt("hello", None) == "hello"
    with pytest.raises(UsageError, match="stdin is closed"):
        read_prompt("-", None)


def test_secrets_are_read_from_the_environment_and_hide() -> None:
    secrets = read_secrets(["TOKEN", "OTHER"], {"TOKEN": "hunter2", "OTHER": ""})
    assert {name: secret.reveal() for name, secret in secrets.items()} == {"TOKEN": "hunter2", "OTHER": ""}
    assert "hunter2" not in repr(secrets)


@pytest.mark.parametrize("name", ["NOT_SET", "TOKEN=hunter2", "", "=hunter2", "A B", "=", "1A"])
def test_what_is_no_secret_is_refused_and_not_shown(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_secrets([name], {"TOKEN": "hunter2"})
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
