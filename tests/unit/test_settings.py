import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from hf_spaces_runner.domain.settings import DESCRIPTIONS
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.settings import LoadedSettings, Places, load_settings


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    return tmp_path


def load(
    home: Path, variables: Mapping[str, str] | None = None, flags: Mapping[str, object] | None = None
) -> LoadedSettings:
    return load_settings({"HFSR_HOME": str(home), **(variables or {})}, flags)


def configure(home: Path, text: str | bytes) -> Path:
    file = home / "config" / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def test_the_defaults_are_in_force_where_nothing_is_set(home: Path) -> None:
    loaded = load(home)
    values = loaded.values
    assert (values.image_registry, values.memory, values.max_running) == ("registry.hf.space", 2 * 1024**3, 3)
    assert (values.timeout, values.startup_timeout, values.pull) == (300, 600, "missing")
    assert set(loaded.origins) == set(DESCRIPTIONS)
    assert {origin for name, origin in loaded.origins.items() if name != "ca_bundle"} == {"default"}


def test_each_layer_wins_over_the_one_below(home: Path) -> None:
    file = configure(home, 'memory = "3g"\ntimeout = "1m"\nmax_running = 5\n')
    loaded = load(home, {"HFSR_TIMEOUT": "2m", "HFSR_MAX_RUNNING": "6"}, {"max_running": 7, "memory": None})
    assert (loaded.values.memory, loaded.origins["memory"]) == (3 * 1024**3, str(file))
    assert (loaded.values.timeout, loaded.origins["timeout"]) == (120, "HFSR_TIMEOUT")
    assert (loaded.values.max_running, loaded.origins["max_running"]) == (7, "flag")
    assert (loaded.values.pids_limit, loaded.origins["pids_limit"]) == (512, "default")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("image_registry", "localhost:5000", "localhost:5000"),
        ("registry", "~/spaces.yaml", Path("~/spaces.yaml").expanduser()),
        ("ca_bundle", "/ca.pem", Path("/ca.pem")),
        ("base_image", "python:3.12", "python:3.12"),
        ("memory", "512m", 512 * 1024**2),
        ("memory", "8000000", 8_000_000),
        ("cpus", "1.5", 1.5),
        ("pids_limit", "64", 64),
        ("max_running", "1", 1),
        ("pull", "never", "never"),
        ("timeout", "1h30m", 5400),
        ("startup_timeout", "45", 45),
        ("slot_timeout", "500ms", 0.5),
        ("hf_cache", "shared", "shared"),
    ],
)
def test_each_setting_can_be_set_by_its_variable(home: Path, name: str, text: str, value: object) -> None:
    if isinstance(value, Path):
        value = Path(text).expanduser()
    loaded = load(home, {f"HFSR_{name.upper()}": text})
    assert getattr(loaded.values, name) == value
    assert loaded.origins[name] == f"HFSR_{name.upper()}"


def test_an_empty_variable_is_not_set(home: Path) -> None:
    loaded = load(home, {"HFSR_MEMORY": "", "HFSR_REGISTRY": ""})
    assert (loaded.origins["memory"], loaded.origins["registry"]) == ("default", "default")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_registry", "https://registry.hf.space"),
        ("image_registry", "host/path"),
        ("image_registry", "host:999999"),
        ("image_registry", ""),
        ("registry", "~nobody-of-this-name/spaces.yaml"),
        ("registry", "a\0b"),
        ("registry", 5),
        ("memory", "lots"),
        ("memory", "1m"),
        ("memory", "-1"),
        ("memory", "9" * 400),
        ("memory", True),
        ("memory", ["2g"]),
        ("cpus", "0"),
        ("cpus", "-1"),
        ("cpus", "nan"),
        ("cpus", "inf"),
        ("cpus", "0.001"),
        ("cpus", "many"),
        ("pids_limit", "0"),
        ("pids_limit", "1.5"),
        ("max_running", "0"),
        ("max_running", "three"),
        ("max_running", True),
        ("pull", "sometimes"),
        ("timeout", "0"),
        ("timeout", "-5m"),
        ("timeout", "soon"),
        ("timeout", float("inf")),
        ("timeout", float("nan")),
        ("timeout", 1e300),
        ("timeout", False),
        ("timeout", {"s": 5}),
        ("hf_cache", "all"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_place(home: Path, name: str, value: object) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(home, flags={name: value})
    assert caught.value.message.startswith(f"--{name.replace('_', '-')}: ")
    assert caught.value.exit_code == 2
    assert "Value error" not in caught.value.message
    if isinstance(value, str) and value:
        with pytest.raises(ConfigurationError, match=rf"HFSR_{name.upper()} \(environment\)"):
            load(home, {f"HFSR_{name.upper()}": value})


def test_all_bad_values_are_named_at_once_each_with_its_place(home: Path) -> None:
    file = configure(home, 'memory = "lots"\n')
    with pytest.raises(ConfigurationError) as caught:
        load(home, {"HFSR_PULL": "sometimes"})
    first, second = sorted(caught.value.message.splitlines())
    assert first.startswith(f"{file}: memory: ")
    assert "'lots'" in first
    assert second.startswith("HFSR_PULL (environment): ")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("memroy", "memory"), ("start_up_timeout", "startup_timeout"), ("image_registy", "image_registry")],
)
def test_an_unknown_name_is_refused_with_the_nearest(home: Path, name: str, nearest: str) -> None:
    with pytest.raises(
        ConfigurationError, match=rf"HFSR_{name.upper()} \(environment\) is not a setting; did you mean {nearest}\?"
    ):
        load(home, {f"HFSR_{name.upper()}": "1"})
    file = configure(home, f"{name} = 1\n")
    with pytest.raises(ConfigurationError) as caught:
        load(home)
    assert caught.value.message == f"{file}: {name} is not a setting; did you mean {nearest}?"


