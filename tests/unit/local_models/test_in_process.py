"""The parts that need neither torch nor transformers, which are not in .venv; tests/local has the others."""

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest
from huggingface_hub import constants

from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.domain.progress import Phase, Progress, ProgressCallback
from hf_spaces_runner.errors import (
    CallError,
    LaunchError,
    MemoryExceededError,
    PolicyError,
    RunnerError,
    UsageError,
)
from hf_spaces_runner.local_models import folder as folders
from hf_spaces_runner.local_models import obtain as obtaining
from hf_spaces_runner.local_models.folder import find_folder, stored_dtype, weights_bytes
from hf_spaces_runner.local_models.loading import load
from hf_spaces_runner.local_models.obtain import Permission, obtain, why_not
from hf_spaces_runner.local_models.torch_errors import TorchErrors
from hf_spaces_runner.planning.model_files import ModelFile

WHOLE = ("config.json", "tokenizer.json", "model.safetensors")
YES = Permission(is_allowed=True)


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the extra is there: nothing of it is used before a model is loaded."""
    monkeypatch.setattr(obtaining, "is_installed", lambda: True)


def model_folder(folder: Path, *names: str, **contents: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_bytes(b"{}")
    for name, content in contents.items():
        (folder / f"{name}.json").write_text(json.dumps(content), "utf-8")
    return folder


def cached(home: Path, *names: str) -> Path:
    """Return a folder of the cache of the Hub's library, for user/name."""
    repository = home / "models--user--name"
    (repository / "refs").mkdir(parents=True, exist_ok=True)
    (repository / "refs/main").write_text("0" * 40, "utf-8")
    return model_folder(repository / "snapshots" / ("0" * 40), *names)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the cache of the Hub's library, which reads its environment when it is loaded."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def say_nothing(progress: Progress) -> None:
    pytest.fail(f"it told {progress.message}")


class Repository:
    """A repository that puts its files into the cache."""

    def __init__(self, cache: Path, names: Sequence[str], leaves_out: str = "") -> None:
        self.cache, self.names, self.leaves_out = cache, names, leaves_out
        self.asked, self.fetched = 0, list[str]()

    def __call__(self, name: str) -> "Repository":
        assert name == "user/name"
        return self

    def files(self) -> tuple[ModelFile, ...]:
        self.asked += 1
        return tuple(ModelFile(name=name, size_bytes=1024**3) for name in self.names)

    def fetch(self, files: Sequence[ModelFile], on_progress: ProgressCallback) -> None:
        on_progress(Progress(phase=Phase.PULL, message="fetching"))
        self.fetched = [file.name for file in files]
        cached(self.cache, *(name for name in self.fetched if name != self.leaves_out))


def test_a_folder_is_found_by_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = model_folder(tmp_path / "m", *WHOLE)
    monkeypatch.chdir(tmp_path)
    assert find_folder(str(whole)) == find_folder("./m") == find_folder("m") == whole


