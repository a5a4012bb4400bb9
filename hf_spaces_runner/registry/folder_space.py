"""Makes a Space of a folder on this machine that a user names: `./my-space` instead of an id."""

import hashlib
import os
import re
from pathlib import Path

from hf_spaces_runner.domain.api import Api, ApiKind
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN, STREAMLIT_PORT
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import InvalidRegistryError, UnknownSpaceError
from hf_spaces_runner.registry.snapshot import Snapshots
from hf_spaces_runner.registry.space_source import read_source_front_matter

README = "README.md"
_NAME_LENGTH = 32
_HASH_LENGTH = 8
_MINIMAL = "---, then sdk: gradio and sdk_version: 5.49.1 a line each, then --- again"


def space_of_folder(reference: str, snapshots: Snapshots | None = None) -> Space:
    """Return the Space whose source lies in the folder `reference`; a relative one is below the current folder.

    Its id is made of the folder's name and of where it is, so that folders of one name never share an image, a model
    cache or a container.

    Raises:
        UnknownSpaceError: there is no such folder, it is none, or it holds no Space.
        InvalidRegistryError: its README.md cannot be used; the message names file:line:column.
    """
    folder = _folder(reference)
    front = read_source_front_matter(folder, snapshots)
    name = _name(folder)
    return Space(
        id=name,
        docker_image=f"hf-spaces-runner/{name}:latest",
        description=one_line(front.title),
        port=STREAMLIT_PORT if front.sdk is Sdk.STREAMLIT else front.app_port,
        sdk=front.sdk,
        app_file=front.app_file,
        source=folder,
        # A Streamlit app is asked, since those before 1.13 have no health.
        api=Api(kind=ApiKind.PAGE) if front.sdk is Sdk.STATIC else Api(),
        origin=FOLDER_ORIGIN,
        hardware=front.suggested_hardware,
        startup_timeout_s=front.startup_timeout_s if "startup_duration_timeout" in front.lines else None,
    )


def _folder(reference: str) -> Path:
    shown = one_line(reference, limit=200)
    try:
        folder = Path(reference).expanduser().resolve(strict=True)
    except FileNotFoundError as error:
        raise UnknownSpaceError(
            f"{shown}: there is no such folder", hint="name a folder that holds the source of a Space"
        ) from error
    except NotADirectoryError as error:
        raise UnknownSpaceError(f"{shown}: a part of that path is a file", hint="name the folder itself") from error
    except (OSError, RuntimeError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UnknownSpaceError(f"{shown}: cannot be read: {one_line(why)}") from error
    if not folder.is_dir():
        raise UnknownSpaceError(
            f"{shown}: is a file, and a Space is a folder", hint=f"name the folder: {one_line(str(folder.parent))}"
        )
    if not str(folder).isprintable():
        raise UnknownSpaceError(
            f"{shown}: its path has characters that cannot be printed, or is not UTF-8", hint="rename the folder"
        )
    _check_holds_a_space(folder)
    return folder


def _check_holds_a_space(folder: Path) -> None:
    try:
        names = sorted(os.listdir(folder))  # noqa: PTH208 - the names alone
    except OSError as error:
        raise UnknownSpaceError(f"{folder}: cannot be read: {error.strerror}") from error
    if not names:
        raise UnknownSpaceError(f"{folder}: is empty", hint=f"put the files of a Space there, with a {README}")
    if README in names:
        return
    other = next((name for name in names if name.lower() == README.lower()), None)
    if other is not None:
        raise InvalidRegistryError(
            f"{folder}: has {one_line(other)}, and the Hub reads {README}", hint=f"rename it to {README}"
        )
    within = next((name for name in names if (folder / name / README).is_file()), None)
    raise UnknownSpaceError(
        f"{folder}: has no {README}, so it is not the source of a Space",
        hint=f"did you mean {folder / one_line(within)}?" if within else f"add a {README} that begins with {_MINIMAL}",
    )


def _name(folder: Path) -> str:
    slug = re.sub(r"[^a-z0-9]+", "-", folder.name.lower()).strip("-")[:_NAME_LENGTH].strip("-") or "space"
    return f"{slug}-{hashlib.sha256(os.fsencode(folder)).hexdigest()[:_HASH_LENGTH]}"
