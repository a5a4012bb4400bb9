"""Makes a small picture of a hostile one, in a process of its own."""

import os
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

_SCRIPT = Path(__file__).with_name("decode_image.py")
_TIMEOUT_S = 10.0
_MOST_BYTES = 64 * 1024**2
_HEAD = struct.Struct(">II")
_KEPT_VARIABLES = ("LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thumbnail:
    """A picture of `width` times `height` pixels; `rgb` has three bytes for each, line by line from the top."""

    width: int
    height: int
    rgb: bytes


def make_thumbnail(path: Path, *, width: int, height: int) -> Thumbnail | None:
    """Return the picture in the file at `path`, scaled down into `width` times `height` pixels.

    None where Pillow is missing, where it is no PNG, JPEG, GIF or WebP, or where decoding it would take more than
    64 MiB of file, 50 million pixels, 1 GiB of memory, 5 seconds of computing or 10 of time. A decoder that crashes
    takes nothing along, and sees no variable of ours.
    """
    if not sys.executable or path.stat().st_size > _MOST_BYTES:
        return None
    command = [sys.executable, "-I", str(_SCRIPT), str(path.absolute()), str(width), str(height)]
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    try:
        ended = subprocess.run(  # noqa: S603 - our own script, and a path that we made
            command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, timeout=_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if ended.returncode != 0 or len(ended.stdout) < _HEAD.size:
        return None
    size, rgb = _HEAD.unpack(ended.stdout[: _HEAD.size]), ended.stdout[_HEAD.size :]
    fits = 0 < size[0] <= width and 0 < size[1] <= height and len(rgb) == size[0] * size[1] * 3
    return Thumbnail(width=size[0], height=size[1], rgb=rgb) if fits else None
