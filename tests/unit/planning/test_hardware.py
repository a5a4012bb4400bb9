"""The Hub's hardware on machines of several sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.domain.hardware import Machine
from hf_spaces_runner.errors import PolicyError, UsageError
from hf_spaces_runner.planning.hardware import HARDWARE, available_bytes, check_hardware, grant_asked, grant_suggested
from hf_spaces_runner.registry.front_matter_values import HARDWARE as KNOWN_NAMES

GB = 1024**3
LAPTOP = Machine(cpus=4, memory_bytes=16 * GB, gives_gpus=False)
SERVER = Machine(cpus=64, memory_bytes=512 * GB, gives_gpus=True)
MACHINES = st.builds(
    Machine, cpus=st.integers(1, 256), memory_bytes=st.integers(GB // 4, 4096 * GB), gives_gpus=st.booleans()
)


def test_all_of_it_are_names_of_the_hub() -> None:
    assert set(HARDWARE) <= set(KNOWN_NAMES)


def test_a_machine_that_has_it_gives_what_the_hub_gives() -> None:
    grant = grant_asked("a10g-largex2", SERVER)
    assert (grant.memory_bytes, grant.cpus, grant.gpus, grant.lacks) == (92 * GB, 24.0, "2", ())
    grant = grant_asked("cpu-basic", SERVER)
    assert (grant.memory_bytes, grant.cpus, grant.gpus) == (16 * GB, 2.0, None)


def test_a_machine_that_is_too_small_is_told_by_how_much() -> None:
    with pytest.raises(PolicyError) as caught:
        grant_asked("t4-medium", LAPTOP)
    assert caught.value.message == (
        "t4-medium is more than this machine has: it wants 30 GiB of memory, 15.6 GiB more than there is;"
        " it wants 8 CPUs, 4 more than there are; it wants a GPU with 16 GB, and the engine gives none"
    )
    assert caught.value.verdict == "machine_too_small"
    assert "--hardware local" in (caught.value.hint or "")


def test_local_takes_what_is_there_and_leaves_the_machine_something() -> None:
    grant = grant_asked("local", LAPTOP)
    assert (grant.cpus, grant.gpus, grant.lacks) == (4.0, None, ())
    assert grant.memory_bytes == available_bytes(LAPTOP)
    assert 14 * GB < available_bytes(LAPTOP) <= 15 * GB
    assert grant_asked("local", SERVER).gpus == "all"


@pytest.mark.parametrize(("name", "near"), [("t4_small", "t4-small"), ("CPU-Basic", "cpu-basic"), ("locale", "local")])
def test_unknown_hardware_is_refused_with_the_nearest_name(name: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_hardware(name)
    assert f"did you mean {near}?" in (caught.value.hint or "")


def test_what_a_space_suggests_it_gets_as_far_as_there_is() -> None:
    grant = grant_suggested("a10g-small", LAPTOP, at_once=3)
    assert grant is not None
    assert (grant.memory_bytes, grant.cpus, grant.gpus) == (available_bytes(LAPTOP) // 3, 4.0, None)
    assert len(grant.lacks) == 2
    assert grant_suggested("tpu-of-next-year", LAPTOP, at_once=3) is None


@given(MACHINES, st.sampled_from(sorted(HARDWARE)), st.integers(1, 8))
def test_strangers_who_suggest_never_get_more_than_the_machine_has(machine: Machine, name: str, at_once: int) -> None:
    grant = grant_suggested(name, machine, at_once=at_once)
    assert grant is not None
    assert (grant.memory_bytes or 0) * at_once < machine.memory_bytes
    assert (grant.cpus or 0) <= machine.cpus
    assert grant.gpus is None or machine.gives_gpus
