"""Spaces that fail, each for one cause: the verdict names it, and doing what the hint says helps."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from tests.engine.command_line import Ended, hfsr, our_containers
from tests.engine.images import TEST_LABEL, script_image

pytestmark = pytest.mark.engine

SERVE = """
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
ThreadingHTTPServer(({host!r}, {port}), SimpleHTTPRequestHandler).serve_forever()
"""
# The Hub cannot be reached from here: the text is that of huggingface_hub 2, raised as it raises it.
GATED = """
class GatedRepoError(Exception):
    __module__ = "huggingface_hub.errors"

raise GatedRepoError(
    "401 Client Error. (Request ID: Root=1-687696a1-3f66c2915b2296982727aed2;b08e9476)\\n\\n"
    "Cannot access gated repo for url https://huggingface.co/meta-llama/Llama-2-7b/resolve/main/config.json.\\n"
    "Access to model meta-llama/Llama-2-7b is restricted. You must have access to it and be authenticated to access it."
    " Please log in."
)
"""
NO_DRIVER = (
    "raise RuntimeError('Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU and installed"
    " a driver from http://www.nvidia.com/Download/index.aspx')"
)
EATS = "heap = []\nwhile True:\n    heap.append(b'x' * 1_000_000)"
CHILD_EATS = f"""
import subprocess, sys, time
subprocess.run([sys.executable, "-c", {EATS!r}])
time.sleep(600)
"""
STARTS_THREADS = """
import threading
stop = threading.Event()
try:
    for number in range(200):
        threading.Thread(target=stop.wait, daemon=True).start()
finally:
    stop.set()
