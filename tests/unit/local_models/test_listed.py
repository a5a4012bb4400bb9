"""What a server says of its models: names that cannot be shown are left out; some tell what a model is for."""

import pytest

from hf_spaces_runner.domain.model import Model
from hf_spaces_runner.local_models.listed import MAX_MODELS, each_once, mappings, model, seems_to_chat, seems_to_see


def named(name: object) -> Model | None:
    return model(name, base_url="http://127.0.0.1:1", server="openai")


@pytest.mark.parametrize("name", ["a\x1b[31mb", "a\nb", " a", "", "x" * 201, "a\u202eb", 5, None, {"id": "a"}, "a  b"])
def test_a_name_that_cannot_be_shown_as_it_is_names_no_model(name: object) -> None:
    assert named(name) is None


@pytest.mark.parametrize("name", ["llama3.2:latest", "HuggingFaceTB/SmolLM3-3B", "/models/Größe.gguf", "x" * 200])
def test_other_names_are_kept(name: str) -> None:
    found = named(name)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    "name",
    [
        "nomic-embed-text:latest",
        "text-embedding-nomic-embed-text-v1.5",
        "mxbai-embed-large",
        "BAAI/bge-m3",
        "intfloat/e5-large",
        "Qwen/Qwen3-Embedding-0.6B",
        "embeddinggemma",
        "jina-reranker-v2",
        "openai/whisper-small",
        "all-minilm:22m",
    ],
)
def test_such_models_do_not_chat(name: str) -> None:
    assert not seems_to_chat(name)


@pytest.mark.parametrize(
    "name", ["llama3.2", "HuggingFaceTB/SmolLM3-3B", "gemma3:4b", "Qwen/Qwen2.5-VL-3B", "integral5"]
)
def test_others_may(name: str) -> None:
    assert seems_to_chat(name)


@pytest.mark.parametrize(
    ("name", "sees"),
    [
        ("Qwen/Qwen2.5-VL-3B-Instruct", True),
        ("HuggingFaceTB/SmolVLM2-2.2B-Instruct", True),
        ("meta-llama/Llama-3.2-11B-Vision-Instruct", True),
        ("OpenGVLab/InternVL3-8B", True),
        ("llava:7b", True),
        ("bakllava", True),
        ("mistralai/Pixtral-12B-2409", True),
        ("HuggingFaceTB/SmolLM3-3B", False),
        ("llama3.2", False),
        ("supervisions", False),
    ],
)
def test_some_names_say_that_images_go_in(name: str, sees: bool) -> None:
    assert seems_to_see(name) is sees


def test_what_a_server_says_goes_before_its_name() -> None:
    said = model("llava", base_url="", server="ollama", takes_images=False)
    assert said is not None
    assert not said.takes_images
    assert model("llama", base_url="", server="ollama", chats=False) is None
    assert model("my-embed", base_url="", server="ollama", chats=True) is not None


def test_a_server_is_not_believed_to_have_thousands() -> None:
    assert len(mappings([{"id": str(number)} for number in range(5000)])) == MAX_MODELS
    assert mappings({"id": "a"}) == mappings(None) == mappings([1, "a", None]) == []
    assert [one.name for one in each_once([named("b"), None, named("a"), named("b")])] == ["b", "a"]
