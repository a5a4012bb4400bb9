"""`hfsr config`: the settings in force, and where each comes from."""

import dataclasses
import os
from pathlib import Path

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.settings import DESCRIPTIONS
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.settings import PREFIX, load_settings

EPILOG = """\b
Examples:
  hfsr config
  HFSR_MEMORY=4g hfsr config
  hfsr config --json
"""


@command(name="config", epilog=EPILOG, short_help="Show the settings in force and where each comes from.")
def config(presenter: Presenter) -> None:
    """Show each setting, its value, and where it comes from: default, config.toml, environment.

    A setting NAME is set in config.toml, by the variable HFSR_NAME, or, for one run, by a flag.
    """
    loaded = load_settings(os.environ)
    values = {name: _plain(value) for name, value in dataclasses.asdict(loaded.values).items()}
    places = {name: str(path) for name, path in dataclasses.asdict(loaded.places).items()}
    if presenter.json:
        settings = {name: {"value": values[name], "origin": loaded.origins[name]} for name in values}
        presenter.object({"settings": settings, "directories": places})
        return
    rows = [(name, _spoken(name, value), loaded.origins[name], DESCRIPTIONS[name]) for name, value in values.items()]
    presenter.table(("SETTING", "VALUE", "FROM", "MEANING"), rows)
    presenter.note(f"config.toml is looked for in {places['config']}; state is in {places['state']}, {places['cache']}")
    presenter.note(f"{PREFIX}HOME moves all three")


_SIZES = frozenset({"memory", "memory_budget", "disk_reserve", "cache_quota", "cache_max_bytes"})


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _spoken(name: str, value: object) -> str:
    """Return `value` as it would be typed."""
    if isinstance(value, tuple):
        return ",".join(str(one) for one in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float) and name.endswith(("timeout", "_age", "_than")):
        return format_duration(value)
    if isinstance(value, int) and name in _SIZES:
        return format_size(value)
    return "" if value is None else str(value)
