"""Shows what is known of a Space: as JSON, and in words."""

import shlex
import time
from collections.abc import Iterable, Iterator

from hf_spaces_runner.domain.hub_source import HUB_ORIGIN
from hf_spaces_runner.domain.room import Room
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.domain.space_source import FOLDER_ORIGIN
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.domain.units import format_duration, format_size
from hf_spaces_runner.known_spaces import STAGES_WITH_IMAGE

_EXAMPLES = {"text": '"your text"', "image": "-i @photo.jpg", "audio": "-i @talk.wav", "video": "-i @clip.mp4"}


def space_as_json(space: Space) -> dict[str, object]:
    """Return the public JSON form of a Space: the keys of the registry's file, and what was found out about it."""
    return {
        "id": space.id,
        "docker_image": space.docker_image,
        "description": space.description,
        "category": space.category,
        "input_type": space.input_type,
        "output_type": space.output_type,
        "port": space.port,
        "status": space.current_status,
        "space_id": space.space_id,
        "sdk": space.sdk,
        "app_file": space.app_file,
        "source": None if space.source is None else str(space.source),
        "endpoint": space.endpoint,
        "inputs": dict(space.inputs),
        "env": dict(space.env),
        "memory": space.memory_bytes,
        "cap_add": list(space.cap_add),
        "gpu": space.gpu,
        "digest": space.digest,
        "tags": list(space.tags),
        "origin": space.origin,
        "commit": _commit_as_json(space),
        "hub": _hub_as_json(space),
        "check": _check_as_json(space),
    }


def _commit_as_json(space: Space) -> dict[str, object] | None:
    commit = space.commit
    if commit is None:
        return None
    return {"sha": commit.sha, "revision": commit.revision, "committed_at": commit.committed_at}


def _day(moment: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(moment))


def origin_in_short(space: Space) -> str:
    """Return in one word where an entry comes from: bundled, yours or discovered."""
    return (
        space.origin if space.origin in {"bundled", "discovered", "reference", FOLDER_ORIGIN, HUB_ORIGIN} else "yours"
    )


def kinds_in_short(space: Space) -> str:
    """Return what goes in and what comes out, as far as it is known."""
    return f"{space.input_type or '?'} -> {space.output_type or '?'}"


def status_in_short(space: Space) -> str:
    """Return the status, or why the image of a Space that was found on the Hub is not to be expected."""
    stage = space.found.hub.stage if space.found is not None else None
    if space.origin != "discovered" or space.check is not None or stage is None or stage in STAGES_WITH_IMAGE:
        return space.current_status
    return f"{stage.lower()} on the Hub"


def reference_of(space: Space) -> str:
    """Return what a user types for `space`."""
    if space.commit is not None:
        return str(space.commit.reference)
    if space.origin == FOLDER_ORIGIN:
        return shlex.quote(str(space.source))
    if origin_in_short(space) in {"bundled", "yours"}:
        return space.id
    return space.space_id or space.docker_image


