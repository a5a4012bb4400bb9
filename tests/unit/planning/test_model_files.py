import pytest

from hf_spaces_runner.errors import PolicyError
from hf_spaces_runner.planning.model_files import ModelFile, check_fetch, missing_files, wanted_files, why_not_fetched

ALLOWED = {"is_allowed": True, "privacy": False, "is_offline": False}


def files(*names: str) -> list[ModelFile]:
    return [ModelFile(name=name, size_bytes=10) for name in names]


def wanted(*names: str) -> set[str]:
    return {file.name for file in wanted_files("user/name", files(*names))}


def test_no_code_no_pickle_and_no_second_copy_is_wanted() -> None:
    assert wanted(
        *("config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "chat_template.jinja"),
        *("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"),
        *("modeling_evil.py", "pytorch_model.bin", "model.gguf", "model.onnx", "training_args.pt", "README.md"),
        *("consolidated.safetensors", "onnx/model.safetensors", "../config.json", ".gitattributes", "model.pkl"),
    ) == {
        *("config.json", "generation_config.json", "tokenizer.json", "tokenizer.model", "chat_template.jinja"),
        *("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"),
    }


@pytest.mark.parametrize("names", [[], ["pytorch_model.bin", "config.json"], ["onnx/model.safetensors"]])
def test_without_safetensors_there_is_nothing_to_fetch(names: list[str]) -> None:
    with pytest.raises(PolicyError, match=r"user/name has no weights in safetensors") as caught:
        wanted(*names)
    assert caught.value.verdict == "no_safetensors"


@pytest.mark.parametrize(
    ("present", "weight_map", "missing"),
    [
        (["config.json", "model.safetensors", "tokenizer.json"], None, ()),
        (["config.json", "model.safetensors", "tokenizer.model", "x"], None, ()),
        ([], None, ("config.json", "model.safetensors", "tokenizer.json")),
        (["config.json", "tokenizer.json"], {"a": "m1", "b": "m2", "c": "m1"}, ("m1", "m2")),
        (["config.json", "tokenizer.json", "m1", "m2"], {"a": "m1", "b": "m2"}, ()),
        (["config.json", "m1"], {"a": "m1"}, ("tokenizer.json",)),
    ],
)
def test_missing_files(present: list[str], weight_map: dict[str, str] | None, missing: tuple[str, ...]) -> None:
    assert missing_files(present, weight_map) == missing


def test_what_is_allowed_is_fetched() -> None:
    check_fetch("user/name", 10**9, is_allowed=True)
    assert why_not_fetched("user/name", **ALLOWED) is None


def test_without_permission_the_error_says_how_much_it_is_and_what_to_type() -> None:
    with pytest.raises(PolicyError) as caught:
        check_fetch("user/name", 6 * 1024**3, is_allowed=False)
    assert "user/name" in caught.value.message
    assert "(6 GiB)" in caught.value.message
    assert "--yes" in (caught.value.hint or "")
    assert caught.value.exit_code == 6


@pytest.mark.parametrize(
    ("privacy", "is_offline", "says", "hint"),
    [
        (True, False, "privacy mode", "--privacy-mode"),
        (False, True, "HF_HUB_OFFLINE", "HF_HUB_OFFLINE"),
        (True, True, "privacy mode", "--privacy-mode"),
    ],
)
def test_permission_is_not_enough_in_privacy_and_offline(
    *, privacy: bool, is_offline: bool, says: str, hint: str
) -> None:
    with pytest.raises(PolicyError, match=says) as caught:
        check_fetch("user/name", None, is_allowed=True, privacy=privacy, is_offline=is_offline)
    assert hint in (caught.value.hint or "")
