"""GradioCaller and the result processor against real Gradio apps, in containers that run as on the Hub."""

import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from hf_spaces_runner.calling.gradio.caller import GradioCaller
from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.domain.call import Call
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Progress, ignore_progress
from hf_spaces_runner.domain.request import InputValue
from hf_spaces_runner.errors import CallTimeoutError, InvalidInputError, NoEndpointError, SpaceFailedError
from hf_spaces_runner.results.process import ProcessedAnswer, process_result
from tests.one_call import call_once

pytestmark = pytest.mark.engine

VERSIONS = ("4.44.1", "5.49.1", "6.31.0")


class Sink:
    """The kitchen sink app of one version, with folders for one test."""

    def __init__(self, base_url: str, folder: Path) -> None:
        self.base_url = base_url
        self.folder = folder
        self.progress: list[Progress] = []
        self._runs = 0

    def ask(
        self, endpoint: str | None, prompt: str | None = None, *inputs: InputValue, limit_s: float = 60
    ) -> ProcessedAnswer:
        """Return what the app answers."""
        self._runs += 1
        scratch = self.folder / f"scratch-{self._runs}"
        scratch.mkdir()
        call = Call(prompt=prompt, inputs=inputs, endpoint=endpoint)
        deadline = Deadline.after(limit_s, time.monotonic)
        answer = call_once(GradioCaller(), self.base_url, call, scratch, deadline, self.progress.append)
        return process_result(answer, category="", output_type="", output_directory=self.folder / "out")

    def text(self, endpoint: str, prompt: str | None = None, *inputs: InputValue) -> str | None:
        """Return the text of what the app answers."""
        return self.ask(endpoint, prompt, *inputs).text

    def file(self, name: str, content: bytes, parameter: str | None = None) -> InputValue:
        """Return an input that is a new file."""
        path = self.folder / name
        path.write_bytes(content)
        return InputValue(name=parameter, path=path)


@pytest.fixture(params=VERSIONS)
def sink(request: pytest.FixtureRequest, gradio_app: Callable[[str, str], str], tmp_path: Path) -> Sink:
    return Sink(gradio_app(request.param, "kitchen_sink"), tmp_path)


def value(name: str, given: object) -> InputValue:
    return InputValue(name=name, value=given)


def picture(sink: Sink) -> InputValue:
    path = sink.folder / "röd bild.png"
    Image.new("RGB", (40, 30), (255, 0, 16)).save(path)
    return InputValue(path=path)


