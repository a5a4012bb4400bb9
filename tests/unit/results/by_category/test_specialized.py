from pathlib import Path

import pytest

from hf_spaces_runner.domain.answer import Answer, AnswerOutput
from hf_spaces_runner.results.by_category.specialized import code_blocks
from hf_spaces_runner.results.process import ProcessedAnswer, process_result


def process(
    folder: Path, value: object, *, component: str = "Textbox", category: str = "specialized", write: bool = True
) -> ProcessedAnswer:
    answer = Answer(endpoint="/do", outputs=(AnswerOutput(label="It", component=component, value=value),))
    return process_result(
        answer, category=category, output_type="", output_directory=folder / "out", tables_as_files=write
    )


def contents(processed: ProcessedAnswer) -> dict[str, str]:
    return {file.path.name: file.path.read_text() for file in processed.files}


ANSWER = "Like this:\n\n```python\nprint('ä')\n```\nand\n~~~ Bash title=x\nls\n~~~\nor\n```\nplain\n```\n"


def test_code_blocks_are_files_and_the_text_stays(tmp_path: Path) -> None:
    processed = process(tmp_path, ANSWER)
    assert contents(processed) == {"code-1.py": "print('ä')\n", "code-2.sh": "ls\n", "code-3.txt": "plain\n"}
    assert processed.text == ANSWER
    assert processed.outputs[0].path is None
    assert all(not file.path.stat().st_mode & 0o111 for file in processed.files)


@pytest.mark.parametrize("category", ["text_processing", "image_processing", "audio_processing"])
def test_only_categories_with_code_in_them_write_it(tmp_path: Path, category: str) -> None:
    assert process(tmp_path, ANSWER, category=category).files == ()
    assert process(tmp_path, ANSWER, write=False).files == ()
    assert not (tmp_path / "out").exists()


def test_in_a_chat_only_what_was_answered_counts(tmp_path: Path) -> None:
    chat = [
        {"role": "user", "content": "```c\nint a;\n```"},
        {"role": "assistant", "content": [{"type": "text", "text": "```c\nint b;\n```"}]},
    ]
    assert contents(process(tmp_path, chat, component="Chatbot")) == {"code-1.c": "int b;\n"}


@pytest.mark.parametrize("language", ["../../etc/passwd", "bat", "exe", "\x00", "a" * 5000, "desktop", "ps1", "vbs"])
def test_a_language_cannot_choose_a_name(tmp_path: Path, language: str) -> None:
    assert list(contents(process(tmp_path, f"```{language}\nx\n```"))) == ["code-1.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_the_user_had_there_stays(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "code-1.py").write_text("mine")
    assert contents(process(tmp_path, "```py\nx\n```")) == {"code-1-2.py": "x\n"}
    assert (tmp_path / "out" / "code-1.py").read_text() == "mine"


def test_at_most_fifty_blocks_are_written(tmp_path: Path) -> None:
    assert len(process(tmp_path, "```py\nx\n```\n" * 1000).files) == 50


def test_only_the_first_million_characters_are_looked_at(tmp_path: Path) -> None:
    assert contents(process(tmp_path, [ANSWER, "x" * 1024**2, ANSWER], component="Json")).keys() == {
        "code-1.py",
        "code-2.sh",
        "code-3.txt",
    }


@pytest.mark.parametrize("text", ["", "no code", "``` ```", "```\n\n```", "a `b` c"])
def test_a_text_without_code_has_no_blocks(text: str) -> None:
    assert code_blocks(text) == []
