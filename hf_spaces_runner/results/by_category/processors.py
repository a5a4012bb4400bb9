"""Knows which steps the outputs of each category go through: one table."""

from collections.abc import Callable

from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.results.by_category.audio import measure_sounds
from hf_spaces_runner.results.by_category.image import measure_images
from hf_spaces_runner.results.by_category.specialized import write_code
from hf_spaces_runner.results.by_category.text import read_scores
from hf_spaces_runner.results.by_category.transcript import read_transcript
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part
from hf_spaces_runner.results.table_file import write_table

Step = Callable[[Part, OutputFiles | None], Part]
"""Takes an output one step on. Without files, nothing is written besides what the Space answered as a file."""

_EVERYWHERE: tuple[Step, ...] = (measure_images, measure_sounds, write_table, read_scores)
"""A Space of any category may answer a picture, a sound, a table or labels: its category is only what it is for."""

_PROCESSORS: dict[str, tuple[Step, ...]] = {
    Category.IMAGE_PROCESSING: _EVERYWHERE,
    Category.AUDIO_PROCESSING: (*_EVERYWHERE, read_transcript),
    Category.TEXT_PROCESSING: _EVERYWHERE,
    Category.SPECIALIZED: (*_EVERYWHERE, write_code),
}
_OTHERS: tuple[Step, ...] = (*_EVERYWHERE, write_code)
"""Categories of the user's own. Without a sound, rows of start, end and text may be names that were found in a text."""


def processed(part: Part, category: str, files: OutputFiles | None) -> Part:
    """Return `part` after the steps of `category`. What no step knows stays as it is, nothing is dropped.

    Raises:
        UsageError: the folder of `files` cannot be written.
        NoSpaceLeftError: its disk is full.
    """
    for step in _PROCESSORS.get(category, _OTHERS):
        part = step(part, files)
    return part
