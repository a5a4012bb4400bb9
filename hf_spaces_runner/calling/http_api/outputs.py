"""Makes outputs of what a Space answers over HTTP, in the words that results know."""

from hf_spaces_runner.calling.answer_files import AnswerFiles, embedded
from hf_spaces_runner.calling.http_api.exchange import Body
from hf_spaces_runner.calling.http_api.media_type import extension_of
from hf_spaces_runner.domain.answer import AnswerFile, AnswerOutput

TEXT, JSON, FILE = "Textbox", "JSON", "File"


def output_of_body(label: str, body: Body, files: AnswerFiles) -> AnswerOutput:
    """Return the whole of `body` as one output."""
    return output_of(label, body.value, files) if body.file is None else _of_file(label, body.file)


def output_of(label: str, value: object, files: AnswerFiles) -> AnswerOutput:
    """Return `value` as an output: a text, JSON, or the file that a `data:` URL holds.

    Raises:
        AnswerError: there are too many files.
        NoSpaceLeftError: the disk is full.
    """
    if not isinstance(value, str):
        return AnswerOutput(label=label, component=JSON, value=value)
    content = embedded(value) if value.startswith("data:") else None
    if content is None:
        return AnswerOutput(label=label, component=TEXT, value=value)
    type_ = value[len("data:") :].partition(";")[0].lower()
    return _of_file(label, files.write([content], f"{label}{extension_of(type_)}"))


def _of_file(label: str, file: AnswerFile) -> AnswerOutput:
    return AnswerOutput(label=label, component=FILE, value={"file": file.original_name}, files=(file,))
