"""Reads how a user names the source of a Space on the Hub, and makes a Space of it once it is here."""

import hashlib
import re
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from hf_spaces_runner.domain.hub_source import HUB_ORIGIN, HUB_PREFIX, MAIN, FetchedSource, HubReference
from hf_spaces_runner.domain.image_names import subdomain_of
from hf_spaces_runner.domain.space import Space
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import UsageError
from hf_spaces_runner.registry.folder_space import space_of_folder
from hf_spaces_runner.registry.snapshot import Snapshots

_HUB_HOSTS = frozenset({"huggingface.co", "www.huggingface.co", "hf.co"})
# The Hub's own rule for names (huggingface_hub, `validate_repo_id`): neither -- nor .. in them, 96 characters.
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_]|[.-](?![.-])){0,95}(?<![.-])"
_HUB_ID = re.compile(rf"{_NAME}/{_NAME}")
# What git takes for the name of a branch or tag, as far as people use it.
_REVISION = re.compile(r"(?!.*(?:\.\.|//|/$|\.lock$))[A-Za-z0-9_][A-Za-z0-9_./+#-]{0,199}")
_FORMS = "write user/name, user/name@REVISION, or https://huggingface.co/spaces/user/name"
_NAME_LENGTH = 48
_HASH_LENGTH = 8


def read_hub_word(word: str) -> HubReference:
    """Return what `word` names: `user/name`, with `@REVISION` behind it or not, or the address of a Space on the Hub.

    Raises:
        UsageError: it is none of these; the message says what it is, where that can be seen.
    """
    text = word.strip().removeprefix(HUB_PREFIX)
    shown = one_line(text, limit=80) or "''"
    if not text:
        raise UsageError("the name of the Space on the Hub is empty", hint=_FORMS)
    if "://" in text or text.partition("/")[0].lower() in _HUB_HOSTS:
        text = _from_address(text, shown)
    hub_id, at, revision = text.partition("@")
    if not _HUB_ID.fullmatch(hub_id):
        raise UsageError(f"{shown}: is no id of a Space on the Hub", hint=_FORMS)
    if at and not revision:
        raise UsageError(f"{shown}: no revision stands behind the @", hint=f"write {hub_id} or {hub_id}@{MAIN}")
    if at and not _REVISION.fullmatch(revision):
        raise UsageError(
            f"{shown}: {one_line(revision, limit=40)!r} is no revision",
            hint="name a branch, a tag, or the 40 characters of a commit",
        )
    return HubReference(hub_id=hub_id, revision=revision or MAIN)


def space_of_hub_source(source: FetchedSource, endpoint: str, snapshots: Snapshots | None = None) -> Space:
    """Return the Space whose files were fetched from the Hub at `endpoint`.

    Its id is made of the Hub's id and of where that Hub is, so that it shares no image, model cache or container with
    a Space of the registry that happens to be called the same.

    Raises:
        UnknownSpaceError: the files are not those of a Space.
        InvalidRegistryError: its README.md cannot be used; the message names file:line:column.
    """
    commit = source.commit
    digest = hashlib.sha256(f"{endpoint} {commit.hub_id.lower()}".encode()).hexdigest()[:_HASH_LENGTH]
    name = f"{subdomain_of(commit.hub_id)[:_NAME_LENGTH].strip('-')}-{digest}"
    return replace(
        space_of_folder(str(source.folder), snapshots),
        id=name,
        docker_image=f"hf-spaces-runner/{name}:latest",
        space_id=commit.hub_id,
        origin=HUB_ORIGIN,
        commit=commit,
    )


def _from_address(text: str, shown: str) -> str:
    """Return the `user/name[@revision]` that an address stands for."""
    try:
        parts = urlsplit(text if "://" in text else f"https://{text}")
        host = (parts.hostname or "").lower()
    except ValueError as error:
        raise UsageError(f"{shown}: is not an address: {one_line(str(error))}", hint=_FORMS) from error
    if host.endswith(".hf.space"):
        raise UsageError(f"{shown}: is where the Space runs, which does not say what its source is called", hint=_FORMS)
    if parts.scheme not in {"http", "https"} or host not in _HUB_HOSTS:
        raise UsageError(f"{shown}: is not the address of a Space on the Hub", hint=_FORMS)
    kind, *rest = [unquote(segment) for segment in parts.path.split("/") if segment] or [""]
    if kind == "datasets":
        raise UsageError(f"{shown}: is the address of a dataset, not of a Space", hint=_FORMS)
    if kind != "spaces":
        raise UsageError(f"{shown}: is not the address of a Space; a model has no spaces/ in its", hint=_FORMS)
    hub_id, at, revision = "/".join(rest[:2]).partition("@")
    if rest[2:3] in (["tree"], ["blob"], ["commit"]) and len(rest) > 3 and not at:  # noqa: PLR2004 - spaces/user/name/tree/...
        # The Hub writes a branch of `a/b` as a%2Fb there; what follows is a folder of the Space.
        at, revision = "@", rest[3]
    return f"{hub_id}{at}{revision}"
