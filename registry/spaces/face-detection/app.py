"""A Space that finds frontal faces in a picture by a Haar cascade, which OpenCV's package carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock

import cv2
import gradio as gr
import numpy as np
from PIL import Image, ImageDraw, ImageOps

MAX_PIXELS = 40_000_000
# The cascade looks at a picture of at most this size: faster, and faces smaller than 1/30 of it are noise anyway.
DETECTION_SIDE_PIXELS = 1_280
MIN_FACE_PIXELS = 40

CASCADE = cv2.CascadeClassifier(str(Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"))
# A classifier holds the state of one search, and Gradio calls from several threads where its queue is not used.
CASCADE_LOCK = Lock()

Box = dict[str, int]


@contextmanager
def unreadable_told() -> Iterator[None]:
    """Turn what Pillow raises for broken data into one sentence for the user."""
    try:
        yield
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise gr.Error("The file is not an image that can be read: give JPEG, PNG or WebP.") from error


def read_picture(path: Path) -> Image.Image:
    """Open a picture as RGB, upright.

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
            return ImageOps.exif_transpose(picture).convert("RGB")


def find_faces(picture: Image.Image) -> list[Box]:
    """Give the boxes of the frontal faces, left to right, in pixels of the picture."""
    scale = min(1.0, DETECTION_SIDE_PIXELS / max(picture.size))
    small = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))))
    grey = cv2.equalizeHist(np.asarray(small.convert("L")))
    with CASCADE_LOCK:
        found = CASCADE.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=5, minSize=(MIN_FACE_PIXELS, MIN_FACE_PIXELS)
        )
    boxes = ([round(int(number) / scale) for number in box] for box in found)
    return sorted(
        ({"x": x, "y": y, "width": width, "height": height} for x, y, width, height in boxes),
        key=lambda box: (box["x"], box["y"]),
    )


def detect(image: str | None) -> tuple[Image.Image, list[Box]]:
    """Give the picture with a frame around each face, and the boxes.

    Raises:
        gr.Error: no picture was given, or `read_picture` could not read it.
    """
    if image is None:
        raise gr.Error("There is no image: give a picture.")
    picture = read_picture(Path(image))
    boxes = find_faces(picture)
    draw = ImageDraw.Draw(picture)
    for box in boxes:
        corner = (box["x"] + box["width"] - 1, box["y"] + box["height"] - 1)
        draw.rectangle((box["x"], box["y"], *corner), outline=(0, 220, 90), width=max(2, max(picture.size) // 250))
    return picture, boxes


demo = gr.Interface(
    fn=detect,
    # image_mode=None hands the file over as it came, so that the cap on pixels is checked before anything is decoded.
    inputs=gr.Image(label="Image", type="filepath", image_mode=None),
    outputs=[gr.Image(label="Faces", format="jpeg"), gr.JSON(label="Boxes")],
    title="Face detection",
    description="Frames the frontal faces of a picture, by OpenCV's Haar cascade.",
    api_name="detect",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    # gr.Image opens the file before `detect` is called; show_error sends that failure to the caller too.
    demo.launch(show_error=True)