def test_a_name_that_is_near_to_none_is_refused_without_advice(home: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"HFSR_XYZZY \(environment\) is not a setting$"):
        load(home, {"HFSR_XYZZY": "1"})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("memory = \n", "not TOML.*line 1, column"),
        ("[memory\n", "not TOML.*line 1, column"),
        ('memory = "1g"\nmemory = "2g"\n', "not TOML.*line 2"),
        (b'base_image = "\xff"\n', "not UTF-8"),
        ("memory = " + "[" * 5000, "not TOML"),
        ("a = \x00", "not TOML.*line 1"),
        ("[memory]\nx = 1\n", "memory: "),
        ("[run]\nx = 1\n", "run is not a setting"),
    ],
)
def test_a_broken_file_is_named(home: Path, text: str | bytes, said: str) -> None:
    file = configure(home, text)
    with pytest.raises(ConfigurationError, match=said) as caught:
        load(home)
    assert caught.value.message.startswith(f"{file}: ")
    assert "\n" not in caught.value.message


def test_a_file_with_a_mark_of_its_byte_order_is_read(home: Path) -> None:
    configure(home, b'\xef\xbb\xbfmemory = "3g"\r\n')
    assert load(home).values.memory == 3 * 1024**3


def test_a_directory_in_place_of_the_file_is_named(home: Path) -> None:
    (home / "config" / "config.toml").mkdir()
    with pytest.raises(ConfigurationError, match=r"config\.toml: cannot be read: Is a directory"):
        load(home)


@pytest.mark.parametrize("below", ["", "/home"])
def test_a_file_in_place_of_the_home_is_as_if_nothing_were_set(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    assert load_settings({"HFSR_HOME": f"{tmp_path}/file{below}"}).origins["memory"] == "default"


def test_home_moves_all_state(tmp_path: Path) -> None:
    places = Places.of({"HFSR_HOME": str(tmp_path)})
    paths = {places.config, places.state, places.cache, places.scratch, places.locks}
    assert len(paths) == 5
    assert all(path.is_relative_to(tmp_path) for path in paths)


def test_a_relative_home_is_made_absolute_and_a_tilde_is_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert Places.of({"HFSR_HOME": "own"}).config == tmp_path / "own" / "config"
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Places.of({"HFSR_HOME": "~/own"}).state == tmp_path / "own" / "state"
    with pytest.raises(ConfigurationError, match="HFSR_HOME"):
        Places.of({"HFSR_HOME": "~nobody-of-this-name/x"})


def test_without_home_the_platform_says_where(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "s"))
    places = Places.of({})
    assert (places.config, places.state) == (tmp_path / "c/hf-spaces-runner", tmp_path / "s/hf-spaces-runner")


def test_a_registry_in_the_configuration_directory_is_found(home: Path) -> None:
    file = home / "config" / "registry.yaml"
    file.touch()
    loaded = load(home)
    assert (loaded.values.registry, loaded.origins["registry"]) == (file, "found in the configuration directory")
    assert load(home, {"HFSR_REGISTRY": "/other.yaml"}).values.registry == Path("/other.yaml")


def test_the_ca_bundle_is_the_first_of_the_known_variables_that_names_a_file(home: Path) -> None:
    names = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT"]
    files = {name: home / f"{name}.pem" for name in names}
    variables = {name: str(file) for name, file in files.items()}
    system = load(home, variables)  # none of the files is there
    assert system.origins["ca_bundle"] in {"system", "default"}
    for name in reversed(names):
        files[name].touch()
        loaded = load(home, variables)
        assert (loaded.values.ca_bundle, loaded.origins["ca_bundle"]) == (files[name], name)
    set_by_hand = load(home, {**variables, "HFSR_CA_BUNDLE": "/own.pem"})
    assert (set_by_hand.values.ca_bundle, set_by_hand.origins["ca_bundle"]) == (Path("/own.pem"), "HFSR_CA_BUNDLE")


def test_the_environment_of_the_process_is_not_read(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HFSR_MEMORY", "3g")
    assert load(home).origins["memory"] == "default"
    assert load_settings(os.environ).origins["memory"] == "HFSR_MEMORY"