def test_a_folder_that_is_not_there_is_not_asked_of_the_hub(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is not there"):
        find_folder(str(tmp_path / "nothing"))


def test_a_folder_that_lacks_files_is_told(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").touch()
    with pytest.raises(LaunchError, match=r"lacks config\.json, model\.safetensors"):
        find_folder(str(tmp_path))


def test_a_model_in_the_cache_is_found_once_it_is_whole(cache: Path) -> None:
    assert find_folder("user/name") is None
    cached(cache, "config.json", "tokenizer.json")
    assert find_folder("user/name") is None
    snapshot = cached(cache, "model.safetensors")
    assert find_folder("user/name") == snapshot


def test_each_part_of_the_weights_counts(cache: Path) -> None:
    snapshot = cached(cache, "config.json", "tokenizer.json", "model-1.safetensors")
    index = {"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}}
    (snapshot / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    assert find_folder("user/name") is None
    (snapshot / "model-2.safetensors").symlink_to(snapshot / "nothing")  # as the library has them: links to blobs
    assert find_folder("user/name") is None
    (snapshot / "model-2.safetensors").unlink()
    (snapshot / "model-2.safetensors").write_bytes(b"12")
    assert find_folder("user/name") == snapshot
    assert weights_bytes(snapshot) == 4


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("name", ["", "a/b/c", "user/na me", "user/..", "-", "x" * 200])
def test_what_is_no_name_is_nowhere(name: str) -> None:
    assert find_folder(name) is None


@pytest.mark.parametrize(
    ("config", "dtype"),
    [({"dtype": "bfloat16"}, "bfloat16"), ({"torch_dtype": "torch.float16"}, "float16"), ({}, None), ([], None)],
)
def test_how_the_numbers_are_stored(tmp_path: Path, config: object, dtype: str | None) -> None:
    assert stored_dtype(model_folder(tmp_path, config=config)) == dtype
    assert stored_dtype(tmp_path / "nothing") is None


@pytest.mark.usefixtures("installed")
def test_what_is_here_is_not_asked_for(cache: Path) -> None:
    snapshot = cached(cache, *WHOLE)
    repository = Repository(cache, WHOLE)
    private = Permission(is_allowed=False, privacy=True, is_offline=True)
    assert obtain("user/name", private, repository, say_nothing) == snapshot
    assert repository.asked == 0


@pytest.mark.usefixtures("installed")
def test_what_is_missing_is_fetched_with_a_warning_of_its_size(cache: Path) -> None:
    repository = Repository(cache, [*WHOLE, "evil.py", "pytorch_model.bin"])
    heard: list[Progress] = []
    assert obtain("user/name", YES, repository, heard.append) == find_folder("user/name")
    assert sorted(repository.fetched) == sorted(WHOLE)
    assert heard[0].warning
    assert heard[0].message == "fetching the model user/name, 3 GiB, once"


@pytest.mark.usefixtures("installed")
def test_without_permission_its_size_is_told_and_nothing_fetched(cache: Path) -> None:
    repository = Repository(cache, WHOLE)
    with pytest.raises(PolicyError, match=r"3 GiB"):
        obtain("user/name", Permission(is_allowed=False), repository, say_nothing)
    assert repository.fetched == []


@pytest.mark.usefixtures("installed")
@pytest.mark.parametrize(
    "permission",
    [Permission(is_allowed=True, privacy=True), Permission(is_allowed=True, is_offline=True)],
)
def test_the_hub_is_not_even_asked_in_privacy_and_offline(cache: Path, permission: Permission) -> None:
    repository = Repository(cache, WHOLE)
    with pytest.raises(PolicyError):
        obtain("user/name", permission, repository, say_nothing)
    assert repository.asked == 0
    assert why_not("user/name", permission) is not None


@pytest.mark.usefixtures("installed")
def test_a_model_that_lacks_files_when_it_was_fetched_is_told(cache: Path) -> None:
    repository = Repository(cache, WHOLE, leaves_out="tokenizer.json")
    with pytest.raises(LaunchError, match="lacks files"):
        obtain("user/name", YES, repository, lambda _: None)


@pytest.mark.usefixtures("installed")
def test_why_a_model_cannot_answer(cache: Path) -> None:
    assert why_not("user/name", YES) is None
    assert "nobody allowed" in (why_not("user/name", Permission(is_allowed=False)) or "")
    cached(cache, *WHOLE)
    assert why_not("user/name", Permission(is_allowed=False, privacy=True)) is None


def test_without_the_extra_the_error_says_what_to_install(tmp_path: Path) -> None:
    assert find_spec("torch") is None, "these tests need a .venv without torch"
    assert not folders.is_installed()
    deadline = Deadline.after(60, lambda: 0.0)
    for doing in (
        lambda: obtain("user/name", YES, Repository(tmp_path, WHOLE), say_nothing),
        lambda: load("m", model_folder(tmp_path, *WHOLE), deadline=deadline, free_memory_bytes=1),
    ):
        with pytest.raises(UsageError, match="need torch and transformers") as caught:
            doing()
        assert caught.value.hint == 'pip install "hf-spaces-runner[local]"'
    assert why_not("user/name", YES) == 'torch is not installed: pip install "hf-spaces-runner[local]"'


@pytest.mark.parametrize(
    ("error", "loads", "ours", "verdict"),
    [
        (MemoryError(), True, MemoryExceededError, "out_of_memory"),
        (RuntimeError("CUDA out of memory. Tried to"), False, MemoryExceededError, "out_of_memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you"), True, MemoryExceededError, "out_of_memory"),
        (ValueError("x" * 999 + "set trust_remote_code=True"), True, LaunchError, "needs_code"),
        (KeyError("model_type"), True, LaunchError, "broken_model"),
        (Exception("expected value at line 1"), True, LaunchError, "broken_model"),
        (RuntimeError("probability tensor contains inf"), False, CallError, "model_error"),
        (PolicyError("ours"), True, PolicyError, "policy"),
    ],
)
def test_errors_become_ours(error: Exception, ours: type[RunnerError], verdict: str, *, loads: bool) -> None:
    with pytest.raises(ours) as caught, TorchErrors("loading the model m", loads=loads):
        raise error
    assert caught.value.verdict == verdict


class _BugError(Exception):
    """One that no library raises."""


@pytest.mark.parametrize("error", [_BugError("ours"), KeyboardInterrupt()])
def test_other_errors_go_out_as_they_are(error: BaseException) -> None:
    with pytest.raises(type(error)) as caught, TorchErrors("loading", loads=True):
        raise error
    assert caught.value is error
