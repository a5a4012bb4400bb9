"""Gives the transcript of a sound as text, and its segments as subtitles and as JSON."""

import json
from collections.abc import Sequence
from dataclasses import replace

from hf_spaces_runner.domain.result import Output
from hf_spaces_runner.domain.safe_name import safe_name
from hf_spaces_runner.results.by_category.segments import Segment, segments_of
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part, Rank


def read_transcript(part: Part, files: OutputFiles | None) -> Part:
    """Return `part` with the text of its transcript, if it is one that has segments.

    Subtitles (`.srt`) and segments (`.json`) are written to `files`, if there is where to. Raises as its `write` does.
    """
    segments = segments_of(part.output.value)
    if not segments:
        return part
    text = _text(part.output, segments)
    if part.rank is not Rank.WANTED:
        part = replace(part, text=text, rank=Rank.TEXT)
    if files is None:
        return part
    name = safe_name(part.output.label, "transcript")
    subtitles = files.write(f"{name}.srt", as_srt(segments), "application/x-subrip")
    rows = [{"start": one.start_s, "end": one.end_s, "text": one.text} for one in segments]
    whole = json.dumps({"text": text, "segments": rows}, ensure_ascii=False, indent=2)
    return replace(part, files=(*part.files, subtitles, files.write(f"{name}.json", whole + "\n", "application/json")))


def as_srt(segments: Sequence[Segment]) -> str:
    """Return `segments` as SubRip subtitles. What would read as a time line of that format is broken up."""
    return "\n".join(
        f"{number}\n{_clock(one.start_s)} --> {_clock(one.end_s)}\n{one.text.replace('-->', '->')}\n"
        for number, one in enumerate((one for one in segments if one.text), start=1)
    )


def _text(output: Output, segments: Sequence[Segment]) -> str:
    if isinstance(output.value, dict) and isinstance(output.value.get("text"), str):
        return str(output.value["text"]).strip()
    return " ".join(one.text for one in segments if one.text)


def _clock(seconds: float) -> str:
    rest, milliseconds = divmod(round(seconds * 1000), 1000)
    minutes, rest = divmod(rest, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02},{milliseconds:03}"
