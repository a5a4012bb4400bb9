"""An app that tells what a Space sees of its container, and that fails in every way."""

import os
import sys
import time
from pathlib import Path

import gradio as gr  # type: ignore[import-not-found]


def environment() -> dict[str, str]:
    return dict(os.environ)


def process_status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line) | {"uid": str(os.getuid())}


def mounts() -> str:
    return Path("/proc/self/mounts").read_text()


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
    remember: (["text"], "text"),
    length: (["text"], "text"),
    refuse: (["text"], "text"),
    crash: (["text"], "text"),
    hog: (["text"], "text"),
    leave: (["text"], "text"),
    sleep: (["number"], "text"),
}

with gr.Blocks() as demo:
    for function, (inputs, output) in FUNCTIONS.items():
        takes = [gr.Number() if kind == "number" else gr.Textbox() for kind in inputs]
        gives = gr.JSON() if output == "json" else gr.Textbox()
        gr.Button(function.__name__).click(function, takes, gives, api_name=function.__name__)

print("asking for a share tunnel", file=sys.stderr)
demo.launch(share=True)
