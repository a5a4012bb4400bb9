"""A small Space for batches: speaks just enough of Gradio 5 to do what the first word of its input says.

It runs as a container's only script, on the standard library alone. Texts of several words that begin with none of the
words in `DEEDS` come back as they are.
"""

import contextlib
import json
import os
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONFIG = {
    "version": "5.49.1",
    "protocol": "sse_v3",
    "api_prefix": "/gradio_api",
    "is_space": bool(os.environ.get("SPACE_ID")),
    "components": [{"id": 0, "type": "textbox", "props": {"label": "text"}}],
    "dependencies": [{"id": 0, "inputs": [0], "outputs": [0], "api_name": "do"}],
}
TEXT = {"label": "text", "component": "Textbox", "type": {"type": "string"}}
INFO = {"named_endpoints": {"/do": {"parameters": [{**TEXT, "parameter_name": "text"}], "returns": [TEXT]}}}
kept: list[bytes] = []
sessions: dict[str, list[str]] = {}
at_once = most_at_once = 0
lock = threading.Lock()


class ShownError(Exception):
    """What Gradio shows of an error to whoever called: as `gr.Error`."""


def fail(rest: str) -> str:
    raise ShownError(rest or "no")


def end(rest: str) -> str:
    print("ending", flush=True)  # noqa: T201 - its log
    os._exit(int(rest or 3))


def eat(_: str) -> str:
    while True:
        kept.append(os.urandom(8 * 1024**2))


def grow(rest: str) -> str:
    kept.append(os.urandom(int(rest) * 1024**2))
    return f"{sum(map(len, kept)) >> 20}"


def sleep(rest: str) -> str:
    time.sleep(float(rest.split(maxsplit=1)[0]))
    return rest


def say(rest: str) -> str:
    print(rest, flush=True)  # noqa: T201 - its log
    return rest


DEEDS: dict[str, Callable[[str], str]] = {
    "fail": fail,
    "end": end,
    "eat": eat,
    "grow": grow,
    "sleep": sleep,
    "print": say,
    "host": lambda _: os.uname().nodename,
    "most": lambda _: str(most_at_once),
    "must": lambda rest: os.environ[rest],
    "variable": lambda rest: os.environ.get(rest, "-"),
}


def do(text: str, session: str) -> str:
    """Do what `text` says and return what comes of it; how many do so at once is counted."""
    global at_once, most_at_once  # noqa: PLW0603 - the script is one object
    with lock:
        at_once += 1
        most_at_once = max(at_once, most_at_once)
        before = sessions.setdefault(session, [])
        before.append(text)
    try:
        first, _, rest = text.partition(" ")
        if first == "before":
            return str(len(before) - 1)
        return DEEDS[first](rest) if first in DEEDS else text
    finally:
        with lock:
            at_once -= 1


class Handler(BaseHTTPRequestHandler):
    """Answers as Gradio does: by the queue, and without it unless it runs as on the Hub."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    joined: tuple[str, str] = ("", "")

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/config":
            self.answer(json.dumps(CONFIG))
        elif self.path == "/gradio_api/info":
            self.answer(json.dumps(INFO))
        elif self.path.startswith("/gradio_api/run/"):
            asked = json.loads(body)
            event = called(asked["data"][0], asked["session_hash"])
            self.answer(json.dumps(event["output"]), status=200 if event["success"] else 500)
        elif self.path.startswith("/gradio_api/queue/join"):
            asked = json.loads(body)
            with lock:
                sessions[f"said {asked['session_hash']}"] = [asked["data"][0]]
            self.answer('{"event_id": "e"}')
        elif self.path.startswith("/gradio_api/queue/data"):
            session = self.path.partition("session_hash=")[2].partition("&")[0]
            said = sessions[f"said {session}"][0]
            self.answer(f"data: {json.dumps(called(said, session))}\n\n", "text/event-stream")
        else:
            self.answer("{}")

    do_POST = do_GET  # noqa: N815 - http.server's name

    def answer(self, text: str, media_type: str = "application/json", status: int = 200) -> None:
        """Send `text`; nobody may be left to hear it."""
        with contextlib.suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def called(text: str, session: str) -> dict[str, object]:
    """Return the event with which Gradio's queue would end a call."""
    event: dict[str, object] = {"msg": "process_completed", "event_id": "e", "success": True}
    try:
        return event | {"output": {"data": [do(text, session)]}}
    except ShownError as error:
        return event | {"success": False, "output": {"error": str(error)}}
    except Exception:  # noqa: BLE001 - Gradio hides what it says, and logs it
        traceback.print_exc()
        return event | {"success": False, "output": {"error": None}}


if __name__ == "__main__":
    time.sleep(float(os.environ.get("START_S", "0")))
    if os.environ.get("WANTS_HUB"):
        print(os.environ["SPACE_ID"])  # noqa: T201 - as on the Hub
    print("listening", flush=True)  # noqa: T201 - its log
    ThreadingHTTPServer(("", 7860), Handler).serve_forever()
