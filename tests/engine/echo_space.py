"""The smallest Space: speaks just enough of Gradio 5 to return its input, on the standard library alone.

It runs as a container's only script. SLEEP_S is how long it takes before it listens, and before it answers.
"""

import json
import os
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SLEEP_S = float(os.environ.get("SLEEP_S", "0"))
PORT = int(os.environ.get("PORT", "7860"))
CONFIG = {
    "version": "5.49.1",
    "protocol": "sse_v3",
    "api_prefix": "/gradio_api",
    "is_space": True,
    "components": [{"id": 0, "type": "textbox", "props": {"label": "text"}}],
    "dependencies": [{"id": 0, "inputs": [0], "outputs": [0], "api_name": "echo"}],
}
TEXT = {"label": "text", "component": "Textbox", "type": {"type": "string"}}
INFO = {"named_endpoints": {"/echo": {"parameters": [{**TEXT, "parameter_name": "text"}], "returns": [TEXT]}}}
said = ""


class Echo(BaseHTTPRequestHandler):
    """Answers each request well."""

    def do_GET(self) -> None:
        global said  # noqa: PLW0603 - it has one caller
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path == "/config":
            self.answer(json.dumps(CONFIG))
        elif self.path == "/gradio_api/info":
            self.answer(json.dumps(INFO))
        elif self.path.startswith("/gradio_api/queue/join"):
            said = json.loads(body)["data"][0]
            self.answer('{"event_id": "e"}')
        elif self.path.startswith("/gradio_api/queue/data"):
            time.sleep(SLEEP_S)
            event = {"msg": "process_completed", "event_id": "e", "success": True, "output": {"data": [said]}}
            self.answer(f"data: {json.dumps(event)}\n\n", "text/event-stream")
        else:
            self.answer("{}")

    do_POST = do_GET  # noqa: N815 - http.server's name

    def answer(self, text: str, media_type: str = "application/json") -> None:
        """Send `text`."""
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    time.sleep(SLEEP_S)
    print("listening", flush=True)  # noqa: T201 - its log
    ThreadingHTTPServer(("", PORT), Echo).serve_forever()
