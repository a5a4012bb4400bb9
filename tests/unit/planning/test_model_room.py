import pytest

from hf_spaces_runner.errors import InvalidInputError, MemoryExceededError
from hf_spaces_runner.planning.model_room import Gpu, choose_room, new_tokens

GIB = 1024**3
WEIGHTS = 6 * GIB
"""Of SmolLM3: three billion numbers, two bytes each."""


def gpu(free_gib: int | None, *, device: str = "cuda:0", has_bfloat16: bool = True) -> Gpu:
    return Gpu(device=device, free_bytes=None if free_gib is None else free_gib * GIB, has_bfloat16=has_bfloat16)


@pytest.mark.parametrize(
    ("stored", "weights", "found", "free_gib", "chosen"),
    [
        ("bfloat16", WEIGHTS, gpu(24), 4, "cuda:0, bfloat16 (it fits on the GPU)"),
        ("float32", 2 * WEIGHTS, gpu(8), 4, "cuda:0, bfloat16 (it fits on the GPU)"),
        ("bfloat16", WEIGHTS, gpu(24, has_bfloat16=False), 4, "cuda:0, float16 (it fits on the GPU)"),
        ("bfloat16", WEIGHTS, gpu(4), 64, "cpu, float32 (the GPU has no room for 7.2 GiB)"),
        ("bfloat16", WEIGHTS, gpu(None, device="mps", has_bfloat16=False), 16, "mps, float16 (it fits on the GPU)"),
        ("bfloat16", WEIGHTS, None, 64, "cpu, float32 (there is no GPU)"),
        ("bfloat16", WEIGHTS, None, 16, "cpu, bfloat16 (there is no GPU, and float32 takes 14.4 GiB)"),
        (None, WEIGHTS, None, 8, "cpu, bfloat16 (there is no GPU, and float32 takes 14.4 GiB)"),
        ("float32", 2 * WEIGHTS, None, 8, "cpu, bfloat16 (there is no GPU, and float32 takes 14.4 GiB)"),
        ("unheard_of", WEIGHTS, None, 8, "cpu, bfloat16 (there is no GPU, and float32 takes 14.4 GiB)"),
    ],
)
def test_where_a_model_runs(stored: str | None, weights: int, found: Gpu | None, free_gib: int, chosen: str) -> None:
    assert str(choose_room(weights, stored, found, free_gib * GIB)) == chosen


@pytest.mark.parametrize("found", [None, gpu(2), gpu(None, device="mps")])
def test_without_room_it_is_not_loaded(found: Gpu | None) -> None:
    with pytest.raises(MemoryExceededError, match=r"needs about 7\.2 GiB of memory, and 4 GiB are free") as caught:
        choose_room(WEIGHTS, "bfloat16", found, 4 * GIB)
    assert "local_model" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("prompt", "most", "context", "allowed"),
    [(10, 100, None, 100), (10, 100, 4096, 100), (4000, 100, 4096, 96), (4095, 100, 4096, 1)],
)
def test_how_many_tokens_may_be_written(prompt: int, most: int, context: int | None, allowed: int) -> None:
    assert new_tokens(prompt, most, context) == allowed


@pytest.mark.parametrize("prompt", [4096, 5000])
def test_a_prompt_that_leaves_no_room_is_not_cut(prompt: int) -> None:
    with pytest.raises(InvalidInputError, match=f"{prompt} tokens, and the model holds 4096") as caught:
        new_tokens(prompt, 1, 4096)
    assert caught.value.verdict == "prompt_too_long"
