"""`hfsr registry add`, `remove` and `edit-status`: change entries of the user's registry file."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter
from hf_spaces_runner.domain.hub_source import HUB_PREFIX
from hf_spaces_runner.domain.hub_space import HubSpace
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UnknownSpaceError, UsageError
from hf_spaces_runner.known_spaces import KnownSpaces
from hf_spaces_runner.settings import LoadedSettings, load_settings

ADD_EPILOG = """\b
Examples:
  hfsr registry add user/name
  hfsr registry add user/name --id my-ocr --category image_processing --memory 4g
  hfsr registry add ghcr.io/me/app:2 --id app --input-type text --output-type text --port 8000
  hfsr registry add my-space --source ./my-space --category text_processing
"""
REMOVE_EPILOG = """\b
Examples:
  hfsr registry remove my-ocr
"""
STATUS_EPILOG = """\b
Examples:
  hfsr registry edit-status stable-diffusion disabled
  hfsr registry edit-status my-ocr available
"""
_SDKS = ["gradio", "docker", "static", "streamlit"]


@command(name="add", epilog=ADD_EPILOG, short_help="Add an entry to the registry of your own.")
@click.argument("reference", metavar="SPACE")
@click.option("--id", "entry_id", metavar="ID", help="What you call it.  [default: made of the Space's name]")
@click.option("--description", metavar="TEXT", help="One line for people.")
@click.option("--category", metavar="NAME", help="Its category.  [default: the Hub's tags, tasks or name say it]")
@click.option("--input-type", metavar="KINDS", help="What goes in: text, image, audio, video, file, joined by _.")
@click.option("--output-type", metavar="KINDS", help="What comes out, likewise.")
@click.option("--port", type=int, help="The port that it listens on.")
@click.option("--status", metavar="WORD", help="What you think of it.")
@click.option("--sdk", type=click.Choice(_SDKS), help="The SDK of the Space.")
@click.option("--image", metavar="IMAGE", help="The image, where it is not the Hub's.")
@click.option(
    "--source", type=click.Path(path_type=Path, exists=True, file_okay=False), help="Build the image from this folder."
)
@click.option("--endpoint", metavar="/NAME", help="The function that is called.")
@click.option("--memory", metavar="SIZE", help="The memory cap that it needs, such as 4g.")
@click.option("--gpu", is_flag=True, help="It needs a GPU.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A word to find it by; repeatable.")
@click.option("--replace", "replaces", is_flag=True, help="Replace an entry of the same id.")
def add(
    presenter: Presenter,
    *,
    reference: str,
    entry_id: str | None,
    tags: Sequence[str],
    replaces: bool,
    image: str | None,
    source: Path | None,
    **given: object,
) -> None:
    """Add SPACE to the registry of your own: user/name, a Space's URL, an image, or a new id with --source or --image.

    What you do not say is taken from the Hub, if it answers, or from what is known already.
    """
    from hf_spaces_runner.registry.entry_text import entry_fields  # noqa: PLC0415 - it loads YAML
    from hf_spaces_runner.registry.write import RegistryFileWriter  # noqa: PLC0415 - likewise

    settings = load_settings(os.environ)
    known = _known(settings, presenter)
    space = _named(reference, known, source, image)
    said = {name: value for name, value in given.items() if value not in (None, False)}
    fields = {**entry_fields(space), **_guessed(presenter, space, said), **said}
    fields["id"] = entry_id or fields["id"]
    if image is not None:
        fields["docker_image"] = image
    if source is not None:
        fields["source"] = str(source.absolute())
    if tags:
        fields["tags"] = list(tags)
    file = _own_file(settings)
    hidden = known.registry.find(str(fields["id"]))
    RegistryFileWriter(file, settings.places.locks).add(fields, replaces=replaces)
    if hidden is not None and hidden.origin == "bundled":
        presenter.note(f"It stands in place of the bundled entry {hidden.id}; --id gives it another name.")
    _tell(presenter, "added", str(fields["id"]), file, category=fields["category"])


@command(name="remove", epilog=REMOVE_EPILOG, short_help="Remove an entry from the registry of your own.")
@click.argument("entry_id", metavar="ID")
def remove(presenter: Presenter, *, entry_id: str) -> None:
    """Remove the entry ID from the registry of your own. A Space that was found on the Hub is forgotten."""
    from hf_spaces_runner.registry.write import RegistryFileWriter  # noqa: PLC0415 - it loads YAML

    settings = load_settings(os.environ)
    file = _own_file(settings)
    if RegistryFileWriter(file, settings.places.locks).remove(entry_id):
        _tell(presenter, "removed", entry_id, file)
        return
    known = _known(settings, presenter)
    space = known.find(entry_id)
    if space.origin == str(file.absolute()) and RegistryFileWriter(file, settings.places.locks).remove(space.id):
        _tell(presenter, "removed", space.id, file)
        return
    if space.origin == "discovered" and space.space_id is not None:
        known.discovered.forget(space.space_id)
        _tell(presenter, "forgotten", space.space_id, settings.places.discovered)
        return
    raise UnknownSpaceError(
        f"{file} has no entry {one_line(entry_id)!r}",
        hint=f"the entry is {space.origin} and stays; hfsr registry edit-status {space.id} disabled has it left alone"
        if space.origin == "bundled"
        else "hfsr list shows which entries are yours",
    )


@command(name="edit-status", epilog=STATUS_EPILOG, short_help="Give an entry another status.")
@click.argument("entry_id", metavar="ID")
@click.argument("status")
def edit_status(presenter: Presenter, *, entry_id: str, status: str) -> None:
    """Give the entry ID another STATUS: available, unverified, disabled, or a word of your own.

    An entry that is not yours is copied into the registry of your own with it. What is disabled is not recommended.
    """
    from hf_spaces_runner.registry.entry_text import entry_fields  # noqa: PLC0415 - it loads YAML
    from hf_spaces_runner.registry.write import RegistryFileWriter  # noqa: PLC0415 - likewise

    settings = load_settings(os.environ)
    file = _own_file(settings)
    writer = RegistryFileWriter(file, settings.places.locks)
    if not writer.set_status(entry_id, status):
        space = _known(settings, presenter).find(entry_id)
        if space.origin == "reference":
            raise UnknownSpaceError(
                f"no entry {one_line(entry_id)!r}",
                hint=f"hfsr registry add {space.space_id or space.docker_image} adds one",
            )
        entry_id = space.id
        if space.origin != str(file.absolute()) or not writer.set_status(entry_id, status):
            writer.add({**entry_fields(space), "status": status})
            presenter.note(f"The {space.origin} entry was copied into {file}.")
    _tell(presenter, "changed", entry_id, file, status=status)


def _known(settings: LoadedSettings, presenter: Presenter) -> KnownSpaces:
    """Return what is known, also where the user's file is still to be made."""
    if settings.values.registry is not None and not settings.values.registry.exists():
        settings = replace(settings, values=replace(settings.values, registry=None))
    return KnownSpaces(settings, os.environ, on_warning=presenter.warning, on_note=presenter.note)


