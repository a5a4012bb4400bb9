"""The rules of the package's structure, read from its source; each rule is shown to catch a source that breaks it."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hf_spaces_runner

PACKAGE = "hf_spaces_runner"
ROOT = Path(hf_spaces_runner.__file__).parent

LAYERS = (
    {"errors"},
    {"domain"},
    {"log_file"},
    {"logs"},
    {"settings_form"},
    {"registry", "settings"},
    {"planning"},
    {"orchestrator", "images", "hub", "history", "result_cache", "calling", "results", "local_models"},
    {"cloud"},
    {"discovery", "hub_sources"},
    {"known_spaces", "image_checks"},
    {"ready_space"},
    {"explained_call", "dev_app", "dev_source"},
    {
        "conversation",
        "staying_up",
        "developing",
        "cron",
        "doctor",
        "validating",
        "input_files",
        "own_model",
        "housekeeping",
    },
    {"kept_answers"},
    {"attempt"},
    {"chat"},
    {"model_answers", "cloud_answers"},
    {"fallback", "wiring", "planner"},
    {"room", "answering", "up_spaces"},
    {"standings"},
    {"recommending", "hops", "choosing"},
    {"advisor"},
    {"runner"},
    {"batch"},
    {"cli"},
    {"__main__"},
)
"""From the bottom up. A module imports from its own part and from the layers below, not from its neighbours."""

SHARED_WITH_NEIGHBOURS = {
    "hf_spaces_runner.orchestrator.docker_errors": "images talks to the same SDK, and its errors have one table",
    "hf_spaces_runner.calling.caller": "the limits that JSON is decoded within",
    "hf_spaces_runner.calling.decode_json": "an image registry's JSON is believed no more than a Space's",
    "hf_spaces_runner.calling.deadline_watch": "image registries drip as Spaces do",
    "hf_spaces_runner.orchestrator.scratch": "what a killed process of ours left is found in one place",
    "hf_spaces_runner.orchestrator.interrupts": "Ctrl-C must not come between a build and what it tidies up",
}

PURE_PARTS = {"domain", "planning"}
IMPURE_MODULES = {"docker", "httpx", "huggingface_hub", "requests", "socket", "subprocess", "time"}
IMPURE_NAMES_OF_OS = {"environ", "environb", "getenv"}

COMPOSITION_ROOT = "hf_spaces_runner.wiring"
CLIENT_MAKERS = {"DockerClient", "APIClient", "from_env", "from_context"}

BROAD_HANDLERS = {
    "hf_spaces_runner.cli.main": "the bug handler: writes the traceback to a file and exits with 70",
}

Rule = Callable[[str, ast.Module], Iterator[str]]


def imports(module: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the full name of each import, names for types and lazy imports included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                base = ".".join([*module.split(".")[: -node.level], *([base] if base else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def layer_of(part: str) -> int:
    """Return how high `part` stands."""
    return next((height for height, parts in enumerate(LAYERS) if part in parts), -1)


def imports_only_down(module: str, tree: ast.Module) -> Iterator[str]:
    """The package itself is exempt: it gives the public names of every layer."""
    if module == PACKAGE:
        return
    own = module.split(".")[1]
    if layer_of(own) < 0:
        yield f"{module}: {own} has no layer; give it one in LAYERS"
    for line, name in imports(module, tree):
        parts = name.split(".")
        if parts[0] != PACKAGE or len(parts) == 1 or parts[1] == own or parts[1] == "__version__":
            continue
        if layer_of(parts[1]) == layer_of(own) and ".".join(parts[:3]) in SHARED_WITH_NEIGHBOURS:
            continue
        if layer_of(parts[1]) < 0 or layer_of(parts[1]) >= layer_of(own):
            yield f"{module}:{line} imports {name}, which is not below {own}"


def pure_parts_touch_nothing(module: str, tree: ast.Module) -> Iterator[str]:
    """Values and decisions have neither the engine, the network, the environment nor the clock."""
    if module.split(".")[1:2] not in [[part] for part in PURE_PARTS]:
        return
    for line, name in imports(module, tree):
        parts = name.split(".")
        if parts[0] in IMPURE_MODULES or (parts[0] == "os" and set(parts[1:]) & IMPURE_NAMES_OF_OS):
            yield f"{module}:{line} imports {name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in IMPURE_NAMES_OF_OS and ast.unparse(node.value) == "os":
            yield f"{module}:{node.lineno} uses os.{node.attr}"


def only_the_runner_makes_a_docker_client(module: str, tree: ast.Module) -> Iterator[str]:
    if module == COMPOSITION_ROOT:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.split(".")[-1] in CLIENT_MAKERS:
            yield f"{module}:{node.lineno} calls {called}(); only {COMPOSITION_ROOT} makes a client"


def no_broad_except(module: str, tree: ast.Module) -> Iterator[str]:
    """One that ends with `raise` cleans up and swallows nothing: Ctrl-C needs that, and BaseException says so."""
    if module in BROAD_HANDLERS:
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type and ast.unparse(node.type) == "BaseException" and ast.unparse(node.body[-1]) == "raise":
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        for kind in caught:
            if kind is None or ast.unparse(kind).split(".")[-1] in {"Exception", "BaseException"}:
                yield f"{module}:{node.lineno} catches {'everything' if kind is None else ast.unparse(kind)}"


def says_what_it_is_responsible_for(module: str, tree: ast.Module) -> Iterator[str]:
    first_line = (ast.get_docstring(tree) or "").partition("\n")[0]
    if not re.fullmatch(r"[^a-z\s](.* ){2,}.*[.:]", first_line):
        yield f"{module}: the first line of its docstring is not a sentence: {first_line!r}"


RULES: tuple[Rule, ...] = (
    imports_only_down,
    pure_parts_touch_nothing,
    only_the_runner_makes_a_docker_client,
    no_broad_except,
    says_what_it_is_responsible_for,
)


def modules() -> Iterator[tuple[str, ast.Module]]:
    """Yield each module of the package with its syntax tree; the bundled Spaces are not part of it."""
    for path in sorted(ROOT.rglob("*.py")):
        if "bundled_registry" in path.parts:
            continue
        names = [PACKAGE, *path.relative_to(ROOT).with_suffix("").parts]
        module = ".".join(names[:-1] if names[-1] == "__init__" else names)
        yield module, ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule: Rule) -> None:
    found = dict(modules())
    assert f"{PACKAGE}.errors" in found
    assert [problem for module, tree in found.items() for problem in rule(module, tree)] == []


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (imports_only_down, "domain.plan", "from hf_spaces_runner.settings import Settings"),
        (imports_only_down, "planning.fallback", "import hf_spaces_runner.orchestrator.slots"),
        (imports_only_down, "planning.fallback", "from hf_spaces_runner import runner"),
        (imports_only_down, "planning.fallback", "from ..cli import main"),
        (imports_only_down, "images.pull", "from hf_spaces_runner.orchestrator.engine import Engine"),
        (imports_only_down, "domain.plan", "from hf_spaces_runner.orchestrator.docker_errors import docker_errors"),
        (imports_only_down, "errors", "def f():\n    from hf_spaces_runner.domain.space import Space"),
        (imports_only_down, "runner", "if TYPE_CHECKING:\n    from hf_spaces_runner.cli.main import main"),
        (imports_only_down, "results.files", "from hf_spaces_runner.helpers import x"),
        (imports_only_down, "helpers", "import os"),
        (pure_parts_touch_nothing, "domain.plan", "import docker.types"),
        (pure_parts_touch_nothing, "domain.plan", "from httpx import Client"),
        (pure_parts_touch_nothing, "planning.tiers", "import time"),
        (pure_parts_touch_nothing, "planning.tiers", "from os import environ"),
        (pure_parts_touch_nothing, "planning.tiers", "import os\nhome = os.environ['HOME']"),
        (pure_parts_touch_nothing, "planning.tiers", "import os\nhome = os.getenv('HOME')"),
        (pure_parts_touch_nothing, "planning.tiers", "def f():\n    from huggingface_hub import HfApi"),
        (only_the_runner_makes_a_docker_client, "cli.main", "client = docker.from_env()"),
        (only_the_runner_makes_a_docker_client, "images.pull", "DockerClient(base_url='x')"),
        (only_the_runner_makes_a_docker_client, "images.pull", "docker.DockerClient.from_env()"),
        (only_the_runner_makes_a_docker_client, "images.pull", "from docker import from_env\nfrom_env(timeout=1)"),
        (only_the_runner_makes_a_docker_client, "orchestrator.engine", "docker.APIClient()"),
        (no_broad_except, "runner", "try:\n    f()\nexcept Exception:\n    pass"),
        (no_broad_except, "runner", "try:\n    f()\nexcept:\n    raise"),
        (no_broad_except, "cli.output", "try:\n    f()\nexcept (OSError, BaseException) as e:\n    pass"),
        (no_broad_except, "cli.output", "try:\n    f()\nexcept BaseException:\n    log()"),
        (no_broad_except, "cli.output", "try:\n    f()\nexcept builtins.Exception:\n    pass"),
        (says_what_it_is_responsible_for, "runner", "import os"),
        (says_what_it_is_responsible_for, "runner", '"""Runner"""'),
        (says_what_it_is_responsible_for, "runner", '"""drives a plan to its result."""'),
        (says_what_it_is_responsible_for, "runner", '"""Drives a plan\nto its result."""'),
    ],
)
def test_the_rule_catches(rule: Rule, module: str, source: str) -> None:
    assert list(rule(f"{PACKAGE}.{module}", ast.parse(source)))


@pytest.mark.parametrize(
    ("rule", "module", "source"),
    [
        (imports_only_down, "runner", "from hf_spaces_runner.orchestrator.slots import Slots\nimport time"),
        (imports_only_down, "orchestrator.slots", "from .engine import Engine"),
        (imports_only_down, "cli.main", "from hf_spaces_runner import __version__"),
        (imports_only_down, "images.pull", "from hf_spaces_runner.orchestrator.docker_errors import docker_errors"),
        (pure_parts_touch_nothing, "orchestrator.readiness", "import time, httpx"),
        (pure_parts_touch_nothing, "domain.plan", "import os.path"),
        (only_the_runner_makes_a_docker_client, "wiring", "docker.from_env()"),
        (no_broad_except, "runner", "try:\n    f()\nexcept (OSError, ValueError):\n    pass"),
        (no_broad_except, "runner", "try:\n    f()\nexcept BaseException:\n    clean()\n    raise"),
        (no_broad_except, "cli.main", "try:\n    f()\nexcept Exception:\n    pass"),
        (says_what_it_is_responsible_for, "runner", '"""Drives a plan to its result."""'),
    ],
)
def test_the_rule_lets_pass(rule: Rule, module: str, source: str) -> None:
    assert list(rule(f"{PACKAGE}.{module}", ast.parse(source))) == []


@pytest.mark.parametrize("name", hf_spaces_runner.__all__)
def test_each_public_name_is_there(name: str) -> None:
    assert getattr(importlib.import_module(PACKAGE), name) is not None
