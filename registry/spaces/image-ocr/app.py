"""A Space that reads the printed text in a picture by Tesseract, with the language data that Debian packs."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import pytesseract
from PIL import Image, ImageOps

MAX_PIXELS = 40_000_000
# Above this side length letters are larger than Tesseract needs, and below the other they are mostly too small.
MAX_SIDE_PIXELS = 5_000
ENLARGED_BELOW_PIXELS = 1_500
TIMEOUT_S = 60
LANGUAGES = {"eng": "English", "deu": "German", "fra": "French", "spa": "Spanish"}

# Tesseract's own threads wait for each other more than they work: one is faster where cores are few.
os.environ["OMP_THREAD_LIMIT"] = "1"


@contextmanager
def unreadable_told() -> Iterator[None]:
    """Turn what Pillow raises for broken data into one sentence for the user."""
    try:
        yield
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise gr.Error("The file is not an image that can be read: give JPEG, PNG or WebP.") from error


def read_picture(path: Path) -> Image.Image:
    """Open a picture as grey on white, upright and of a size that suits Tesseract.

    Raises:
        gr.Error: not a picture, a broken one, or one of more than `MAX_PIXELS`.
    """
    with unreadable_told():
        picture = Image.open(path)
    with picture:
        if picture.width * picture.height > MAX_PIXELS:
            size = f"{picture.width} x {picture.height}"
            raise gr.Error(f"The image has {size} pixels; at most {MAX_PIXELS:,} are read: shrink it.")
        with unreadable_told():
            upright = ImageOps.exif_transpose(picture).convert("RGBA")
    # What is transparent counts as white paper.
    grey = Image.alpha_composite(Image.new("RGBA", upright.size, "white"), upright).convert("L")
    longer = max(grey.size)
    scale = 2.0 if longer < ENLARGED_BELOW_PIXELS else min(1.0, MAX_SIDE_PIXELS / longer)
    if scale == 1:
        return grey
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return grey.resize(size, Image.Resampling.LANCZOS)


def read(image: str | None, language: str = "eng") -> str:
    """Give the text of a picture, an empty one if none was recognised.

    Raises:
        gr.Error: no picture was given, `read_picture` could not read it, the language is none of `LANGUAGES`, or
            Tesseract failed or took longer than `TIMEOUT_S`.
    """
    if image is None:
        raise gr.Error("There is no image: give a picture of text.")
    if language not in LANGUAGES:
        raise gr.Error(f"The language {language!r} is not here: give one of {', '.join(LANGUAGES)}.")
    picture = read_picture(Path(image))
    try:
        text: str = pytesseract.image_to_string(picture, lang=language, timeout=TIMEOUT_S)
    except pytesseract.TesseractError as error:
        raise gr.Error(f"Tesseract could not read the image: {error.message}") from error
    except RuntimeError as error:  # so pytesseract tells a timeout
        raise gr.Error(f"Reading took longer than {TIMEOUT_S} s: give a smaller part of the image.") from error
    return text.strip()


demo = gr.Interface(
    fn=read,
    inputs=[
        # image_mode=None hands the file over as it came: the cap on pixels is checked before anything is decoded.
        gr.Image(label="Image", type="filepath", image_mode=None),
        gr.Dropdown(label="Language", choices=[(name, code) for code, name in LANGUAGES.items()], value="eng"),
    ],
    outputs=gr.Textbox(label="Text", lines=10),
    title="Image OCR",
    description="The printed text in a picture, by Tesseract: scans and screenshots suit it best.",
    api_name="read",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    # gr.Image and gr.Dropdown check what they get before `read` is called; show_error sends that to the caller too.
    demo.launch(show_error=True)
