"""Tells kinds of model servers apart by what only they say, and reads their lists of models.

Ollama: docs/api.md of ollama/ollama (`/api/tags`, `/api/ps`, `/api/show`). LM Studio: its REST API v0. llama.cpp:
tools/server/README.md (`/v1/models`, `/props`). vLLM: `ModelCard` of its OpenAI server. transformers: cli/serving.
"""

from collections.abc import Mapping
from typing import Any

from hf_spaces_runner.domain.model import Model
from hf_spaces_runner.errors import AnswerError, CallError
from hf_spaces_runner.local_models.line import Line
from hf_spaces_runner.local_models.listed import each_once, first_whole, mapping, mappings, model, texts, whole

OLLAMA, LLAMA_CPP, LM_STUDIO, VLLM, TRANSFORMERS, OPENAI = (
    "ollama",
    "llama.cpp",
    "lm-studio",
    "vllm",
    "transformers",
    "openai",
)
_MADE_BY_TRANSFORMERS = frozenset({"/v1/chat/completions", "/v1/models", "/load_model"})


def identify(line: Line, base_url: str, listed: Mapping[str, Any]) -> tuple[str, tuple[Model, ...]]:
    """Return the kind of the server at `base_url` and its models; `listed` is what `/v1/models` said.

    A server that stops answering meanwhile is taken for one of no special kind.
    """
    entries = mappings(listed.get("data"))
    owners = {owner for entry in entries if isinstance(owner := entry.get("owned_by"), str)}
    if "vllm" in owners:
        return VLLM, _plain(entries, base_url, VLLM)
    if "llamacpp" in owners:
        return LLAMA_CPP, _of_llama_cpp(line, base_url, listed)
    tags = _ask(line, "/api/tags")
    if isinstance(tags.get("models"), list) and "data" not in tags:  # llama.cpp answers here as well, with `data`
        return OLLAMA, _of_ollama(line, base_url, tags)
    native = mappings(_ask(line, "/api/v0/models").get("data"))
    if any("compatibility_type" in entry or "max_context_length" in entry for entry in native):
        return LM_STUDIO, _of_lm_studio(native, base_url)
    if _is_transformers(line, entries):
        return TRANSFORMERS, _plain(entries, base_url, TRANSFORMERS)
    return OPENAI, _plain(entries, base_url, OPENAI)


def _plain(entries: list[dict[str, Any]], base_url: str, kind: str) -> tuple[Model, ...]:
    """Read names; vLLM also says how long a context may be, and has all of its models in memory."""
    return each_once(
        model(
            entry.get("id"),
            base_url=base_url,
            server=kind,
            context_tokens=whole(entry.get("max_model_len")),
            is_loaded=kind == VLLM,
        )
        for entry in entries
    )


def _of_llama_cpp(line: Line, base_url: str, listed: Mapping[str, Any]) -> tuple[Model, ...]:
    entries = mappings(listed.get("data"))
    abilities = {str(entry.get("name")): texts(entry.get("capabilities")) for entry in mappings(listed.get("models"))}
    # One that serves many models and loads them as they are asked for has a status for each, and no properties.
    properties = _ask(line, "/props") if all("status" not in entry for entry in entries) else {}
    sees = mapping(properties.get("modalities")).get("vision")
    context = mapping(properties.get("default_generation_settings")).get("n_ctx")

    def read(entry: dict[str, Any]) -> Model | None:
        about = mapping(entry.get("meta"))
        said = abilities.get(str(entry.get("id")))
        status = mapping(entry.get("status")).get("value", "loaded")
        return model(
            entry.get("id"),
            base_url=base_url,
            server=LLAMA_CPP,
            takes_images=sees if isinstance(sees, bool) else None if said is None else "multimodal" in said,
            context_tokens=first_whole(about.get("n_ctx"), context, about.get("n_ctx_train")),
            is_loaded=status == "loaded",
        )

    return each_once(map(read, entries))


def _of_lm_studio(entries: list[dict[str, Any]], base_url: str) -> tuple[Model, ...]:
    return each_once(
        model(
            entry.get("id"),
            base_url=base_url,
            server=LM_STUDIO,
            chats=entry.get("type") in {"llm", "vlm"} if isinstance(entry.get("type"), str) else None,
            takes_images=entry.get("type") == "vlm",
            context_tokens=first_whole(entry.get("loaded_context_length"), entry.get("max_context_length")),
            is_loaded=entry.get("state") == "loaded",
        )
        for entry in entries
    )


def _of_ollama(line: Line, base_url: str, tags: Mapping[str, Any]) -> tuple[Model, ...]:
    # One with a remote host is no local model: Ollama sends what it is asked to somebody else's machine.
    entries = [entry for entry in mappings(tags.get("models")) if not (entry.get("remote_host") or _is_cloud(entry))]
    loaded = {entry.get("name"): entry for entry in mappings(_ask(line, "/api/ps").get("models"))} if entries else {}

    def read(entry: dict[str, Any]) -> Model | None:
        name = entry.get("name")
        shown = _show(line, name)
        if shown.get("remote_host") or shown.get("remote_model"):
            return None
        can = texts(shown.get("capabilities"))
        about = mapping(shown.get("model_info"))
        families = texts(mapping(entry.get("details")).get("families")) or frozenset()
        chats = "completion" in can if can is not None else False if any("bert" in one for one in families) else None
        running = loaded.get(name, {})
        return model(
            name,
            base_url=base_url,
            server=OLLAMA,
            chats=chats,
            takes_images="vision" in can if can is not None else True if families & {"clip", "mllama"} else None,
            context_tokens=first_whole(
                running.get("context_length"), about.get(f"{about.get('general.architecture')}.context_length")
            ),
            is_loaded=bool(running),
        )

    return each_once(map(read, entries))


def _is_cloud(entry: Mapping[str, Any]) -> bool:
    name = str(entry.get("name"))
    return bool(entry.get("remote_model")) or name.endswith((":cloud", "-cloud"))


def _show(line: Line, name: object) -> dict[str, Any]:
    return _read(line, "/api/show", {"model": name}) if isinstance(name, str) else {}


def _is_transformers(line: Line, entries: list[dict[str, Any]]) -> bool:
    # Version 5 gives the parts of an id for its owner, as a list.
    if any(isinstance(owner := entry.get("owned_by"), list) and owner for entry in entries):
        return True
    return set(mapping(_ask(line, "/openapi.json").get("paths"))) >= _MADE_BY_TRANSFORMERS


def _ask(line: Line, path: str) -> dict[str, Any]:
    return _read(line, path, None)


def _read(line: Line, path: str, body: object) -> dict[str, Any]:
    """Return the object that `path` answers; an empty one where there is none, which is how most kinds differ."""
    try:
        said = line.get(path) if body is None else line.post_json(path, body)
        return mapping(said.json()) if said.ok else {}
    except (CallError, AnswerError):
        return {}
