"""Calls a Gradio app by gradio_client, as its documentation says: JSON in on stdin, JSON out to a file.

It runs under an interpreter of its own, since no one release of gradio_client speaks to all of Gradio.
"""

import inspect
import json
import sys
import tempfile
from typing import Any

import gradio_client  # type: ignore[import-untyped]
from gradio_client import Client


def main() -> None:
    """Read `{"url", "calls": [{"api_name" or "fn_index", "args"}]}`; write a list of `{"value"}` or `{"error"}`."""
    asked = json.load(sys.stdin)
    known = inspect.signature(Client.__init__).parameters
    options = {
        "verbose": False,
        "analytics_enabled": False,
        "download_files": tempfile.mkdtemp(),
        "token" if "token" in known else "hf_token": False,
        "auth": tuple(asked["auth"]) if asked.get("auth") else None,
    }
    client = Client(asked["url"], **{name: value for name, value in options.items() if name in known})
    answers = [answer(client, call) for call in asked["calls"]]
    with open(sys.argv[1], "w", encoding="utf-8") as file:  # noqa: PTH123 - nothing but gradio_client is here
        json.dump(answers, file)


def answer(client: Any, call: dict[str, Any]) -> dict[str, Any]:
    """Return what one call brings."""
    where = {name: call[name] for name in ("api_name", "fn_index") if name in call}
    try:
        return {"value": client.predict(*[given(item) for item in call["args"]], **where)}
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the oracle says
        return {"error": f"{type(error).__name__}: {error}"}


def given(value: Any) -> Any:
    """Return `value` with each `{"$file": PATH}` as this gradio_client wants files."""
    if isinstance(value, dict) and set(value) == {"$file"}:
        # Gradio 3 has files by their paths alone.
        return value["$file"] if sys.argv[2] == "ws" else gradio_client.handle_file(value["$file"])
    if isinstance(value, dict):
        return {key: given(item) for key, item in value.items()}
    return [given(item) for item in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
