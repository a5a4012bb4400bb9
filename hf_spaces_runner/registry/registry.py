"""The Spaces that are known: those of the user's file, of the bundled one, and those that were found on the Hub."""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.layer import Layer, MemoryLayer
from hf_spaces_runner.registry.space_table import SpaceTable, key_of, with_tag

_PACKAGE = Path(__file__).parent.parent
_FIRST_PAGE = 32
_PAGE = 500


def bundled_registry_directory() -> Path:
    """Return the folder of the bundled registry: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "bundled_registry"
    return installed if installed.is_dir() else _PACKAGE.parent / "registry"


class Registry:
    """Spaces in layers: an entry of an upper layer hides those below that have its id.

    What was found on the Hub is hidden by an entry for the same Space, too.

    Args:
        layers: the upper ones first.
        complete: adds to entries what was found out about them; returns them in the same order.
    """

    def __init__(
        self, layers: Sequence[Layer], *, complete: Callable[[Sequence[Space]], Sequence[Space]] = lambda spaces: spaces
    ) -> None:
        self._layers = tuple(layers)
        self._complete = complete

    @classmethod
    def of(cls, *spaces: Space) -> "Registry":
        """Return a registry of `spaces`, which stand in no file."""
        return cls([MemoryLayer(spaces)])

    @property
    def faults(self) -> tuple[Fault, ...]:
        """What is wrong with the files; the entries that it concerns are left out."""
        return tuple(fault for layer in self._layers for fault in layer.faults())

    def find(self, space_id: str) -> Space | None:
        """Return the Space with this id."""
        return self._found("id", space_id)

    def find_hub_id(self, hub_id: str) -> Space | None:
        """Return the Space `user/name`, in whatever case it is written."""
        return self._found("hub_id", hub_id.lower())

    def find_subdomain(self, subdomain: str) -> Space | None:
        """Return the Space whose address is `subdomain`.hf.space."""
        return self._found("subdomain", subdomain)

    def find_image(self, reference: str) -> Space | None:
        """Return the Space that is pulled as `reference`; without a tag, `latest` is meant."""
        return self._found("image", with_tag(reference))

    def spaces(self, *, category: str | None = None, sdk: str | None = None) -> Iterator[Space]:
        """Yield the Spaces, those of upper layers first, each layer in its own order."""
        for depth, layer in enumerate(self._layers):
            after, page = -1, _FIRST_PAGE
            while rows := layer.ask(
                lambda table, after=after, page=page: table.page(after, limit=page, category=category, sdk=sdk)  # type: ignore[misc]
            ):
                yield from self._complete(self._visible([space for _, space in rows], depth))
                after, page = rows[-1][0], _PAGE

    def count(self, *, category: str | None = None, sdk: str | None = None) -> int:
        """Return how many entries the layers have, hidden ones included."""
        return sum(layer.ask(lambda table: table.count(category=category, sdk=sdk)) for layer in self._layers)

    @property
    def categories(self) -> Mapping[str, int]:
        """How many entries each category has, hidden ones included."""
        counts: Counter[str] = Counter()
        for layer in self._layers:
            counts.update(layer.ask(SpaceTable.categories))
        return counts

    def search(self, words: Sequence[str], *, category: str | None = None, sdk: str | None = None) -> list[Space]:
        """Return Spaces that hold some of `words`, at most some 1,000 and in no order; more of them count more."""
        found: list[Space] = []
        for depth, layer in enumerate(self._layers):
            matches = layer.ask(lambda table: table.search(words, category=category, sdk=sdk))
            found += self._visible(matches, depth)
        return list(self._complete(found))

    def nearest(self, text: str, count: int = 3) -> list[str]:
        """Return the ids that are most like `text`."""
        wanted = text.lower()
        ids: Iterable[str] = (one for layer in self._layers for one in layer.ask(lambda table: table.ids_like(text)))
        ranked = sorted(dict.fromkeys(ids), key=lambda key: -difflib.SequenceMatcher(None, wanted, key.lower()).ratio())
        return list(islice(ranked, count))

    def faults_of(self, space_id: str) -> tuple[Fault, ...]:
        """Return why the entry `space_id` is left out; nothing where it is not."""
        return tuple(fault for fault in self.faults if fault.entry == space_id)

    def _found(self, column: str, value: str) -> Space | None:
        for depth, layer in enumerate(self._layers):
            space = layer.ask(lambda table: table.find(column, value))
            if space is not None and self._visible([space], depth):
                return self._complete([space])[0]
        return None

    def _visible(self, spaces: Sequence[Space], depth: int) -> list[Space]:
        """Return those of `spaces`, which are of the layer at `depth`, that no layer above hides."""
        visible = list(spaces)
        for column in self._layers[depth].hidden_by:
            for above in self._layers[:depth]:
                keys = [key_of(space, column) for space in visible]
                known = above.ask(lambda table, keys=keys, column=column: table.known(column, keys))  # type: ignore[misc]
                visible = [space for space, key in zip(visible, keys, strict=True) if key not in known]
        return visible
