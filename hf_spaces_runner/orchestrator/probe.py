"""Asks a port once whether a Space answers there, and what it speaks."""

import http.client
import json
import time
from collections.abc import Callable

from hf_spaces_runner.domain.api import Api, ApiKind, Spoken
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.json_weight import is_too_heavy
from hf_spaces_runner.orchestrator.http_get import MAX_BYTES, Got, NotReadyYet, http_get

_MAX_WEIGHT = 400_000
_LEAST_S = 0.05
_IN_ORDER = (ApiKind.GRADIO, ApiKind.OPENAPI, ApiKind.OPENAI, ApiKind.STREAMLIT, ApiKind.PAGE)


def probe(
    port: int, api: Api, timeout_s: float, *, host: str = "127.0.0.1", remembered: ApiKind | None = None
) -> Spoken:
    """Return what the Space on `port` of loopback, or of `host`, speaks, once it is ready.

    Where `api` does not say it, `/config`, `/openapi.json`, `/v1/models`, `/_stcore/health` and `/` are asked in this
    order; `remembered` is asked first.

    Raises:
        NotReadyYet: nothing listens, or it is not ready yet, or none of this.
    """
    deadline = Deadline.after(timeout_s, time.monotonic)

    def get(path: str) -> Got:
        return http_get(port, path, max(deadline.remaining_s, _LEAST_S), host=host)

    if api.health is not None:
        got = get(api.health)
        if not got.ok:
            raise NotReadyYet(f"GET {api.health} on its port answered {got.status}")
    if api.kind is ApiKind.HTTP:
        return _probe_http(api, get)
    if api.kind is not ApiKind.AUTO:
        return _probe_one(api.kind, get)
    return _probe_all(get, remembered)


def probe_gradio(port: int, timeout_s: float, *, host: str = "127.0.0.1") -> Spoken:
    """Return what the Gradio app on `port` says of itself; raises as `probe` does."""
    return probe(port, Api(kind=ApiKind.GRADIO), timeout_s, host=host)


def _probe_http(api: Api, get: Callable[[str], Got]) -> Spoken:
    if api.health is None:
        got = get("/")
        if got.status >= http.client.INTERNAL_SERVER_ERROR:
            raise NotReadyYet(f"GET / on its port answered {got.status}")
    return Spoken(kind=ApiKind.HTTP)


def _probe_one(kind: ApiKind, get: Callable[[str], Got]) -> Spoken:
    path, fits = _WAYS[kind]
    got = get(path)
    # An app that asks for a login is ready as well, and says nothing of itself.
    if got.status == http.client.UNAUTHORIZED and kind is not ApiKind.PAGE:
        return Spoken(kind=kind)
    if not got.ok and not (kind is ApiKind.PAGE and got.status < http.client.BAD_REQUEST):
        raise NotReadyYet(f"GET {path} on its port answered {got.status}, not {_NAMES[kind]}")
    if not fits(got.body):
        raise NotReadyYet(f"GET {path} on its port answered with something that is not {_NAMES[kind]}")
    return Spoken(kind=kind, description=got.body if kind in (ApiKind.GRADIO, ApiKind.OPENAPI) else b"")


def _probe_all(get: Callable[[str], Got], remembered: ApiKind | None) -> Spoken:
    order = sorted(_IN_ORDER, key=lambda kind: kind is not remembered)
    last = None
    for kind in order:
        try:
            return _probe_one(kind, get)
        except NotReadyYet as seen:
            if seen.observed is None or not seen.observed.startswith("GET "):
                raise  # nothing answers at all: the other paths would not either
            last = seen
    raise NotReadyYet(
        f"its port answers, and is neither Gradio, OpenAPI, an OpenAI-compatible server nor a page: {last}"
    )


def _json_object(body: bytes) -> dict[str, object]:
    if is_too_heavy(body, _MAX_WEIGHT):
        return {}
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _is_gradio(body: bytes) -> bool:
    """Return whether it is Gradio's. One too large to be looked into may be: the call will say that it is too large."""
    if len(body) >= MAX_BYTES or is_too_heavy(body, _MAX_WEIGHT):
        return b'"dependencies"' in body
    return isinstance(_json_object(body).get("dependencies"), list)


def _is_openapi(body: bytes) -> bool:
    described = _json_object(body)
    return isinstance(described.get("openapi"), str) and isinstance(described.get("paths"), dict)


def _is_models(body: bytes) -> bool:
    return isinstance(_json_object(body).get("data"), list)


def _is_streamlit(body: bytes) -> bool:
    return body.strip().lower() == b"ok"


_WAYS: dict[ApiKind, tuple[str, Callable[[bytes], bool]]] = {
    ApiKind.GRADIO: ("/config", _is_gradio),
    ApiKind.OPENAPI: ("/openapi.json", _is_openapi),
    ApiKind.OPENAI: ("/v1/models", _is_models),
    ApiKind.STREAMLIT: ("/_stcore/health", _is_streamlit),
    ApiKind.PAGE: ("/", bool),
}
_NAMES = {
    ApiKind.GRADIO: "Gradio's configuration",
    ApiKind.OPENAPI: "an OpenAPI description",
    ApiKind.OPENAI: "a list of models",
    ApiKind.STREAMLIT: "Streamlit's health",
    ApiKind.PAGE: "a page",
}
