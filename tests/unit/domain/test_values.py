"""All values of the domain: frozen, slotted, made by keyword only."""

import dataclasses
import importlib
import inspect
import pkgutil

import pytest

from hf_spaces_runner import domain
from hf_spaces_runner.domain.progress import Phase, Progress, ignore_progress

MODULES = [f"{domain.__name__}.{module.name}" for module in pkgutil.iter_modules(domain.__path__)]
VALUES = [
    value
    for name in MODULES
    for _, value in inspect.getmembers(importlib.import_module(name), dataclasses.is_dataclass)
    if value.__module__ == name
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: str(value.__name__))
def test_a_value_of_the_domain_is_frozen_and_slotted(value: type) -> None:
    assert value.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert "__slots__" in vars(value)


def test_there_are_such_values() -> None:
    assert len(VALUES) > 20


def test_progress_can_be_ignored() -> None:
    ignore_progress(Progress(phase=Phase.CALL, message="calling"))
    assert [phase.value for phase in Phase] == ["plan", "pull", "build", "wait", "start", "ready", "call"]
