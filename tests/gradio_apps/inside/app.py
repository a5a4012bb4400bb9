"""An app that tells what a Space sees of its container, and that fails in every way."""

import ctypes
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import gradio as gr  # type: ignore[import-not-found]

CGROUP = Path("/sys/fs/cgroup")
LIMITS = (
    *("memory/memory.limit_in_bytes", "memory/memory.memsw.limit_in_bytes", "pids/pids.max"),  # version 1
    *("memory.max", "memory.swap.max", "pids.max"),  # version 2
)
CLONE_NEWUSER = 0x10000000


def environment() -> dict[str, str]:
    return dict(os.environ)


def process_status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line) | {"uid": str(os.getuid())}


def mounts() -> str:
    return Path("/proc/self/mounts").read_text()


def walls() -> dict[str, object]:
    """Tell what the engine has put around this process, as the kernel shows it."""
    sockets = ("/var/run/docker.sock", "/run/docker.sock", "/run/containerd/containerd.sock", "/run/podman/podman.sock")
    return {
        "limits": {name: (CGROUP / name).read_text().strip() for name in LIMITS if (CGROUP / name).is_file()},
        "core": resource.getrlimit(resource.RLIMIT_CORE),
        "sockets": [path for path in sockets if Path(path).exists()],
        "devices": sorted(path.name for path in Path("/dev").iterdir()),
        "first_process": Path("/proc/1/cmdline").read_text().replace("\0", " "),
        "mounts": Path("/proc/self/mountinfo").read_text().splitlines(),
        "core_pattern": _tried(Path("/proc/sys/kernel/core_pattern")),
        "namespace": ctypes.CDLL(None).unshare(CLONE_NEWUSER),
        "crash": _crash(),
    }


def _crash() -> dict[str, bool]:
    pid = os.fork()
    if pid == 0:
        os.abort()
    _, status = os.waitpid(pid, 0)
    return {"ended": os.WIFSIGNALED(status), "dumped": os.WCOREDUMP(status)}


def write(text: str) -> dict[str, str | None]:
    """Write to each of the paths in `text`, one a line; a variable may stand for a folder."""
    return {line: _tried(Path(os.path.expandvars(line))) for line in text.splitlines()}


def _tried(path: Path) -> str | None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("written")
    except OSError as error:
        return error.strerror
    return None


def copy(file: str) -> str:
    """Print what is in a file, and give it back under another name."""
    text = Path(file).read_text()
    print(text, flush=True)
    copied = Path(tempfile.mkdtemp()) / "copy.txt"
    copied.write_text(text)
    return str(copied)


def remember(text: str) -> str:
    notes = Path(os.environ["HF_HOME"]) / "notes.txt"
    with notes.open("a") as file:
        file.write(text + "\n")
    return notes.read_text()


def length(text: str) -> str:
    return str(len(text))


def refuse(text: str) -> str:
    raise gr.Error(f"I will not say {text}")


def crash(text: str) -> str:
    print(f"about to fail on {text}", flush=True)
    raise ValueError(f"cannot digest {text}")


def hog(text: str) -> str:
    heap = [text]
    while True:
        heap.append("x" * 10_000_000)


def leave(text: str) -> str:
    print(f"leaving: {text}", flush=True)
    os._exit(7)


def sleep(seconds: float) -> str:
    print("sleeping", flush=True)
    time.sleep(seconds)
    return "awake"


FUNCTIONS = {
    environment: ([], "json"),
    process_status: ([], "json"),
    mounts: ([], "text"),
    walls: ([], "json"),
    write: (["text"], "json"),
    copy: (["file"], "file"),
    remember: (["text"], "text"),
    length: (["text"], "text"),
    refuse: (["text"], "text"),
    crash: (["text"], "text"),
    hog: (["text"], "text"),
    leave: (["text"], "text"),
    sleep: (["number"], "text"),
}

COMPONENTS = {"text": gr.Textbox, "number": gr.Number, "json": gr.JSON, "file": gr.File}

with gr.Blocks() as demo:
    for function, (inputs, output) in FUNCTIONS.items():
        takes = [COMPONENTS[kind]() for kind in inputs]
        gives = COMPONENTS[output]()
        gr.Button(function.__name__).click(function, takes, gives, api_name=function.__name__)

print("asking for a share tunnel", file=sys.stderr)
demo.launch(share=True)
