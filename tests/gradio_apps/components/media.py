"""What the endpoints with pictures, sounds, plots and other files do."""

import tempfile
import wave
from pathlib import Path
from typing import Any

import matplotlib as mpl
from generation import path_of, pictures_of  # type: ignore[import-not-found]
from matplotlib.figure import Figure
from PIL import Image, ImageOps

mpl.use("agg")


def _fresh(name: str) -> Path:
    return Path(tempfile.mkdtemp()) / name


def image(picture: Image.Image) -> Image.Image:
    return ImageOps.invert(picture.convert("RGB"))


def image_file(path: str) -> str:
    target = _fresh("mirrored.png")
    ImageOps.mirror(Image.open(path)).save(target)
    return str(target)


def image_editor(drawing: dict[str, Any]) -> dict[str, Any]:
    inverted = image(drawing["composite"])
    return {"background": inverted, "layers": drawing["layers"], "composite": inverted}


def annotated_image(picture: Image.Image) -> tuple[Image.Image, list[tuple[tuple[int, ...], str]]]:
    width, height = picture.size
    return picture, [((0, 0, width // 2, height), "left half")]


def gallery(pictures: Any) -> list[tuple[Image.Image, str]]:
    return [(image(picture), f"not {caption}") for picture, caption in reversed(pictures_of(pictures))]


def audio(path: str) -> str:
    """Give the first half of a recording."""
    target = _fresh("half.wav")
    with wave.open(path) as sound, wave.open(str(target), "wb") as half:
        half.setparams(sound.getparams())
        half.writeframes(sound.readframes(sound.getnframes() // 2))
    return str(target)


def audio_samples(sound: tuple[int, Any]) -> tuple[int, Any]:
    rate, samples = sound
    return rate, samples[::-1]


def same_file(path: str) -> str:
    return path


def file(document: Any) -> str:
    target = _fresh("loud text.txt")
    target.write_text(path_of(document).read_text("utf-8").upper(), "utf-8")
    return str(target)


def files(documents: list[Any]) -> list[str]:
    return [file(document) for document in reversed(documents)]


def download_button(text: str) -> str:
    target = _fresh("download.txt")
    target.write_text(text, "utf-8")
    return str(target)


def model3d(path: str) -> str:
    target = _fresh("model.obj")
    target.write_text(Path(path).read_text("utf-8") + "v 9 9 9\n", "utf-8")
    return str(target)


def plot(height: float) -> Figure:
    figure = Figure(figsize=(1, 1))
    figure.subplots().plot([0, height])
    return figure
