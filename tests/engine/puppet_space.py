"""A Space in an attacker's hands: it runs whatever Python it is given, and says what came of it.

It runs as a container's only script, and speaks just enough of Gradio 5 for `hfsr run`: the prompt is the code, and the
text that comes back is what the code left in `result`, as JSON. A POST to `/do` is a shorter way to the same. The code
finds the functions below, and what earlier code kept in `shared`.
"""

import concurrent.futures
import contextlib
import itertools
import json
import os
import socket
import struct
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CONFIG = {
    "version": "5.49.1",
    "protocol": "sse_v3",
    "api_prefix": "/gradio_api",
    "is_space": True,
    "components": [{"id": 0, "type": "textbox", "props": {"label": "code"}}],
    "dependencies": [{"id": 0, "inputs": [0], "outputs": [0], "api_name": "do"}],
}
TEXT = {"label": "code", "component": "Textbox", "type": {"type": "string"}}
INFO = {"named_endpoints": {"/do": {"parameters": [{**TEXT, "parameter_name": "code"}], "returns": [TEXT]}}}
GROUP = "224.0.0.251"
BIND_TO_DEVICE, DONT_ROUTE = 25, 5  # asm-generic/socket.h
KINDS = {"tcp": (socket.SOCK_STREAM, 0), "udp": (socket.SOCK_DGRAM, 0), "ping": (socket.SOCK_DGRAM, 1)}
WAYS = ("routed", "on link")
ECHO = b"\x08" + bytes(7)
shared: dict[str, object] = {}
said = ""


class ShownError(Exception):
    """What Gradio shows of an error to whoever called: as `gr.Error`."""


def listen(port: int, heard: list[str]) -> None:
    """Write down all that comes to `port`: by TCP, by UDP, to everybody, and to a group."""
    server = socket.create_server(("", port))
    datagrams = socket.socket(type=socket.SOCK_DGRAM)
    datagrams.bind(("", port))
    datagrams.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(GROUP) + b"\0\0\0\0")

    def accept() -> None:
        while True:
            connection, _ = server.accept()
            heard.append(connection.recv(1000).decode())

    def receive() -> None:
        while True:
            said, whence = datagrams.recvfrom(1000)
            heard.append(said.decode("latin-1"))
            datagrams.sendto(b"heard", whence)

    for target in (accept, receive):
        threading.Thread(target=target, daemon=True).start()


def probe(
    targets: list[str], ports: list[int], marker: str, ways: tuple[str, ...] = ("routed", "on link")
) -> list[str]:
    """Say `marker` to each of the `ports` of each of the `targets` in every way there is, and return what answered.

    `on link` needs no privilege, and looks for whoever has the address on the link itself, past every route.
    """
    everything = list(itertools.product(("tcp", "udp", "ping"), ways, targets, ports))
    with concurrent.futures.ThreadPoolExecutor(len(everything)) as pool:
        return [what for what in pool.map(lambda one: say(one[0], one[1], one[2], one[3], marker), everything) if what]


def say(kind: str, way: str, host: str, port: int, marker: str) -> str | None:
    """Say `marker` to a host once, and return how if anybody answered, be it that nobody listens there."""
    how = f"{kind} {way} {host}:{port}"
    try:
        with socket.socket(socket.AF_INET, *KINDS[kind]) as sock:
            sock.settimeout(1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            if way == "on link":
                device = next(name for _, name in socket.if_nameindex() if name != "lo")
                sock.setsockopt(socket.SOL_SOCKET, BIND_TO_DEVICE, device.encode() + b"\0")
                sock.setsockopt(socket.SOL_SOCKET, DONT_ROUTE, 1)
            sock.connect((host, port))
            sock.sendall((ECHO if kind == "ping" else b"") + marker.encode())
            return how if kind == "tcp" or sock.recv(1000) else None
    except ConnectionRefusedError:
        return f"{how} refused"
    except OSError:
        return None


def ask(server: str, name: str) -> int:
    """Ask the name server at `server` for `name`, and return how many answers it has."""
    question = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0\0\1\0\1"
    with socket.socket(type=socket.SOCK_DGRAM) as sock:
        sock.settimeout(1.5)
        try:
            sock.sendto(struct.pack(">HHHHHH", 7, 0x100, 1, 0, 0, 0) + question, (server, 53))
            return int(struct.unpack(">H", sock.recv(1000)[6:8])[0])
        except OSError:
            return 0


def do(code: str) -> str:
    """Run `code` and return its `result` as JSON."""
    names: dict[str, object] = dict(globals())
    exec(code, names)  # noqa: S102 - that is what it is for
    return json.dumps(names.get("result"))


class Puppet(BaseHTTPRequestHandler):
    """Does what it is told."""

    def do_GET(self) -> None:
        global said  # noqa: PLW0603 - it has one caller
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        if self.path == "/config":
            self.answer(json.dumps(CONFIG))
        elif self.path == "/gradio_api/info":
            self.answer(json.dumps(INFO))
        elif self.path == "/do":
            try:
                self.answer(do(body))
            except Exception:  # noqa: BLE001 - the test sees it
                self.answer(json.dumps(traceback.format_exc()), status=500)
        elif self.path.startswith("/gradio_api/queue/join"):
            said = json.loads(body)["data"][0]
            self.answer('{"event_id": "e"}')
        elif self.path.startswith("/gradio_api/queue/data"):
            self.answer(f"data: {json.dumps(called(said))}\n\n", "text/event-stream")
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


def called(code: str) -> dict[str, object]:
    """Return the event with which Gradio's queue would end a call."""
    event: dict[str, object] = {"msg": "process_completed", "event_id": "e", "success": True}
    try:
        return event | {"output": {"data": [do(code)]}}
    except ShownError as error:
        return event | {"success": False, "output": {"error": str(error)}}
    except Exception:  # noqa: BLE001 - Gradio hides what it says, and logs it
        traceback.print_exc()
        return event | {"success": False, "output": {"error": None}}


if __name__ == "__main__":
    print("starting", flush=True)  # noqa: T201 - its log
    do(os.environ.get("AT_START", ""))
    ThreadingHTTPServer(("", 7860), Puppet).serve_forever()
