"""Models in this process, for real: a tiny one of SmolLM3's architecture, whose nonsense is not looked at."""

import json
import shutil
from itertools import product
from pathlib import Path

import pytest

from tests.local.conftest import Ask
from tests.local.tiny_template import CONTEXT_TOKENS

pytestmark = pytest.mark.local

HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello"}]
LIKELIEST = {"temperature": 0}


@pytest.fixture
def copy(tiny_model: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_model, tmp_path / "copy"))


def change(folder: Path, name: str, **values: object) -> None:
    path = folder / name
    found = json.loads(path.read_text("utf-8")) | values
    path.write_text(json.dumps({key: value for key, value in found.items() if value is not None}), "utf-8")


def test_a_model_is_loaded_once(ask: Ask, copy: Path) -> None:
    found = ask("load", model=copy)
    assert not found["was_loaded"]
    assert found["is_loaded"]
    assert found["same"]
    assert found["context_tokens"] == CONTEXT_TOKENS
    assert found["room"] == "cpu, float32 (there is no GPU)"
    assert ask("load", model=copy)["was_loaded"]


def test_a_model_that_was_fetched_is_found_by_its_id(ask: Ask, fetched_model: str) -> None:
    assert ask("generate", model=fetched_model, asked="Hello", max_new_tokens=1)["new_tokens"] == 1


def test_a_chat_is_answered_piece_by_piece(ask: Ask, tiny_model: Path) -> None:
    found = ask("generate", model=tiny_model, asked=HELLO, sampling=LIKELIEST)
    assert "".join(found["pieces"]) == found["text"]
    assert 0 < found["new_tokens"] <= 16
    assert found["is_whole"] == (found["new_tokens"] < 16)
    # The template's words, a token a letter, a special token one: thoughts are switched off.
    chat = "".join(f"S{said['role']}\n{said['content']}E\n" for said in HELLO) + "Sassistant\n"
    assert found["prompt_tokens"] == len(chat)


def test_a_prompt_alone_is_what_a_user_says(ask: Ask, tiny_model: Path) -> None:
    found = ask("generate", model=tiny_model, asked="Hello")
    assert found["prompt_tokens"] == len("Suser\nHelloE\nSassistant\n")


def test_without_a_chat_template_the_words_go_in_as_they_are(ask: Ask, copy: Path) -> None:
    (copy / "chat_template.jinja").unlink()
    assert ask("generate", model=copy, asked=HELLO)["prompt_tokens"] == len("Be kind.\n\nHello")


def test_a_chat_template_that_refuses_is_an_error(ask: Ask, copy: Path) -> None:
    (copy / "chat_template.jinja").write_text("{{ raise_exception('system is not supported') }}", "utf-8")
    found = ask("generate", model=copy, asked=HELLO)
    assert (found["error"], found["verdict"]) == ("CallError", "model_error")
    assert "system is not supported" in found["message"]


def test_it_is_called_as_a_space_is(ask: Ask, tiny_model: Path) -> None:
    found = ask("call", model=tiny_model)
    assert all(isinstance(value, str) for value in found["values"])
    assert found["last"].startswith("chat answered")
    assert any(found["partial"])


def test_no_more_tokens_than_asked_for(ask: Ask, tiny_model: Path) -> None:
    found = ask("generate", model=tiny_model, asked="Hello", max_new_tokens=1)
    assert found["new_tokens"] == 1
    assert not found["is_whole"]


def test_a_prompt_that_nearly_fills_the_context_leaves_room_for_the_rest(ask: Ask, tiny_model: Path) -> None:
    empty = ask("generate", model=tiny_model, asked="", max_new_tokens=1)["prompt_tokens"]
    found = ask("generate", model=tiny_model, asked="x" * (CONTEXT_TOKENS - empty - 2), max_new_tokens=100)
    assert found["prompt_tokens"] == CONTEXT_TOKENS - 2
    assert 0 < found["new_tokens"] <= 2


def test_a_prompt_that_is_too_long_is_not_cut(ask: Ask, tiny_model: Path) -> None:
    found = ask("generate", model=tiny_model, asked="x" * CONTEXT_TOKENS)
    assert (found["error"], found["verdict"]) == ("InvalidInputError", "prompt_too_long")
    assert f"holds {CONTEXT_TOKENS}" in found["message"]