"""
FILLS_ITS_DISK = "import os\nwith open('/tmp/x', 'wb') as file:\n    os.posix_fallocate(file.fileno(), 0, 10**12)"


@dataclass(frozen=True, kw_only=True)
class Failing:
    """A script that fails. `error` and `hint` are patterns for what is said of it, `options` those of `hfsr run`."""

    name: str
    script: str
    verdict: str
    error: str
    hint: str
    options: tuple[str, ...] = ()
    exit_code: int = 12
    command: tuple[str, ...] = ("python3", "/app.py")
    environment: tuple[tuple[str, str], ...] = ()
    user: str = ""


FAILING = (
    Failing(
        name="exits",
        script="print('loading the model')\nraise ValueError('no weights in /models')",
        verdict="exited_at_start",
        error=r"exit code 1 .*: ValueError: no weights in /models",
        hint="hfsr run -v",
    ),
    Failing(
        name="secret",
        script="import os\nos.environ['OPENAI_API_KEY']",
        verdict="missing_secret",
        error="KeyError: 'OPENAI_API_KEY'.*variable",
        hint="export OPENAI_API_KEY=.*--secret OPENAI_API_KEY",
    ),
    Failing(
        name="gated",
        script=GATED,
        verdict="gated_model",
        error="meta-llama/Llama-2-7b",
        hint="https://huggingface.co/meta-llama/Llama-2-7b .*--secret HF_TOKEN",
    ),
    Failing(
        name="offline",
        script="import urllib.request\nurllib.request.urlopen('https://huggingface.co/gpt2')",
        options=("--network", "isolated"),
        verdict="no_network",
        error="cannot reach",
        hint="--network open.*--warm-online",
    ),
    Failing(name="gpu", script=NO_DRIVER, verdict="no_gpu", error="Found no NVIDIA driver", hint="--gpus all"),
    Failing(
        name="loopback",
        script=SERVE.format(host="127.0.0.1", port=7860),
        options=("--startup-timeout", "20s"),
        verdict="loopback_only",
        error=r"127\.0\.0\.1.*7860",
        hint='server_name="0.0.0.0"',
    ),
    Failing(
        name="elsewhere",
        script=SERVE.format(host="0.0.0.0", port=8000),
        options=("--startup-timeout", "6s"),
        verdict="wrong_port",
        error="8000",
        hint="registry entry",
    ),
    Failing(
        name="silent",
        script="import time\nprint('hello from a program that serves nothing')\ntime.sleep(600)",
        options=("--startup-timeout", "4s"),
        verdict="nothing_listens",
        error="not ready within 4 s: no program in it listens",
        hint="--startup-timeout",
    ),
    Failing(
        name="slow",
        script="import socket, time\nserver = socket.create_server(('', 7860))\ntime.sleep(600)",
        options=("--startup-timeout", "4s"),
        verdict="startup_timeout",
        error="not ready within 4 s: its port took a connection",
        hint="--startup-timeout",
    ),
    Failing(
        name="eats",
        script=EATS,
        options=("--memory", "64m"),
        exit_code=11,
        verdict="out_of_memory",
        error="more memory than its cap",
        hint="--memory",
    ),
    Failing(
        name="child-eats",
        script=CHILD_EATS,
        options=("--memory", "64m", "--startup-timeout", "6s"),
        verdict="child_out_of_memory",
        error="memory",
        hint="--memory",
    ),
    Failing(
        name="child-killed",
        script=EATS,
        command=("sh", "-c", "python3 /app.py; sleep 600"),
        options=("--memory", "64m", "--startup-timeout", "6s"),
        verdict="child_out_of_memory",
        error="memory",
        hint="--memory",
    ),
    Failing(
        name="read-only",
        script="open('/opt/x', 'w')",
        options=("--read-only",),
        verdict="read_only",
        error="/opt/x",
        hint="leave --read-only out",
    ),
    Failing(
        name="permission",
        script="open('/x', 'w')",
        user="1000",
        verdict="permission",
        error="/x",
        hint=r"Dockerfile.*chown -R 1000 /x.*cap_add: \[DAC_OVERRIDE\]",
    ),
    Failing(
        name="cache",
        script="import os\nos.makedirs('/.cache/huggingface')",
        user="1000",
        verdict="permission",
        error=r"/\.cache",
        hint="-e XDG_CACHE_HOME=/tmp/cache",
    ),
    Failing(
        name="capability",
        script="import os\nos.chown('/opt', 5, 5)",
        verdict="capability_missing",
        error="CHOWN",
        hint=r"cap_add: \[CHOWN\]",
    ),
    Failing(
        name="user",
        script="",
        command=("su", "nobody", "-s", "/bin/sh", "-c", "id"),
        verdict="capability_missing",
        error="SETGID, SETUID",
        hint=r"cap_add: \[SETGID, SETUID\]",
    ),
    Failing(
        name="threads",
        script=STARTS_THREADS,
        environment=(("HFSR_PIDS_LIMIT", "20"),),
        verdict="too_many_processes",
        error="can't start new thread",
        hint="pids_limit",
    ),
    Failing(
        name="module",
        script="import sentence_transformers",
        verdict="missing_dependency",
        error="sentence_transformers",
        hint=r"sentence_transformers .*requirements\.txt",
    ),
    Failing(
        name="program",
        script="import subprocess\nsubprocess.run(['ffmpeg', '-version'])",
        verdict="missing_dependency",
        error="ffmpeg",
        hint=r"ffmpeg .*packages\.txt",
    ),
    Failing(
        name="disk",
        script=FILLS_ITS_DISK,
        options=("--read-only",),
        verdict="disk_full_inside",
        error="No space left on device",
        hint="--memory.*leave --read-only out",
    ),
    Failing(
        name="processor",
        script="import os, signal\nos.kill(os.getpid(), signal.SIGILL)",
        verdict="wrong_architecture",
        error="132",
        hint="linux/amd64",
    ),
    Failing(
        name="taken",
        script="import socket\ntaken = socket.create_server(('', 7860))\nsocket.create_server(('', 7860))",
        verdict="port_in_use_inside",
        error="Address already in use",
        hint="GRADIO_NUM_PORTS",
    ),
    Failing(
        name="app-file",
        script="",
        command=("python3", "/main.py"),
        verdict="app_file_missing",
        error=r"/main\.py",
        hint="app_file:",
    ),
)


@pytest.fixture
def image_of(docker_client: docker.DockerClient, base_image: str) -> Callable[[Failing], str]:
    """Return what builds the image of a failing script."""

    def build(failing: Failing) -> str:
        name = f"verdict-{failing.name}"
        image = script_image(docker_client, name, failing.script, base=base_image, command=failing.command)
        if failing.user:
            dockerfile = f"FROM {image}\nUSER {failing.user}\n"
            docker_client.images.build(
                fileobj=io.BytesIO(dockerfile.encode()), tag=image, rm=True, labels={TEST_LABEL: "yes"}
            )
        return image

    return build


def run(image: str, directory: Path, *options: str, environment: dict[str, str] | None = None) -> Ended:
    return hfsr(
        *("run", "hello", "--hf-space", image, "--pull", "never", "--json", *options),
        directory=directory,
        environment=environment,
    )


@pytest.mark.parametrize("failing", FAILING, ids=lambda failing: failing.name)
def test_the_verdict_names_the_cause(
    failing: Failing, image_of: Callable[[Failing], str], docker_client: docker.DockerClient, tmp_path: Path
) -> None:
    ended = run(image_of(failing), tmp_path, *failing.options, environment=dict(failing.environment))
    assert (ended.exit_code, ended.json["verdict"]) == (failing.exit_code, failing.verdict), ended.stdout
    assert re.search(failing.error, ended.json["error"], re.DOTALL), ended.json["error"]
    assert re.search(failing.hint, ended.json["hint"]), ended.json["hint"]
    assert our_containers(docker_client, f"hfsr-test-verdict-{failing.name}") == []


def fixed(image: str, directory: Path, *options: str, environment: dict[str, str] | None = None) -> str:
    """Return the error of a script that says, once it gets that far, that it has what it needs."""
    ended = run(image, directory, *options, environment=environment)
    assert ended.json["verdict"] == "exited_at_start", ended.stdout
    return str(ended.json["error"])


def test_the_secret_that_the_hint_names_helps(image_of: Callable[[Failing], str], tmp_path: Path) -> None:
    script = "import os\nkey = os.environ['OPENAI_API_KEY']\nraise SystemExit(f'a key of {len(key)} letters')"
    failing = Failing(name="secret-given", script=script, verdict="", error="", hint="")
    environment = {"OPENAI_API_KEY": "sk-never-shown"}
    error = fixed(image_of(failing), tmp_path, "--secret", "OPENAI_API_KEY", environment=environment)
    assert "a key of 14 letters" in error


def test_the_capability_that_the_hint_names_helps(image_of: Callable[[Failing], str], tmp_path: Path) -> None:
    script = "import os\nos.chown('/opt', 5, 5)\nraise SystemExit(f'owned by {os.stat(\"/opt\").st_uid}')"
    image = image_of(Failing(name="capability-given", script=script, verdict="", error="", hint=""))
    registry = tmp_path / "registry.yaml"
    registry.write_text(
        f"spaces:\n  owner:\n    id: owner\n    docker_image: {image}\n    description: changes an owner\n"
        "    category: specialized\n    input_type: text\n    output_type: text\n    port: 7860\n"
        "    status: available\n    cap_add: [CHOWN]\ncategories:\n  specialized: [owner]\n"
    )
    assert "owned by 5" in fixed("owner", tmp_path, environment={"HFSR_REGISTRY": str(registry)})


def test_the_variable_that_moves_a_cache_helps(image_of: Callable[[Failing], str], tmp_path: Path) -> None:
    script = (
        "import os\nhome = os.environ.get('XDG_CACHE_HOME', '/.cache')\nos.makedirs(f'{home}/huggingface')\n"
        "raise SystemExit('made it')"
    )
    image = image_of(Failing(name="cache-moved", script=script, user="1000", verdict="", error="", hint=""))
    assert "made it" in fixed(image, tmp_path, "-e", "XDG_CACHE_HOME=/tmp/cache")


def test_an_app_that_listens_on_another_port_is_found_there(tmp_path: Path) -> None:
    ended = hfsr(
        *("run", "I love it", "--hf-space", "vader-sentiment", "-e", "GRADIO_SERVER_PORT=8000", "--fresh", "--json"),
        directory=tmp_path,
    )
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["text"] == "positive"
    assert "8000" in ended.stderr
