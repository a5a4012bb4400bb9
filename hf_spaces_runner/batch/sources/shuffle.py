"""Yields the entries of sources in a random order that a seed decides."""

import random
from array import array
from collections.abc import Iterator, Sequence

from hf_spaces_runner.batch.sources.entry import Entry, SeekableSource, Source
from hf_spaces_runner.batch.sources.spool import open_spool
from hf_spaces_runner.batch.sources.unbroken import unbroken_at, unbroken_entries


def shuffled(sources: Sequence[Source], seed: int) -> Iterator[Entry]:
    """Yield every entry once; all sources are read to their end before the first.

    Only numbers are kept in memory, 28 bytes an entry: where it begins in its file. What cannot be read again from
    there, such as stdin and the names in a folder, is kept in a temporary file.
    """
    which, places, lines = array("I"), array("Q"), array("Q")
    with open_spool() as spool:
        for number, source in enumerate(sources):
            for entry in unbroken_entries(source):
                is_seekable = isinstance(source, SeekableSource) and entry.line > 0
                which.append(2 * number + is_seekable)
                places.append(entry.offset if is_seekable else spool.write(entry))
                lines.append(entry.line)
        order = array("Q", range(len(places)))
        random.Random(seed).shuffle(order)  # noqa: S311 - no secret hangs on it
        for place in order:
            number, again = divmod(which[place], 2)
            source = sources[number]
            if again and isinstance(source, SeekableSource):
                yield unbroken_at(source, places[place], lines[place])
            else:
                yield spool.read(places[place])
