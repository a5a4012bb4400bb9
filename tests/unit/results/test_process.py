from pathlib import Path

import pytest

from hf_spaces_runner.domain.answer import Answer, AnswerFile, AnswerOutput, OutputKind
from hf_spaces_runner.errors import AnswerError
from hf_spaces_runner.results.process import ProcessedAnswer, process_result

PNG = b"\x89PNG\r\n\x1a\n"
K = OutputKind


def process(tmp_path: Path, *outputs: AnswerOutput, output_type: str = "", category: str = "") -> ProcessedAnswer:
    answer = Answer(endpoint="/do", outputs=outputs)
    return process_result(answer, category=category, output_type=output_type, output_directory=tmp_path / "out")


def output(component: str, value: object, *files: AnswerFile, label: str = "It") -> AnswerOutput:
    return AnswerOutput(label=label, component=component, value=value, files=files)


def made(folder: Path, number: int, name: str, content: bytes = PNG) -> AnswerFile:
    path = folder / str(number)
    path.write_bytes(content)
    return AnswerFile(path=path, original_name=name)


LABEL = {"label": "cat", "confidences": [{"label": "cat", "confidence": 0.9}]}
TABLE = {"headers": ["a"], "data": [[1]], "metadata": None}


@pytest.mark.parametrize(
    ("component", "value", "kind", "kept", "text"),
    [
        ("Textbox", "hi", K.TEXT, "hi", "hi"),
        ("Textbox", "", K.TEXT, "", ""),
        ("Textbox", None, K.TEXT, None, None),
        ("Markdown", "# a\n\tb", K.TEXT, "# a\n\tb", "# a\n\tb"),
        ("Number", 3, K.TEXT, "3", "3"),
        ("Number", 0.5, K.TEXT, "0.5", "0.5"),
        ("Checkbox", True, K.TEXT, "true", "true"),
        ("Dropdown", ["a", "b"], K.JSON, ["a", "b"], '["a","b"]'),
        ("Label", LABEL, K.JSON, LABEL, "cat"),
        ("Label", {"label": None}, K.JSON, {"label": None}, '{"label":null}'),
        ("Json", {"a": [1, "ä"]}, K.JSON, {"a": [1, "ä"]}, '{"a":[1,"ä"]}'),
        ("Json", "text", K.TEXT, "text", "text"),
        ("Dataframe", TABLE, K.TABLE, {"headers": ["a"], "data": [[1]]}, "a\n1"),
        ("Chatbot", [["a", "b"]], K.JSON, [["a", "b"]], '[["a","b"]]'),
        ("Image", None, K.IMAGE, None, None),
        ("Image", "https://elsewhere.example/x.png", K.TEXT, "https://elsewhere.example/x.png", "https://elsewhere.example/x.png"),
        ("Homemade", "hi", K.TEXT, "hi", "hi"),
        ("Homemade", {"a": 1}, K.JSON, {"a": 1}, '{"a":1}'),
    ],
)  # fmt: skip
def test_each_component_has_its_kind(
    tmp_path: Path, component: str, value: object, kind: OutputKind, kept: object, text: str | None
) -> None:
    processed = process(tmp_path, output(component, value))
    (only,) = processed.outputs
    assert (only.label, only.kind, only.value, only.path) == ("It", kind, kept, None)
    assert processed.text == text
    assert processed.files == ()
    assert not (tmp_path / "out").exists()


def test_no_outputs_are_no_text(tmp_path: Path) -> None:
    assert process(tmp_path) == ProcessedAnswer(text=None, outputs=(), files=())


@pytest.mark.parametrize(
    ("output_type", "category", "text"),
    [
        ("", "", "hi"),
        ("text", "", "hi"),
        ("json", "", '{"a":1}'),
        ("", "json_extraction", '{"a":1}'),
        ("text", "json_extraction", "hi"),
        ("table", "", "1"),
    ],
)
def test_the_text_is_the_first_that_reads_as_one_unless_more_is_known(
    tmp_path: Path, output_type: str, category: str, text: str
) -> None:
    outputs = (
        output("Json", {"a": 1}),
        output("Dataframe", {"data": [[1]]}),
        output("Textbox", "hi"),
        output("Html", "x"),
    )
    assert process(tmp_path, *outputs, output_type=output_type, category=category).text == text


