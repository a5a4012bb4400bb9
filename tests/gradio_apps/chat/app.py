"""A chat whose answer depends on what was said before; it runs on Gradio 3.50 to 6."""

import inspect
from typing import Any

import gradio as gr  # type: ignore[import-not-found]

# The history was a list of pairs up to Gradio 4; the option is there in 4.44 and 5, and messages are all there is in 6.
MESSAGES = {"type": "messages"} if "type" in inspect.signature(gr.ChatInterface).parameters else {}


def chat(message: str, history: list[Any]) -> str:
    said = [text for turn in history for text in _said_by_user(turn)]
    last = f"the last was {said[-1]!r}" if said else "none"
    return f"{message} (after {len(said)}: {last})"


def _said_by_user(turn: Any) -> list[str]:
    if not isinstance(turn, dict):
        return [turn[0]]
    content = turn["content"] if turn["role"] == "user" else []
    return [content] if isinstance(content, str) else [part["text"] for part in content]


demo = gr.ChatInterface(chat, **MESSAGES)

if __name__ == "__main__":
    demo.queue().launch()
