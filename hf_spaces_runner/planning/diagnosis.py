"""Judges what was found out about a machine: each thing a line with its fix, in the order in which one repairs them."""

from collections.abc import Iterator

from hf_spaces_runner.domain.finding import Finding, fail, ok, warn
from hf_spaces_runner.domain.machine import Problem
from hf_spaces_runner.planning.diagnose_engine import diagnose_engine
from hf_spaces_runner.planning.diagnose_image_registry import diagnose_image_registry
from hf_spaces_runner.planning.diagnose_resources import (
    diagnose_disk,
    diagnose_folder,
    diagnose_gpu,
    diagnose_left_behind,
    diagnose_memory,
)
from hf_spaces_runner.planning.facts import Facts


def diagnose(facts: Facts) -> tuple[Finding, ...]:
    """Return a finding for each thing that was looked at. What needs an engine is left out where there is none."""
    return tuple(_findings(facts))


def _findings(facts: Facts) -> Iterator[Finding]:
    yield ok("hfsr", f"{facts.version}, Python {facts.python_version}")
    yield _settings(facts)
    yield _registry(facts)
    yield _ca_bundle(facts)
    for folder in facts.machine.folders:
        yield diagnose_folder(folder, facts.settings.disk_reserve)
    if isinstance(facts.engine, Problem):
        yield fail("engine", facts.engine.message, facts.engine.fix)
    else:
        yield from diagnose_engine(facts.engine)
        yield from diagnose_memory(facts, facts.engine)
        yield diagnose_disk(facts, facts.engine)
        yield diagnose_gpu(facts.machine, facts.engine)
    yield from diagnose_image_registry(facts.image_registry)
    if facts.left_behind is not None:
        yield from diagnose_left_behind(facts.left_behind)


def _settings(facts: Facts) -> Finding:
    if facts.settings_problem is not None:
        told = f"{facts.settings_problem.message}\nall else is judged by the defaults"
        return fail("settings", told, facts.settings_problem.fix)
    own = [name for name, origin in facts.origins.items() if origin.startswith("HFSR_") or origin.endswith(".toml")]
    return ok("settings", f"valid; set by you: {', '.join(own)}" if own else "valid; all of them defaults")


def _registry(facts: Facts) -> Finding:
    if isinstance(facts.registry, Problem):
        return fail("registry", facts.registry.message, facts.registry.fix)
    over = "" if facts.settings.registry is None else f", {facts.settings.registry} laid over the bundled one"
    said = f"{facts.registry.known} Spaces{over}"
    if not facts.registry.faults:
        return ok("registry", said)
    left = len(facts.registry.faults)
    return warn(
        "registry", f"{said}; {left} faults, first: {facts.registry.faults[0]}", "hfsr registry validate names all"
    )


def _ca_bundle(facts: Facts) -> Finding:
    if isinstance(facts.certificates, Problem):
        return fail("ca_bundle", facts.certificates.message, facts.certificates.fix)
    if facts.certificates is None:
        return ok("ca_bundle", "none found: builds trust what their base image trusts")
    return ok("ca_bundle", f"{facts.certificates} certificates in {facts.settings.ca_bundle}")