def test_a_file_is_an_output_with_a_path(tmp_path: Path) -> None:
    file = made(tmp_path, 1, "cat.exe")
    processed = process(tmp_path, output("Image", {"file": "cat.exe"}, file))
    target = tmp_path / "out" / "cat.exe.png"
    assert [(one.kind, one.value, one.path) for one in processed.outputs] == [(K.IMAGE, None, target)]
    assert [(one.path, one.media_type, one.size_bytes) for one in processed.files] == [(target, "image/png", 8)]
    assert processed.text is None


def test_the_kind_of_a_file_is_that_of_its_content(tmp_path: Path) -> None:
    processed = process(tmp_path, output("Image", {"file": "a.png"}, made(tmp_path, 1, "a.png", b"no image")))
    assert [(one.kind, one.path) for one in processed.outputs] == [(K.FILE, tmp_path / "out" / "a.txt")]


def test_captions_stay_with_the_names_that_the_files_got(tmp_path: Path) -> None:
    value = [{"image": {"file": "a.png"}, "caption": "one"}, {"image": {"file": "a.png"}, "caption": None}]
    files = (made(tmp_path, 1, "a.png"), made(tmp_path, 2, "a.png"))
    processed = process(tmp_path, output("Gallery", value, *files))
    assert [one.kind for one in processed.outputs] == [K.IMAGE, K.IMAGE, K.JSON]
    assert processed.outputs[2].value == [
        {"image": {"file": "a.png"}, "caption": "one"},
        {"image": {"file": "a-2.png"}, "caption": None},
    ]
    assert processed.text is None


@pytest.mark.parametrize(
    ("component", "value"),
    [
        ("Video", {"video": {"file": "a.png"}, "subtitles": None}),
        ("Gallery", [{"image": {"file": "a.png"}, "caption": None}]),
        ("Plot", {"type": "matplotlib", "plot": {"file": "a.png"}}),
        ("Imageeditor", {"background": {"file": "a.png"}, "layers": [], "composite": None}),
    ],
)
def test_a_wrapping_that_says_nothing_is_left_out(tmp_path: Path, component: str, value: object) -> None:
    processed = process(tmp_path, output(component, value, made(tmp_path, 1, "a.png")))
    assert [one.kind for one in processed.outputs] == [K.IMAGE]


def test_text_loses_what_a_terminal_would_obey(tmp_path: Path) -> None:
    value = {"a\x1b[2J": ["\x1b]0;title\x07b", {"c\x00": "d\u202e"}], "n": float("nan"), "i": float("-inf"), "t": True}
    processed = process(tmp_path, output("Json", value, label="la\x1b[31mbel\n2"), output("Textbox", "x\x1b[8my\nz"))
    assert processed.outputs[0].value == {"a": ["b", {"c": "d"}], "n": None, "i": None, "t": True}
    assert processed.outputs[0].label == "label 2"
    assert processed.text == "xy\nz"


def test_a_value_of_a_hundred_thousand_levels_is_refused(tmp_path: Path) -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    with pytest.raises(AnswerError, match="nested deeper than 200"):
        process(tmp_path, output("Json", value))


def test_a_text_of_many_megabytes_is_kept(tmp_path: Path) -> None:
    text = "ä\x07" * 3_000_000
    assert process(tmp_path, output("Textbox", text)).text == "ä" * 3_000_000


def test_a_space_cannot_pass_a_value_off_as_a_file(tmp_path: Path) -> None:
    processed = process(tmp_path, output("Json", {"x": {"file": "/etc/passwd"}, "y": 1}))
    assert processed.outputs[0].value == {"x": {"file": "/etc/passwd"}, "y": 1}
    assert processed.files == ()