def _named(reference: str, known: KnownSpaces, source: Path | None, image: str | None) -> Space:
    if reference.startswith(HUB_PREFIX):
        raise UsageError(
            f"{reference}: an entry cannot be built from the Hub",
            hint="git clone it, and name the folder with --source",
        )
    if source is None:
        try:
            return known.find(reference, asks_hub=True)
        except UnknownSpaceError as error:
            from hf_spaces_runner.registry.entry import SPACE_NAME  # noqa: PLC0415 - it loads pydantic

            if not SPACE_NAME.fullmatch(reference):
                raise
            if image is not None:  # a new id
                return Space(id=reference, docker_image=image)
            error.hint = f"hfsr registry add {reference} --source FOLDER, or --image IMAGE, adds a new one"
            raise
    if not (source / "README.md").is_file():
        raise UsageError(
            f"{source}: has no README.md, so it is not the source of a Space",
            hint="name a folder with a README.md that has the front matter of a Space",
        )
    if "/" in reference:
        space = known.find(reference)
        built = f"hf-spaces-runner/{space.id.lower()}:latest"
        return space if space.space_id is None else replace(space, docker_image=built)
    return Space(id=reference, docker_image=f"hf-spaces-runner/{reference.lower()}:latest", source=source)


def _guessed(presenter: Presenter, space: Space, said: dict[str, object]) -> dict[str, object]:
    """Return the keys that an entry must have, where neither the Space nor the user says them."""
    from hf_spaces_runner.planning.categorise import categorise  # noqa: PLC0415 - few get here

    found = categorise(HubSpace(id=space.space_id or f"x/{space.id}", description=str(said.get("description", ""))))
    guesses: dict[str, object] = {
        "description": f"Space {space.space_id or space.id}",
        "category": str(found.category),
        "input_type": found.input_type or "text",
        "output_type": found.output_type or "text",
    }
    missing = {name: value for name, value in guesses.items() if not getattr(space, name)}
    unsaid = [name for name in missing if name not in said and name != "description"]
    if unsaid:
        options = ", ".join(f"--{name.replace('_', '-')}" for name in unsaid)
        presenter.note(f"Guessed ({found.rule}): {', '.join(f'{n} {missing[n]}' for n in unsaid)}; {options} say it.")
    return missing


def _own_file(settings: LoadedSettings) -> Path:
    return settings.values.registry or settings.places.own_registry


def _tell(presenter: Presenter, done: str, name: str, file: Path, **more: object) -> None:
    if presenter.json:
        presenter.object({"status": "ok", "done": done, "id": name, "file": str(file), "entry": more})
    elif presenter.quiet:
        presenter.result(name)
    else:
        said = "".join(f", {key} {value}" for key, value in more.items())
        presenter.result(f"{name} {done}{said}")
        presenter.detail(str(file))
