"""An app that asks for a public share link in the way that `SHARE_BY` names, and tells which hosts it was led to."""

import json
import os
import re
import socket
import threading

import gradio as gr  # type: ignore[import-not-found]

HTTPS = ("127.0.0.1", 443)
SERVER_NAME = re.compile(rb"[a-z0-9.-]+\.(?:app|co)")
"""A host as it stands in the first message of TLS: in clear."""

WAYS: dict[str, dict[str, object]] = {
    "": {},
    "argument": {"share": True},
    "server": {"share": True, "share_server_address": "tunnels.invalid:7000"},
}
"""What `launch` is told. A server of its own needs the program for tunnels, and asks nobody for a server."""

knocked: list[str] = []
launched = threading.Event()
door = socket.create_server(HTTPS)


def listen() -> None:
    while True:
        knocking, _ = door.accept()
        knocking.settimeout(5)
        with knocking:
            found = SERVER_NAME.search(knocking.recv(4096))
        knocked.append(found[0].decode() if found else "nobody")


def echo(text: str) -> str:
    return text


def tunnel() -> str:
    ended = launched.wait(60)
    # As text: Gradio answers a direct call with the form in which Python prints what is meant for a gr.JSON.
    return json.dumps({"launched": ended, "shares": demo.share, "url": demo.share_url, "knocked": sorted(set(knocked))})


def variables() -> str:
    return json.dumps(dict(os.environ))


with gr.Blocks() as demo:
    for function, takes in ((echo, [gr.Textbox()]), (tunnel, []), (variables, [])):
        gr.Button(function.__name__).click(function, takes, gr.Textbox(), api_name=function.__name__)

if os.environ.get("WANTS_SPACE_ID"):
    print("running as", os.environ["SPACE_ID"])

threading.Thread(target=listen, daemon=True).start()
demo.launch(**WAYS[os.environ.get("SHARE_BY", "")], prevent_thread_lock=True)
launched.set()
demo.block_thread()
