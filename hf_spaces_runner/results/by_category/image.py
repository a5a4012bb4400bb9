"""Measures pictures by their headers: nothing is decoded, so that a decompression bomb is a pair of numbers."""

from dataclasses import replace

from hf_spaces_runner.domain.result import OutputFile
from hf_spaces_runner.results.bounded_reader import BoundedReader
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part

# An SVG has a size only for who draws it, and a parser of XML would have to be trusted.
_MEASURED = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/tiff", "image/avif", "image/heic"})
_LARGEST_SIDE = 2**31 - 1


def measure_images(part: Part, _: OutputFiles | None) -> Part:
    """Return `part` with the size of each of its pictures."""
    return replace(part, files=tuple(_measured(file) for file in part.files))


def _measured(file: OutputFile) -> OutputFile:
    if file.media_type not in _MEASURED:
        return file
    import imagesize  # type: ignore[import-untyped]  # noqa: PLC0415 - only a picture needs it

    with BoundedReader(file.path) as reader:
        width, height = imagesize.get(reader)  # (-1, -1) for whatever it does not understand
    whole = all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in (width, height))
    return replace(file, width=width, height=height) if whole else file