def likely_category(said: str, there: Iterable[str]) -> str:
    """Return the question whether a certain category of those that `there` are was meant; empty where none is like it.

    Most leave the second half out: audio for audio_processing.
    """
    import difflib  # noqa: PLC0415 - few get here

    names = sorted(there)
    begins = [name for name in names if len(said) > 1 and name.startswith(said.lower())]
    near = begins or difflib.get_close_matches(said, names, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def lines_of(space: Space, now: float) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of each line that tells of `space`; `now` is in Unix seconds."""
    plain = space_as_json(space)
    for name in ("id", "space_id", "docker_image", "description"):
        yield name, str(plain[name] or "")
    yield "category", f"{space.category}{_why(space)}"
    yield "in, out", f"{space.input_type or 'not known'} -> {space.output_type or 'not known'}"
    yield "status", f"{space.current_status}{_since(space, now)}"
    for name in ("sdk", "port", "app_file", "source", "endpoint", "inputs", "env", "cap_add", "gpu", "digest"):
        if plain[name] not in (None, "", [], {}, False):
            yield name, str(plain[name])
    if space.memory_bytes is not None:
        yield "memory", format_size(space.memory_bytes)
    if space.found is not None:
        hub = space.found.hub
        likes = f"{hub.likes} like{'s' if hub.likes > 1 else ''}" if hub.likes else None
        said = ", ".join(one for one in (hub.stage, likes, hub.sha[:8] if hub.sha else None, hub.hardware) if one)
        yield "on the Hub", f"{f'{said}; ' if said else ''}read {_ago(space.found.read_at, now)}"
    yield "origin", space.origin
    if space.commit is not None:
        made = "" if space.commit.committed_at is None else f", of {_day(space.commit.committed_at)}"
        yield "commit", f"{space.commit.sha}{made}"


def room_in_words(room: Room) -> str:
    """Return how much disk the image takes or needs, against what is free; empty where nobody knows."""
    said = []
    if room.taken_bytes is not None:
        said.append(f"the image is here and takes {format_size(room.taken_bytes)}")
    elif room.needed_bytes is not None:
        said.append(f"the image needs about {format_size(room.needed_bytes)} while it is pulled")
        if room.free_bytes is not None and room.needed_bytes > room.free_bytes:
            said.append("too little is free")
    elif room.free_bytes is not None:
        said.append("the image is not here")
    if room.free_bytes is not None:
        said.append(f"{format_size(room.free_bytes)} free")
    return ", ".join(said)


def room_as_json(room: Room) -> dict[str, object]:
    """Return the public JSON form of how much disk there is."""
    return {
        "image_bytes": room.taken_bytes,
        "needed_bytes": room.needed_bytes,
        "free_bytes": room.free_bytes,
    }


def run_example(space: Space) -> str:
    """Return a command line that runs `space`."""
    if space.sdk in {Sdk.STATIC, Sdk.STREAMLIT}:
        return f"hfsr up {reference_of(space)} --open"
    words = space.input_type.split("_")
    inputs = [example for kind, example in _EXAMPLES.items() if kind in words] or [_EXAMPLES["text"]]
    return f"hfsr run {' '.join(inputs)} --hf-space {reference_of(space)}"


def _why(space: Space) -> str:
    if space.origin != "discovered" or space.found is None:
        return ""
    found = space.found.categorised
    return f" ({found.rule}; {found.certainty:.0%} certain)"


def _since(space: Space, now: float) -> str:
    if space.check is None:
        return ""
    check = space.check
    size = "" if check.compressed_bytes is None else f"{format_size(check.compressed_bytes)} to pull"
    said = [one_line(check.message), size, f"checked {_ago(check.checked_at, now)}"]
    return f" ({'; '.join(one for one in said if one)})"


def _ago(then: float, now: float) -> str:
    seconds = int(max(now - then, 0))
    return f"{format_duration(seconds)} ago" if seconds else "just now"


def _hub_as_json(space: Space) -> dict[str, object] | None:
    if space.found is None:
        return None
    hub, categorised = space.found.hub, space.found.categorised
    return {
        "id": hub.id,
        "subdomain": hub.subdomain,
        "stage": hub.stage,
        "sha": hub.sha,
        "likes": hub.likes,
        "hardware": hub.hardware,
        "models": list(hub.models),
        "category": categorised.category,
        "category_rule": categorised.rule,
        "category_certainty": categorised.certainty,
        "read_at": _timestamp(space.found.read_at),
    }


def _check_as_json(space: Space) -> dict[str, object] | None:
    check = space.check
    if check is None:
        return None
    return {
        "status": check.status,
        "digest": check.digest,
        "compressed_bytes": check.compressed_bytes,
        "architectures": list(check.architectures),
        "message": check.message,
        "checked_at": _timestamp(check.checked_at),
    }


def _timestamp(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
