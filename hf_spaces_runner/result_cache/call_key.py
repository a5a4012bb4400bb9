"""Makes the key of what a candidate is asked, with its files read."""

import hashlib
import stat
from pathlib import Path

from hf_spaces_runner.domain.image import Image
from hf_spaces_runner.domain.labels import RunLabels
from hf_spaces_runner.domain.plan import Candidate
from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.result_cache.key import FileMark, KeyInput, cache_key


def call_key(candidate: Candidate, image: Image) -> str | None:
    """Return the key of the answer that `candidate` gives from `image`; None where there can be none.

    There is none in privacy, nor for a container that shall stay up, which a kept answer would not start.

    Nothing is raised: a file that cannot be read has no key, and whoever calls the Space says what is wrong with it.
    Ask before the call, and again before the answer is kept: where a file was changed meanwhile, the keys differ, and
    nobody knows which of the two contents the Space saw.
    """
    if candidate.keep or RunLabels.read(candidate.launch_spec.labels).privacy:
        return None
    return content_key(candidate, image)


def content_key(candidate: Candidate, image: Image) -> str | None:
    """Return what tells the call of `candidate` to `image` from all others, by the names and contents of its files.

    None where a file cannot be read, or something that is given is no JSON.
    """
    spec, call = candidate.launch_spec, candidate.call
    inputs = []
    for given in call.inputs:
        mark = None if given.path is None else _mark(given.path)
        if given.path is not None and mark is None:
            return None
        inputs.append(KeyInput(name=given.name, value=given.value, file=mark))
    return cache_key(
        image_id=image.digest or image.id,
        endpoint=call.endpoint,
        prompt=call.prompt,
        inputs=inputs,
        preset_inputs=call.preset_inputs,
        environment=spec.environment,
        circumstances=_circumstances(candidate),
    )


def _circumstances(candidate: Candidate) -> dict[str, str | Secret]:
    spec, login = candidate.launch_spec, candidate.login
    return {
        "api": repr(candidate.space.api),
        "command": repr(candidate.default_command),
        "port": str(spec.container_port),
        "network": spec.network,
        "gpus": spec.gpus or "",
        "read_only": str(spec.read_only),
        "user": "" if login is None else login.user,
        "password": "" if login is None else login.password,
    }


def _mark(path: Path) -> FileMark | None:
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe can be read once, and may never end
            return None
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        return FileMark(sha256=content, name=path.name)
    except (OSError, ValueError):
        return None
