import os
from pathlib import Path

import pytest

from hf_spaces_runner.errors import LaunchError
from hf_spaces_runner.local_models.folder import find_folder


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "chat_template.jinja"])
def test_a_folder_with_a_file_that_would_fill_the_memory_is_none(tmp_path: Path, name: str) -> None:
    for file in ("config.json", "tokenizer.json", "model.safetensors"):
        (tmp_path / file).write_text("{}")
    assert find_folder(str(tmp_path)) == tmp_path
    (tmp_path / name).touch()
    os.truncate(tmp_path / name, 2**32)
    with pytest.raises(LaunchError, match=rf"{name} in the model folder .* is larger than 256 MiB"):
        find_folder(str(tmp_path))
