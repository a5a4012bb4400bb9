"""The least that somebody could do by hand to call a Space once: docker run, poll, one request, docker rm."""

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import closing

POLL_S = 0.01


def call_by_hand(docker_run: Sequence[str], endpoint: str, data: Sequence[object]) -> object:
    """Start the container of the `docker run` words on a fixed port, call its direct route once, and remove it."""
    port = _free_port()
    name = f"hfsr-floor-{port}"
    words = list(docker_run)
    words[words.index("--name") + 1] = name
    words[words.index("--publish") + 1] = f"127.0.0.1:{port}:7860"
    # Without a Space's id Gradio answers on its direct route, the cheapest of all.
    space_id = next(index for index, word in enumerate(words) if word.startswith("SPACE_ID="))
    del words[space_id - 1 : space_id + 1]
    subprocess.run(words, check=True, capture_output=True)
    try:
        while not _is_up(port):
            time.sleep(POLL_S)
        return _post(port, f"/gradio_api/run{endpoint}", {"data": list(data)})
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)


def _is_up(port: int) -> bool:
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
            connection.request("GET", "/config")
            return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def _post(port: int, path: str, body: object) -> object:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status != http.client.OK:
            raise RuntimeError(f"POST {path} answered {answer.status}: {answer.read()[:200]!r}")
        return json.loads(answer.read())["data"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
