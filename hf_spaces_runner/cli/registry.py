"""`hfsr registry`: the user's registry file, and what is found out about its entries."""

import os
from collections.abc import Sequence
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.cli.registry_check import check
from hf_spaces_runner.cli.registry_edit import add, edit_status, remove
from hf_spaces_runner.cli.registry_refresh import refresh
from hf_spaces_runner.cli.show_space import likely_category, space_as_json
from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.errors import InvalidRegistryError, UnknownSpaceError, UsageError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.registry.fault import Fault
from hf_spaces_runner.registry.index import Index
from hf_spaces_runner.registry.layer import FileLayer
from hf_spaces_runner.registry.registry import Registry, bundled_registry_directory
from hf_spaces_runner.settings import LoadedSettings, load_settings

EPILOG = """\b
Examples:
  hfsr registry add user/name
  hfsr registry validate
  hfsr registry check
  hfsr registry export > spaces.yaml
"""
VALIDATE_EPILOG = """\b
Examples:
  hfsr registry validate
  hfsr registry validate spaces.yaml --json
"""
EXPORT_EPILOG = """\b
Examples:
  hfsr registry export > spaces.yaml
  hfsr registry export whisper-transcription user/name
  hfsr registry export --category audio_processing
"""
PATH_EPILOG = """\b
Examples:
  hfsr registry path
  $EDITOR "$(hfsr registry path)"
"""


@click.group(name="registry", epilog=EPILOG, short_help="Add, remove, check and export entries of the registry.")
def registry() -> None:
    """Change the registry of your own, and find out more about the Spaces that are known.

    Your entries stand in a YAML file that you may edit as well; comments in it stay. They win over the bundled ones.
    """


@command(name="path", epilog=PATH_EPILOG, short_help="Print where the registry of your own is.")
def path(presenter: Presenter) -> None:
    """Print the file that holds the registry of your own, whether it is there yet or not."""
    settings = load_settings(os.environ)
    file = settings.values.registry or settings.places.own_registry
    if presenter.json:
        schema = bundled_registry_directory() / "registry.schema.json"
        presenter.object({"path": str(file), "exists": file.exists(), "schema": str(schema)})
        return
    presenter.result(str(file))
    if not file.exists():
        presenter.note("It is not there yet; hfsr registry add makes it.")


@command(name="validate", epilog=VALIDATE_EPILOG, short_help="Check a registry file, and name all that is wrong.")
@click.argument("file", required=False, type=click.Path(path_type=Path))
def validate(presenter: Presenter, *, file: Path | None) -> None:
    """Check FILE, or the registry of your own: each fault with its line, its column and the fix.

    Exits with 3 if there is any.
    """
    settings = load_settings(os.environ)
    chosen = file or settings.values.registry or settings.places.own_registry
    if file is None and settings.values.registry is None and not chosen.exists():
        presenter.note(f"{chosen} is not there; the bundled registry is checked.")
        chosen = _bundled_file()
    layer = FileLayer(Index(chosen, origin=str(chosen), folder=settings.places.indexes))
    entries = layer.ask(lambda table: table.count())
    faults = layer.faults()
    hidden = _hidden_by(layer, settings) if chosen.absolute() != _bundled_file() else []
    if presenter.json:
        shown = [_as_json(fault) for fault in faults]
        presenter.object({"file": str(chosen), "entries": entries, "faults": shown, "hides": hidden})
    else:
        for fault in faults:
            presenter.result(str(fault))
        if not faults:
            presenter.note(f"{chosen}: {_number(entries, 'entry', 'entries')}, all in order")
    if hidden and not presenter.json:
        presenter.note(f"In place of the bundled entries of these ids: {', '.join(hidden)}")
    if faults:
        left_out = len({fault.entry for fault in faults if fault.entry is not None})
        in_order, wrong = _number(entries, "entry", "entries"), _number(len(faults), "fault", "faults")
        presenter.note(f"{chosen}: {in_order} in order, {left_out:,} left out, {wrong}")
        click.get_current_context().exit(InvalidRegistryError.exit_code)


@command(name="export", epilog=EXPORT_EPILOG, short_help="Print entries as a registry file.")
@click.argument("references", nargs=-1, metavar="[SPACE]...")
@click.option("--category", metavar="NAME", help="Only the Spaces of this category.")
def export(presenter: Presenter, *, references: Sequence[str], category: str | None) -> None:
    """Print the entries of all Spaces that are known, or of some, as a registry file that others can use."""
    from hf_spaces_runner.registry.entry_text import entry_fields, entry_text, scalar_text  # noqa: PLC0415 - YAML

    known = KnownSpaces(load_settings(os.environ), os.environ, on_warning=presenter.warning, on_note=presenter.note)
    if references:
        spaces = iter([_entry(reference, known) for reference in references])
    elif category is not None and category not in {*Category, *known.registry.categories}:
        there = ", ".join(sorted({*Category, *known.registry.categories}))
        likely = likely_category(category, {*Category, *known.registry.categories})
        raise UsageError(f"no category {category!r} in the registry{likely}", hint=f"there are: {there}")
    else:
        spaces = known.registry.spaces(category=category)
    if presenter.json:
        presenter.object({"spaces": [space_as_json(space) for space in spaces]})
        return
    presenter.result("spaces:")
    own: dict[str, None] = {}
    for space in spaces:
        presenter.piece(entry_text(entry_fields(space)))
        own[space.category] = None
    extra = [name for name in own if name not in set(Category)]
    if extra:
        presenter.result("categories:")
        for name in extra:
            presenter.result(f"  {scalar_text(name)}: []")


def _bundled_file() -> Path:
    return bundled_registry_directory() / "registry.yaml"


def _hidden_by(layer: FileLayer, settings: LoadedSettings) -> list[str]:
    """Return the ids of the bundled entries that those of `layer` stand in place of: a file may be somebody else's."""
    bundled = FileLayer(Index(_bundled_file(), origin="bundled", folder=settings.places.indexes))
    ids = [space.id for space in Registry([bundled]).spaces()]
    known = layer.ask(lambda table: table.known("id", ids))
    return [one for one in ids if one in known]


def _entry(reference: str, known: KnownSpaces) -> Space:
    space = known.find(reference)
    if space.origin == "reference":
        raise UnknownSpaceError(
            f"{reference} has no entry that could be printed", hint=f"hfsr registry add {reference} makes one"
        )
    return space


def _number(count: int, one: str, several: str) -> str:
    return f"{count:,} {one if count == 1 else several}"


def _as_json(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
        "keys": list(fault.keys),
        "message": fault.message,
        "fix": fault.fix or None,
        "value": fault.value,
        "entry": fault.entry,
    }


for _command in (path, add, remove, edit_status, validate, export, check, refresh):
    registry.add_command(_command)
