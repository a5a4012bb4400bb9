"""The calls that our calling layer and gradio_client must answer alike, for the app tests/gradio_apps/components."""

from pathlib import Path
from typing import Any

SAMPLES = Path(__file__).parent.parent.parent / "gradio_apps" / "components" / "samples"
PICTURE, SOUND, FILM, MODEL = (SAMPLES / name for name in ("squares.png", "tone.wav", "clip.mp4", "triangle.obj"))
TABLE = {"headers": ["word", "weight"], "data": [["red", 1.5], ["blue", 2.0]]}

GRADIO_3, FIRST_4, EARLY_4 = "3.50.2", "4.8.0", "4.16.0"
VERSIONS = (GRADIO_3, FIRST_4, EARLY_4, "4.44.1", "5.49.1", "6.31.0")

CALLS: dict[str, list[Any]] = {
    "/textbox": ["Grüße 日本 😀\n\ttab"],
    "/number": [21.5],
    "/slider": [12.5],
    "/checkbox": [True],
    "/checkbox_group": [["ant"]],
    "/radio": ["bee"],
    "/dropdown": ["cat"],
    "/dropdown_many": [["bee", "cat"]],
    "/image": [PICTURE],
    "/image_file": [PICTURE],
    "/image_editor": [PICTURE],
    "/audio": [SOUND],
    "/audio_samples": [SOUND],
    "/video": [FILM],
    "/file": [MODEL],
    "/files": [[MODEL, SAMPLES.parent / "README.md"]],
    "/gallery": [[PICTURE]],
    "/dataframe": [TABLE],
    "/json": [{"a": [1, None, "ü"]}],
    "/multimodal_textbox": [{"text": "look", "files": [PICTURE]}],
    "/code": ["print('x')"],
    "/markdown": ["**bold**"],
    "/html": ["<b>x</b>"],
    "/model3d": [MODEL],
    "/date_time": ["2026-01-31 12:00:00"],
    "/color_picker": ["#00ff10"],
    "/upload_button": [MODEL],
    "/video_out": [FILM],
    "/download_button": ["some text"],
    "/label": ["a!"],
    "/highlighted_text": ["some long words"],
    "/annotated_image": [PICTURE],
    "/chatbot": ["hi", []],
    "/state": ["once"],
    "/plot": [3],
    "/optional": ["ho", 3, False],
    "/without_label": ["text"],
    "/twins": ["a", "b"],
    "/batched": ["one"],
    "/stream": ["four"],
    "/stream_json": ["a bc d"],
    "/stream_table": ["red"],
    "/stream_chat": ["hey"],
    "/stream_shrinking": ["row"],
    "/steps": ["abc"],
    "/notes": ["abc"],
    "/refuse": ["cheese"],
    "/crash": ["cheese"],
    "/not_queued": ["quick"],
    "/hidden": ["x"],
    "/anonymous": ["x"],
}

NOT_THERE: dict[str, set[str]] = {
    GRADIO_3: {"/image_editor", "/multimodal_textbox", "/download_button", "/date_time"},
    FIRST_4: {"/multimodal_textbox", "/download_button", "/date_time", "/batched", "/video"},
    EARLY_4: {"/multimodal_textbox", "/download_button", "/date_time"},
    "4.44.1": set(),
}
"""What the app has not on a version: components that came later, and what that version itself cannot do."""

FAILS_FOR_ORACLE: dict[str, dict[str, list[Any]]] = {
    GRADIO_3: {"/not_queued": ["QUICK"]},
    "4.44.1": {
        "/stream_shrinking": [{"headers": ["word", "weight"], "data": [["row", 0.0], ["row 1", 1.0]], "metadata": None}]
    },
}
"""Calls at which gradio_client fails, and what they answer: one is sent without a content type, of the other it cannot
follow the changes."""

NOT_CALLED: dict[str, set[str]] = {GRADIO_3: {"/gallery"}}
"""What no caller can use: a gallery of Gradio 3 takes what only its own page sends."""

BY_JSON_FILE = frozenset({"/dataframe", "/json", "/chatbot"})
"""What gradio_client takes from a file where the app is Gradio 3."""
