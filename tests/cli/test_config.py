import os
import subprocess
from pathlib import Path

from hf_spaces_runner.domain.settings import DESCRIPTIONS
from tests.engine.command_line import HFSR, hfsr


def test_it_shows_each_setting_with_its_value_and_its_origin(tmp_path: Path, private_home: Path) -> None:
    folder = private_home / "hfsr" / "config"
    folder.mkdir()
    (folder / "config.toml").write_text('memory = "3g"\ntimeout = "1m"\n', encoding="utf-8")
    environment = {"HFSR_TIMEOUT": "2m", "HFSR_IMAGE_REGISTRY": "localhost:5000"}
    shown = hfsr("config", "--json", directory=tmp_path, environment=environment).json
    settings = shown["settings"]
    assert set(settings) == set(DESCRIPTIONS)
    assert settings["memory"]["origin"] == str(folder / "config.toml")
    assert settings["timeout"] == {"value": 120.0, "origin": "HFSR_TIMEOUT"}
    assert settings["image_registry"] == {"value": "localhost:5000", "origin": "HFSR_IMAGE_REGISTRY"}
    assert settings["max_running"] == {"value": 3, "origin": "default"}
    assert shown["directories"]["config"] == str(folder)


def test_it_shows_a_line_a_setting_to_a_pipe(tmp_path: Path) -> None:
    ended = hfsr("config", directory=tmp_path, environment={"HFSR_MEMORY": "512m"})
    names = [line.split("\t")[0] for line in ended.stdout.splitlines()]
    assert names == list(DESCRIPTIONS)
    assert any(line.startswith("memory\t512 MiB\tHFSR_MEMORY") for line in ended.stdout.splitlines())


def test_a_bad_setting_ends_every_command_with_its_place(tmp_path: Path) -> None:
    for arguments in (["config"], ["list"], ["run", "x", "--hf-space", "vader-sentiment"], ["cleanup"]):
        ended = hfsr(*arguments, directory=tmp_path, environment={"HFSR_MEMROY": "2g"})
        assert (ended.exit_code, ended.stdout) == (2, "")
        assert "HFSR_MEMROY (environment) is not a setting; did you mean memory?" in ended.stderr


def test_a_path_that_is_not_utf_8_is_shown(tmp_path: Path) -> None:
    environment = {**os.environ, "HFSR_REGISTRY": os.fsdecode(b"/nowhere/\xff.yaml")}
    for arguments in (["config"], ["config", "--json"]):
        shown = subprocess.run([*HFSR, *arguments], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert shown.returncode == 0, shown.stderr
        assert b"/nowhere/" in shown.stdout