def test_the_same_seed_writes_the_same(ask: Ask, tiny_model: Path) -> None:
    def text(seed: int) -> object:
        wild = {"temperature": 5.0, "top_p": 1.0, "seed": seed}
        return ask("generate", model=tiny_model, asked="Hello", sampling=wild, max_new_tokens=64)["text"]

    assert text(1) == text(1)
    assert text(1) != text(2)


@pytest.mark.parametrize(("steps", "standing"), [(3, "it had written nothing"), (150, "it had written")])
def test_the_deadline_ends_it_between_two_layers(ask: Ask, tiny_model: Path, steps: int, standing: str) -> None:
    found = ask("generate", model=tiny_model, asked="Hello", deadline_steps=steps, max_new_tokens=400)
    assert (found["error"], found["verdict"]) == ("CallTimeoutError", "call_timeout")
    assert standing in found["message"]
    assert ask("generate", model=tiny_model, asked="Hello", max_new_tokens=1)["new_tokens"] == 1


def test_what_a_listener_raises_goes_out_as_it_came(ask: Ask, tiny_model: Path) -> None:
    wild = {"temperature": 5.0, "seed": 1}
    found = ask("generate", model=tiny_model, asked="Hello", stop_after=1, max_new_tokens=200, sampling=wild)
    assert found == {"error": "ValueError", "message": "the listener has heard enough"}


def test_several_threads_write_one_after_the_other(ask: Ask, tiny_model: Path) -> None:
    found = ask("crowd", model=tiny_model, asked="Hello", sampling=LIKELIEST)["texts"]
    assert len(found) == 4
    assert len(set(found)) == 1


def test_a_model_without_room_is_not_loaded(ask: Ask, copy: Path) -> None:
    found = ask("generate", model=copy, asked="Hello", free_memory_bytes=1000)
    assert (found["error"], found["verdict"]) == ("MemoryExceededError", "out_of_memory")
    assert "local_model" in found["hint"]


def test_little_memory_means_half_precision(ask: Ask, copy: Path) -> None:
    size = (copy / "model.safetensors").stat().st_size
    assert ask("load", model=copy, free_memory_bytes=size)["room"].startswith("cpu, bfloat16 (")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        *product(["config.json", "tokenizer.json", "model.safetensors"], [b"", b"{", b"[]", b"{}", b"\xff" * 64]),
        *product(["tokenizer_config.json"], [b"", b"{", b"[]", b"\xff" * 64]),  # an empty object means defaults
    ],
)
def test_a_broken_file_is_told(ask: Ask, copy: Path, name: str, content: bytes) -> None:
    (copy / name).write_bytes(content)
    found = ask("generate", model=copy, asked="Hello", max_new_tokens=1)
    assert (found.get("error"), found.get("verdict")) == ("LaunchError", "broken_model"), found


def test_weights_of_another_shape_are_told(ask: Ask, copy: Path) -> None:
    change(copy, "config.json", hidden_size=64)
    assert ask("generate", model=copy, asked="Hello")["verdict"] == "broken_model"


def test_a_model_of_an_unknown_kind_is_told(ask: Ask, copy: Path) -> None:
    change(copy, "config.json", model_type="smollm99", architectures=["SmolLM99"])
    found = ask("generate", model=copy, asked="Hello")
    assert (found["error"], found["verdict"]) == ("LaunchError", "broken_model")
    assert "smollm99" in found["message"]


def test_code_that_comes_with_a_model_is_not_run(ask: Ask, copy: Path) -> None:
    witness = copy.parent / "witness"
    (copy / "modeling_evil.py").write_text(f"open({str(witness)!r}, 'w').close()\n", "utf-8")
    kinds = ("AutoConfig", "AutoModelForCausalLM", "AutoTokenizer")
    auto = {kind: f"modeling_evil.{kind}" for kind in kinds}
    change(copy, "config.json", model_type="evil", auto_map=auto)
    found = ask("generate", model=copy, asked="Hello")
    assert (found["error"], found["verdict"]) == ("LaunchError", "needs_code")
    assert not witness.exists()


def test_pickled_weights_are_not_read(ask: Ask, copy: Path) -> None:
    (copy / "model.safetensors").rename(copy / "pytorch_model.bin")
    found = ask("generate", model=copy, asked="Hello")
    assert (found["error"], found["verdict"]) == ("LaunchError", "broken_model")
    assert "lacks model.safetensors" in found["message"]
