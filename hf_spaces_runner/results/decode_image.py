"""Decodes one hostile picture in a process of its own, which may take little memory and time: a script, not imported.

It writes width and height, four bytes each, and the pixels as RGB to stdout; it ends with 1 where there is no picture.
"""

import contextlib
import resource
import struct
import sys
import warnings

MEMORY_BYTES = 1024**3
CPU_SECONDS = 5
MOST_PIXELS = 50_000_000
FORMATS = ("PNG", "JPEG", "GIF", "WEBP")


def main(path: str, width: int, height: int) -> None:
    """Write the first picture in the file at `path`, scaled down into `width` times `height` pixels."""
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        with contextlib.suppress(ValueError, OSError):  # not every system has each of them
            resource.setrlimit(limit, (most, most))
    from PIL import Image, ImageOps  # noqa: PLC0415 - within the limits

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    with Image.open(path, formats=FORMATS) as image:
        image.draft("RGB", (width, height))
        image.thumbnail((width, height))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        upright.thumbnail((width, height))  # again: what lay on its side may be too high now
        ground = Image.new("RGBA", upright.size, "white")
        pixels = Image.alpha_composite(ground, upright).convert("RGB")
    sys.stdout.buffer.write(struct.pack(">II", *pixels.size) + pixels.tobytes())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