def recording(sink: Sink) -> InputValue:
    path = sink.folder / "sound.wav"
    with wave.open(str(path), "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(8000)
        writer.writeframes(bytes(16_000))
    return InputValue(path=path)


def test_text(sink: Sink) -> None:
    assert sink.text("text", "Grüße 日本 😀\n\ttab") == "You said: Grüße 日本 😀\n\ttab"


def test_a_prompt_of_a_megabyte(sink: Sink) -> None:
    assert sink.text("text", "m" * 1_000_000) == "You said: " + "m" * 1_000_000


def test_values_are_coerced_and_defaults_filled(sink: Sink) -> None:
    assert sink.text("mixed", "hi") == "hi hi!"
    given = (value("Count", "3"), value("loud", "yes"), value("3", "?!"))
    assert sink.text("/mixed", "hi", *given) == "HI HI HI?!"


def test_a_value_that_is_no_choice_never_reaches_the_app(sink: Sink) -> None:
    with pytest.raises(InvalidInputError, match=r"ending takes one of \., !, \?!, not .;"):
        sink.ask("mixed", "hi", value("ending", ";"))


def test_an_image_chooses_its_endpoint_and_comes_back_as_a_file(sink: Sink) -> None:
    processed = sink.ask(None, None, picture(sink))
    (output,) = processed.outputs
    assert (output.label, output.kind) == ("Inverted", OutputKind.IMAGE)
    assert output.path is not None
    with Image.open(output.path) as image:
        assert (image.size, image.convert("RGB").getpixel((5, 5))) == ((40, 30), (0, 255, 239))
    assert [(file.path, file.media_type) for file in processed.files] == [(output.path, "image/png")]


def test_a_recording_chooses_its_endpoint(sink: Sink) -> None:
    assert sink.ask(None, None, recording(sink)).text == "1.00 s, 1 channel"


def test_a_prompt_and_an_image_choose_their_endpoint(sink: Sink) -> None:
    processed = sink.ask(None, "look", picture(sink))
    assert (processed.text, [output.value for output in processed.outputs]) == (
        "look: True",
        ["look: True", "<b>look</b>"],
    )


def test_an_image_may_be_left_out_by_name(sink: Sink) -> None:
    assert sink.text("picture_and_text", "look", value("picture", None)) == "look: False"


def test_a_file_with_any_name_goes_in_and_out(sink: Sink) -> None:
    (file,) = sink.ask("shout", None, sink.file("Straße \udcff.txt", "grüße".encode())).files
    assert (file.path.name, file.path.read_text("utf-8"), file.media_type) == (
        "lauter Text.txt",
        "GRÜSSE",
        "text/plain",
    )


def test_many_files(sink: Sink) -> None:
    files = sink.ask("split", "one two three").files
    assert [file.path.read_text() for file in files] == ["one", "two", "three"]
    given = (sink.file("a.txt", b"a"), sink.file("b.bin", b"b", "documents"), value("names", "b, ä"))
    assert sink.text("count_files", None, *given) == "2 files, 2 names: b, ä"


def test_a_label_reads_as_its_top_class(sink: Sink) -> None:
    processed = sink.ask("label", "a!")
    assert processed.text == "excited"
    assert processed.outputs[0].value == {
        "label": "excited",
        "confidences": [{"label": "excited", "confidence": 0.5}, {"label": "calm", "confidence": 0.5}],
    }


def test_json(sink: Sink) -> None:
    processed = sink.ask("as_json", "a ü")
    assert processed.outputs[0].kind is OutputKind.JSON
    assert processed.outputs[0].value == {"message": "a ü", "words": ["a", "ü"], "length": 3, "nested": {"none": None}}


def test_a_gallery_is_images_with_captions(sink: Sink) -> None:
    processed = sink.ask("gallery", "red blue")
    assert [output.kind for output in processed.outputs] == [OutputKind.IMAGE, OutputKind.IMAGE, OutputKind.JSON]
    names = [file.path.name for file in processed.files]
    assert processed.outputs[2].value == [
        {"image": {"file": names[0]}, "caption": "red"},
        {"image": {"file": names[1]}, "caption": "blue"},
    ]


def test_a_table(sink: Sink) -> None:
    (output,) = sink.ask("table", "red blue").outputs
    assert (output.kind, output.value) == (
        OutputKind.TABLE,
        {"headers": ["word", "length"], "data": [["red", 3], ["blue", 4]]},
    )


def test_a_generator_gives_its_last_output(sink: Sink) -> None:
    assert sink.text("stream", "one two three") == "one two three"
    assert "/stream gave partial output 3" in [event.message for event in sink.progress]


def test_progress_is_told(sink: Sink) -> None:
    assert sink.text("steps", "x") == "x"
    told = [(event.message, event.completed, event.total) for event in sink.progress]
    assert [event for event in told if event[0].startswith("step ")] == [(f"step {n}", n, 3) for n in range(3)]
    assert sink.progress[-1].done


def test_notes_of_the_app_are_told(sink: Sink) -> None:
    assert sink.text("notes", "x") == "x"
    told = [(event.message, event.warning) for event in sink.progress if event.note]
    assert told == [("the Space says: an info about x", False), ("the Space says: a warning about x", True)]


@pytest.mark.parametrize(
    ("endpoint", "message"),
    [("refuse", "/refuse failed: I refuse x"), ("quick_refuse", "/quick_refuse failed: not even quickly: x")],
)
def test_an_error_of_the_app_is_told(sink: Sink, endpoint: str, message: str) -> None:
    with pytest.raises(SpaceFailedError) as caught:
        sink.ask(endpoint, "x")
    assert caught.value.message == message


def test_an_exception_without_a_text_says_so(sink: Sink) -> None:
    with pytest.raises(SpaceFailedError, match="raised an error and hides its text") as caught:
        sink.ask("crash", "x")
    assert caught.value.verdict == "space_error_hidden"


def test_a_state_needs_no_input_and_is_new_for_each_call(sink: Sink) -> None:
    assert [sink.text("remember", "a"), sink.text("remember", "b")] == ["a", "b"]
    assert len(sink.ask("remember", "a").outputs) == 1


def test_a_function_without_a_queue(sink: Sink) -> None:
    assert sink.text("quick", "abc") == "cba"


def test_a_function_without_outputs(sink: Sink) -> None:
    assert sink.ask("silent", "x") == ProcessedAnswer(text=None, outputs=(), files=())
    assert not (sink.folder / "out").exists()


def test_a_slow_function_is_given_up_and_the_next_call_works(sink: Sink) -> None:
    with pytest.raises(CallTimeoutError, match="/slow was not answered within 1 s: the function was running"):
        sink.ask("slow", None, value("seconds", 2), limit_s=1)
    assert sink.text("slow", None, value("seconds", "0")) == "slept 0 s"


def test_endpoints_that_fit_equally_are_listed(sink: Sink) -> None:
    with pytest.raises(
        NoEndpointError, match=r"endpoints of the Space take a prompt:\n  /text\(message: text\) -> Said"
    ):
        sink.ask(None, "x")


def test_all_endpoints_are_read(sink: Sink) -> None:
    with GradioCaller().open(sink.base_url, Deadline.after(30, time.monotonic)) as session:
        endpoints = session.endpoints
    signatures = {endpoint.name: endpoint.signature for endpoint in endpoints}
    assert len(signatures) == 22
    assert signatures["/mixed"] == (
        '/mixed(message: text, count: number = 2, loud: true|false = false, ending: "."|"!"|"?!" = "!") -> Said'
    )
    assert signatures["/count_files"] == (
        '/count_files(documents: list of files, names: list of "ä"|"b"|"c" = ["ä"]) -> Said'
    )
    assert signatures["/silent"] == "/silent(message: text) -> nothing"


def test_nothing_is_told_to_who_does_not_ask(sink: Sink, tmp_path: Path) -> None:
    call = Call(prompt="x", endpoint="quick")
    deadline = Deadline.after(30, time.monotonic)
    assert call_once(GradioCaller(), sink.base_url, call, tmp_path, deadline, ignore_progress).outputs[0].value == "x"
