"""What the endpoints do whose way of answering matters: in steps, in batches, with a memory, or not at all."""

import time
from collections.abc import Iterator
from typing import Any

import gradio as gr  # type: ignore[import-not-found]
from generation import MESSAGES, text_of  # type: ignore[import-not-found]


def batched(texts: list[str]) -> list[list[str]]:
    return [[text.upper() for text in texts]]


def stream(text: str) -> Iterator[str]:
    for end in range(1, len(text) + 1):
        time.sleep(0.05)
        yield text[:end]


def stream_json(text: str) -> Iterator[tuple[dict[str, Any] | list[Any], str]]:
    """Yield a value that grows, shrinks and changes its kind; Gradio always replaces the whole of a JSON component."""
    words = text.split()
    facts: dict[str, Any] = {"said": "", "words": [], "busy": True}
    for index, word in enumerate(words):
        time.sleep(0.05)
        facts = {**facts, "said": facts["said"] + word, "words": [*facts["words"], {"word": word}], "count": index + 1}
        yield facts, word
    yield {"words": facts["words"][1:], "said": facts["said"]}, "fewer"
    yield [facts["said"], None, {"nested": words}], "another kind"
    yield [facts["said"] + "!", {"nested": [*words, "end"]}], "done"


def stream_table(text: str) -> Iterator[dict[str, Any]]:
    """Yield a table of which a text is appended to, cells are replaced, rows and keys are added and deleted."""
    steps: list[tuple[list[list[object]], dict[str, list[object]]]] = [
        ([[text, 1.0]], {"first": []}),
        ([[f"{text}!", 1.0]], {"first": []}),
        ([[f"{text}!", 1.0], ["more", 2.0]], {"first": [], "second": []}),
        ([["changed", 3.0], ["more", 2.0]], {"second": []}),
        ([["changed", 3.0]], {"second": []}),
    ]
    for rows, metadata in steps:
        yield _table(rows, metadata)


def stream_shrinking(text: str) -> Iterator[dict[str, Any]]:
    """Yield a table that loses two rows at once: where the second one was is said differently by 4.44 and by 5."""
    rows = [[text, 0.0], *([f"{text} {number}", float(number)] for number in range(1, 4))]
    yield _table(rows, {})
    yield _table(rows[:2], {})


def _table(rows: list[list[object]], metadata: dict[str, list[object]]) -> dict[str, Any]:
    time.sleep(0.05)
    return {"headers": ["word", "weight"], "data": rows, "metadata": metadata}


def stream_chat(text: str) -> Iterator[list[Any]]:
    """Yield a conversation whose last turn grows."""
    for end in range(1, len(text) + 1):
        time.sleep(0.05)
        if MESSAGES:
            yield [{"role": "user", "content": text}, {"role": "assistant", "content": text[:end]}]
        else:
            yield [[text, text[:end]]]


def steps(text: str, progress: gr.Progress = gr.Progress()) -> str:  # noqa: B008 - Gradio looks for this default
    for done in range(3):
        progress((done, 3), desc=f"step {done}")
        time.sleep(0.1)
    return text[::-1]


def notes(text: str) -> str:
    gr.Info(f"an info about {text}")
    gr.Warning(f"a warning about {text}")
    return text[::-1]


def refuse(text: str) -> str:
    raise gr.Error(f"I refuse {text}")


def crash(text: str) -> str:
    raise ValueError(f"a secret detail about {text}")


def state(text: str, memory: list[str]) -> tuple[str, list[str]]:
    memory = [*memory, text]
    return f"{len(memory)}: {' '.join(memory)}", memory


def chatbot(message: str, history: list[Any] | None) -> tuple[str, list[Any]]:
    history = history or []
    if not MESSAGES:
        return "", [*history, [message, f"{message}? This is turn {len(history) + 1}"]]
    turns = [{"role": turn["role"], "content": text_of(turn["content"])} for turn in history]
    reply = f"{message}? This is turn {len(turns) // 2 + 1}"
    return "", [*turns, {"role": "user", "content": message}, {"role": "assistant", "content": reply}]


def anonymous(text: str) -> str:
    return f"anonymous {text}"


def nameless(text: str) -> str:
    return f"nameless {text}"


def hidden(text: str) -> str:
    return f"hidden {text}"
