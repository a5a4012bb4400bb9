"""Shows pictures in a terminal that can: as sixels, by kitty's protocol, or as coloured half blocks."""

import os
import sys
from collections.abc import Iterable

from hf_spaces_runner.domain.result import OutputFile

_MOST = 4
_PIXELS = (640, 480)
_COLUMNS, _LINES = 64, 20
_ASPECT = 2
"""A character is about twice as high as it is wide."""


def show_previews(files: Iterable[OutputFile]) -> None:
    """Show the first four pictures among `files`, if this is a terminal with colours and the extra `preview` is there.

    stdin must be one as well: the terminal is asked there what it can do.
    """
    pictures = [file for file in files if file.media_type.startswith("image/")][:_MOST]
    if not pictures or not _is_capable():
        return
    import logging  # noqa: PLC0415 - few runs bring pictures
    import termios  # noqa: PLC0415 - only a terminal has it

    from hf_spaces_runner.results.thumbnail import make_thumbnail  # noqa: PLC0415 - few runs bring pictures

    try:  # it asks the terminal while it is imported
        from PIL import Image  # noqa: PLC0415
        from rich.console import Console  # noqa: PLC0415
        from textual_image.renderable import Image as Drawn  # noqa: PLC0415
    except (ImportError, OSError, ValueError, termios.error):
        return
    logging.getLogger("textual_image").setLevel(logging.ERROR)  # that a terminal does not answer worries nobody
    console = Console()
    for picture in pictures:
        small = make_thumbnail(picture.path, width=_PIXELS[0], height=_PIXELS[1])
        if small is None:
            continue
        columns = min(_COLUMNS, console.width - 1, _LINES * _ASPECT * small.width // small.height)
        image = Image.frombytes("RGB", (small.width, small.height), small.rgb)
        console.print(Drawn(image, width=max(1, columns), height="auto"))


def _is_capable() -> bool:
    if os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in {"", "dumb"}:
        return False
    # What it is drawn with looks at the streams that Python began with.
    streams = (sys.stdin, sys.__stdin__, sys.stdout, sys.__stdout__)
    if not all(stream is not None and stream.isatty() for stream in streams):
        return False
    return min(os.get_terminal_size()) > 0  # one that nobody told its size has none
