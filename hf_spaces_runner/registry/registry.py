"""The Spaces that are known, as a value: one registry can be laid over another."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hf_spaces_runner.domain.space import Space

_PACKAGE = Path(__file__).parent.parent


def bundled_registry_directory() -> Path:
    """Return the folder of the bundled registry: inside an installed package, beside it in a checkout."""
    installed = _PACKAGE / "bundled_registry"
    return installed if installed.is_dir() else _PACKAGE.parent / "registry"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Spaces by id and ids by category, in the order of the files."""

    spaces: Mapping[str, Space]
    categories: Mapping[str, tuple[str, ...]]

    def laid_over(self, below: "Registry") -> "Registry":
        """Return `below` with this registry's entries on top: an entry of the same id replaces the one below."""
        spaces = {**below.spaces, **self.spaces}
        categories: dict[str, dict[str, None]] = {}
        for registry in (below, self):
            for category, ids in registry.categories.items():
                known = categories.setdefault(category, {})
                known.update((space_id, None) for space_id in ids if spaces[space_id].category == category)
        return Registry(spaces=spaces, categories={category: tuple(ids) for category, ids in categories.items() if ids})
