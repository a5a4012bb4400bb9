"""Tells whether the engine that the runner would use answers, where it is and why not; or whether it has an image.

probe.py             prints where it is, or why it does not answer. Exit 0: it answers. 10: the default engine does not.
                     11: the one that DOCKER_HOST or the docker context names does not. 12: it refuses this user.
probe.py IMAGE...    exit 0: the engine has one of the images. 1: it has none.
"""

import errno
import os
import sys

import docker
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.errors import DockerException, ImageNotFound
from requests.exceptions import RequestException


def place() -> tuple[str, bool]:
    """Return where the engine is, in words, and whether the user named it."""
    if host := os.environ.get("DOCKER_HOST"):
        return f"DOCKER_HOST={host}", True
    context = ContextAPI.get_context(os.environ.get("DOCKER_CONTEXT"))
    if context is None or context.Name == "default":  # None: no such context; the SDK takes the default one, too
        return DEFAULT_UNIX_SOCKET.replace("http+unix", "unix"), False
    return f"docker context {context.Name} ({context.Host})", True


def reason(error: BaseException) -> str:
    """Return the operating system's own word for what failed, which the libraries wrap in several layers."""
    inner: list[object] = [error]
    for candidate in inner:
        if isinstance(candidate, OSError) and candidate.strerror:
            return candidate.strerror
        if isinstance(candidate, BaseException):
            inner += [candidate.__cause__, candidate.__context__, getattr(candidate, "reason", None), *candidate.args]
    return str(error)


def main(images: list[str]) -> int:
    """Return the exit code."""
    where, named = place()
    try:
        client = docker.from_env(timeout=10)
        client.ping()
        for image in images:
            try:
                client.images.get(image)
            except ImageNotFound:
                continue
            return 0
    except (DockerException, RequestException, OSError) as error:
        why = reason(error)
        sys.stdout.write(f"{where}: {why}\n")
        if why == os.strerror(errno.EACCES):
            return 12
        return 11 if named else 10
    sys.stdout.write(f"{where}\n")
    return 1 if images else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
