"""Measures sounds: how long they are, and how often a second they were sampled."""

import math
from dataclasses import replace

from hf_spaces_runner.domain.result import OutputFile
from hf_spaces_runner.results.bounded_reader import BoundedReader
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part

_LOWEST_BITS_PER_SECOND = 200.0
"""No codec for speech takes less than 700; a file that says otherwise lies about its length."""
_HIGHEST_RATE_HZ = 10_000_000


def measure_sounds(part: Part, _: OutputFiles | None) -> Part:
    """Return `part` with the duration and the sample rate of each of its sounds."""
    return replace(part, files=tuple(_measured(file) for file in part.files))


def _measured(file: OutputFile) -> OutputFile:
    if not file.media_type.startswith("audio/"):
        return file
    from tinytag import TinyTag, TinyTagException  # noqa: PLC0415 - only a sound needs it

    with BoundedReader(file.path) as reader:
        try:
            tag = TinyTag.get(file_obj=reader, tags=False)  # type: ignore[arg-type] # read, seek and tell is all it uses
        except (TinyTagException, OSError):
            return file
    bits_per_second = (tag.bitrate or 0) * 1000 if file.media_type == "audio/wav" else 0
    rate = tag.samplerate
    return replace(
        file,
        duration_s=_believable(tag.duration, file.size_bytes, bits_per_second),
        sample_rate_hz=rate if isinstance(rate, int) and 0 < rate <= _HIGHEST_RATE_HZ else None,
    )


def _believable(duration_s: object, size_bytes: int, bits_per_second: float) -> float | None:
    """Return `duration_s` to the millisecond, or None where a file of this size cannot be that long.

    The header of a WAV that was streamed names a length without end: there, what the file holds counts.
    """
    if not isinstance(duration_s, int | float) or not math.isfinite(duration_s):
        return None
    if bits_per_second > 0:
        duration_s = min(duration_s, size_bytes * 8 / bits_per_second)
    if duration_s <= 0 or size_bytes * 8 / duration_s < _LOWEST_BITS_PER_SECOND:
        return None
    return round(duration_s, 3) or None
