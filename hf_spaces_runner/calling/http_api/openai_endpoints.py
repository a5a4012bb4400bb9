"""Knows what can be called of a server that speaks as OpenAI's does: the endpoints, and the bodies that they take."""

from collections.abc import Mapping

from hf_spaces_runner.calling.endpoint import Endpoint, Parameter, ParameterKind, Returned

CHAT, COMPLETIONS, EMBEDDINGS, MODELS = "/v1/chat/completions", "/v1/completions", "/v1/embeddings", "/v1/models"
PROMPT, INPUT, SYSTEM, IMAGES, MODEL = "prompt", "input", "system", "images", "model"
MAX_TOKENS = "max_tokens"
TEXT, EMBEDDING = "text", "embedding"


def _parameter(
    name: str,
    kind: ParameterKind,
    *,
    required: bool = False,
    many: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
) -> Parameter:
    return Parameter(
        name=name,
        label="",
        component="",
        kind=kind,
        many=many,
        has_default=not required,
        minimum=minimum,
        maximum=maximum,
    )


_MODEL = _parameter(MODEL, ParameterKind.TEXT)
_SAMPLING = (
    _parameter(MAX_TOKENS, ParameterKind.INTEGER, minimum=1),
    _parameter("temperature", ParameterKind.NUMBER, minimum=0),
    _parameter("top_p", ParameterKind.NUMBER, minimum=0, maximum=1),
    _parameter("stop", ParameterKind.LIST),
    _parameter("seed", ParameterKind.INTEGER),
)
_PROMPT = _parameter(PROMPT, ParameterKind.TEXT, required=True)
_TEXTS = (Returned(label=TEXT, component="Textbox"),)

ENDPOINTS = (
    Endpoint(
        name=CHAT,
        parameters=(
            _PROMPT,
            _parameter(IMAGES, ParameterKind.IMAGE, many=True),
            _parameter(SYSTEM, ParameterKind.TEXT),
            _MODEL,
            *_SAMPLING,
        ),
        returns=_TEXTS,
    ),
    Endpoint(name=COMPLETIONS, parameters=(_PROMPT, _MODEL, *_SAMPLING), returns=_TEXTS, public=False),
    Endpoint(
        name=EMBEDDINGS,
        parameters=(_parameter(INPUT, ParameterKind.TEXT, required=True), _MODEL),
        returns=(Returned(label=EMBEDDING, component="JSON"),),
        public=False,
    ),
)
"""Whether a server has an endpoint, only a call to it shows. Those that are not public must be named."""

_NOT_SENT = frozenset({SYSTEM, IMAGES})


def request_body(given: Mapping[str, object], default_model: str | None) -> dict[str, object]:
    """Return the part of a body that is as the user gave it, without a chat's messages.

    Args:
        given: the values of the endpoint's parameters by name; what is None was not given.
        default_model: the model for those who name none; None where nobody knows one.
    """
    body: dict[str, object] = {} if default_model is None else {MODEL: default_model}
    return body | {name: value for name, value in given.items() if value is not None and name not in _NOT_SENT}


def user_message(prompt: object, image_urls: list[str]) -> dict[str, object]:
    """Return what the user says, with pictures or without."""
    if not image_urls:
        return {"role": "user", "content": prompt}
    images = [{"type": "image_url", "image_url": {"url": url}} for url in image_urls]
    return {"role": "user", "content": [{"type": "text", "text": prompt}, *images]}
