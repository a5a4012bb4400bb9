"""What differs between the generations of Gradio, so that app.py reads as if there were one."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr  # type: ignore[import-not-found]
from PIL import Image

VERSION = tuple(int(part) for part in gr.__version__.split(".")[:2])

# Seen with 4.8 and no longer with 4.16: a queued call of a batched function ends the app's queue for good, and each
# video that comes in needs ffprobe.
BATCHES = TAKES_VIDEO = VERSION != (4, 8)

# Lists of messages came with 4.44; pairs of texts went with 6.0.
MESSAGES = VERSION >= (4, 44)

HIDDEN = {"api_visibility": "undocumented"} if VERSION >= (6, 0) else {"show_api": False}


def make(kind: str, **options: Any) -> Any:
    """Return a new component, made with those of the `options` that this Gradio knows."""
    component = getattr(gr, kind)
    return component(**known(component.__init__, options))


def known(function: Callable[..., object], options: dict[str, Any]) -> dict[str, Any]:
    """Return those of the `options` that the `function` names among its parameters."""
    return {name: value for name, value in options.items() if name in inspect.signature(function).parameters}


def path_of(file: Any) -> Path:
    """Return where an uploaded file lies: Gradio 3 gives an open file, later ones a path."""
    return Path(getattr(file, "name", file))


def pictures_of(gallery: Any) -> list[tuple[Image.Image, str | None]]:
    """Return the pictures and captions of a gallery; Gradio 3 and 4.8 hand over what came by the wire."""
    if VERSION < (4, 0):
        return [(Image.open(file["name"]), caption) for file, caption in gallery]
    if VERSION == (4, 8):
        return [(Image.open(item.image.path), item.caption) for item in gallery.root]
    return list(gallery)


def text_of(content: Any) -> str:
    """Return what a message says; Gradio 6 makes a list of parts of it."""
    return content if isinstance(content, str) else "".join(part["text"] for part in content)
