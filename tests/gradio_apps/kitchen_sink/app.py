"""An app with one endpoint for each way in which Gradio takes or gives something; it runs on Gradio 4, 5 and 6."""

import tempfile
import time
import wave
from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr  # type: ignore[import-not-found]
from PIL import Image, ImageOps


def text(message: str) -> str:
    return f"You said: {message}"


def mixed(message: str, count: float, loud: bool, ending: str) -> str:
    said = " ".join([message] * int(count)) + ending
    return said.upper() if loud else said


def invert(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(picture.convert("RGB"))


def measure(recording: str) -> str:
    with wave.open(recording) as sound:
        return f"{sound.getnframes() / sound.getframerate():.2f} s, {sound.getnchannels()} channel"


def shout(document: str) -> str:
    target = Path(tempfile.mkdtemp()) / "lauter Text.txt"
    target.write_text(Path(document).read_text("utf-8").upper(), "utf-8")
    return str(target)


def split(message: str) -> list[str]:
    folder = Path(tempfile.mkdtemp())
    paths = [folder / f"word-{number}.txt" for number, _ in enumerate(message.split(), start=1)]
    for path, word in zip(paths, message.split(), strict=True):
        path.write_text(word, "utf-8")
    return [str(path) for path in paths]


def count_files(documents: list[str], names: list[str]) -> str:
    return f"{len(documents)} files, {len(names)} names: {', '.join(sorted(names))}"


def label(message: str) -> dict[str, float]:
    share = message.count("!") / max(1, len(message))
    return {"excited": share, "calm": 1 - share}


def as_json(message: str) -> dict[str, object]:
    return {"message": message, "words": message.split(), "length": len(message), "nested": {"none": None}}


def gallery(message: str) -> list[tuple[Image.Image, str]]:
    return [(Image.new("RGB", (8, 8), colour), colour) for colour in message.split()]


def table(message: str) -> list[list[object]]:
    return [[word, len(word)] for word in message.split()]


def stream(message: str) -> Iterator[str]:
    said = ""
    for word in message.split():
        said = f"{said} {word}".strip()
        yield said


def steps(message: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 - Gradio looks for this default
    for number in range(3):
        progress((number, 3), desc=f"step {number}")
        time.sleep(0.2)
    return message


def refuse(message: str) -> str:
    raise gr.Error(f"I refuse \x1b[31m{message}")


def crash(message: str) -> str:
    raise ValueError(f"a secret detail about {message}")


def notes(message: str) -> str:
    gr.Info(f"an info about {message}")
    gr.Warning(f"a warning about {message}")
    return message


def remember(message: str, memory: list[str] | None) -> tuple[str, list[str]]:
    memory = [*(memory or []), message]
    return " | ".join(memory), memory


def quick(message: str) -> str:
    return message[::-1]


def quick_refuse(message: str) -> str:
    raise gr.Error(f"not even quickly: {message}")


def slow(seconds: float) -> str:
    time.sleep(seconds)
    return f"slept {seconds:g} s"


def silent(message: str) -> None:
    print(message)


def picture_and_text(message: str, picture: str | None) -> tuple[str, str]:
    return f"{message}: {picture is not None}", f"<b>{message}</b>"


with gr.Blocks() as demo:
    message = gr.Textbox(label="Message")
    said = gr.Textbox(label="Said")
    count = gr.Number(value=2, label="Count")
    loud = gr.Checkbox(value=False, label="Loud")
    ending = gr.Dropdown(choices=[".", "!", "?!"], value="!", label="Ending")
    picture = gr.Image(type="pil", label="Picture")
    optional_picture = gr.Image(type="filepath", label="Optional picture", value=None)
    inverted = gr.Image(type="pil", label="Inverted", format="png")
    recording = gr.Audio(type="filepath", label="Recording")
    document = gr.File(label="Document")
    documents = gr.File(label="Documents", file_count="multiple")
    names = gr.CheckboxGroup(choices=["ä", "b", "c"], value=["ä"], label="Names")
    paper = gr.File(label="Paper")
    papers = gr.File(label="Papers", file_count="multiple")
    mood = gr.Label(label="Mood")
    facts = gr.JSON(label="Facts")
    pictures = gr.Gallery(label="Pictures", format="png")
    lengths = gr.Dataframe(headers=["word", "length"], label="Lengths")
    page = gr.HTML(label="Page")
    memory = gr.State(None)
    seconds = gr.Number(value=0, label="Seconds")

    def offer(function: Callable[..., object], inputs: object, outputs: object, **options: object) -> None:
        gr.Button().click(function, inputs, outputs, api_name=function.__name__, **options)

    offer(text, message, said)
    offer(mixed, [message, count, loud, ending], said)
    offer(invert, picture, inverted)
    offer(measure, recording, said)
    offer(shout, document, paper)
    offer(split, message, papers)
    offer(count_files, [documents, names], said)
    offer(label, message, mood)
    offer(as_json, message, facts)
    offer(gallery, message, pictures)
    offer(table, message, lengths)
    offer(stream, message, said)
    offer(steps, message, said)
    offer(refuse, message, said)
    offer(crash, message, said)
    offer(notes, message, said)
    offer(remember, [message, memory], [said, memory])
    offer(quick, message, said, queue=False)
    offer(quick_refuse, message, said, queue=False)
    offer(slow, seconds, said)
    offer(silent, message, None)
    offer(picture_and_text, [message, optional_picture], [said, page])

if __name__ == "__main__":
    demo.launch()
