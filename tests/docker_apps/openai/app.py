"""A small OpenAI-compatible server on the standard library: models, chat completions (streamed or not), embeddings."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Handler(BaseHTTPRequestHandler):
    """Answers as OpenAI's API reference says."""

    def do_GET(self) -> None:
        if self.path == "/v1/models":
            self.answer({"object": "list", "data": [{"id": "echo-1", "object": "model"}]})
        else:
            self.answer({"error": {"message": f"no route {self.path}"}}, 404)

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/v1/chat/completions":
            self.chat(asked)
        elif self.path == "/v1/embeddings":
            self.answer(
                {"data": [{"index": 0, "embedding": [float(len(asked["input"])), 0.5]}], "model": asked["model"]}
            )
        else:
            self.answer({"error": {"message": f"no route {self.path}"}}, 404)

    def chat(self, asked: dict[str, Any]) -> None:
        said = [message["content"] for message in asked["messages"]]
        reply = f"{said[-1]} (message {len(said)}, {asked['model']})"
        if not asked.get("stream"):
            self.answer({"choices": [{"index": 0, "message": {"role": "assistant", "content": reply}}]})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for number, word in enumerate(reply.split(" ")):
            delta = {"choices": [{"index": 0, "delta": {"content": f" {word}" if number else word}}]}
            self.wfile.write(f"data: {json.dumps(delta)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def answer(self, value: object, status: int = 200) -> None:
        """Send `value` as JSON."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
