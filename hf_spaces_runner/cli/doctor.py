"""`hfsr doctor`: what is in order on this machine, what is not, and how to repair it."""

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.presenter import Presenter, styled
from hf_spaces_runner.domain.finding import Finding, Health, worst
from hf_spaces_runner.runner import Runner

EPILOG = """\b
Examples:
  hfsr doctor
  hfsr doctor --json
  DOCKER_HOST=unix:///run/user/1000/docker.sock hfsr doctor
"""

_COLOURS = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "red"}
_FAILED = 1


@command(name="doctor", epilog=EPILOG, short_help="Check this machine, its engine and the image registry.")
def doctor(presenter: Presenter) -> None:
    """Check the settings, the engine and its walls, memory, disk, GPU, the image registry, and what runs left behind.

    Each line says ok, warn or fail, and what to do. With fail a run cannot work; with warn it works in part, or with
    less safety. Ends with exit code 1 when something fails. Nothing is changed.
    """
    findings = Runner.diagnose()
    status = worst(findings)
    if presenter.json:
        presenter.object({"status": status, "checks": [_as_json(finding) for finding in findings]})
    elif presenter.quiet:
        presenter.result(status)
    elif presenter.human:
        for finding in findings:
            _show(presenter, finding)
    else:
        rows = [(finding.name, finding.status, finding.message, finding.fix or "") for finding in findings]
        presenter.table(("NAME", "STATUS", "MESSAGE", "FIX"), rows)
    presenter.note(_summary(findings))
    if status is Health.FAIL:
        click.get_current_context().exit(_FAILED)


def _as_json(finding: Finding) -> dict[str, object]:
    return {"name": finding.name, "status": finding.status, "message": finding.message, "fix": finding.fix}


def _show(presenter: Presenter, finding: Finding) -> None:
    sign = styled(f"{finding.status:<4}", _COLOURS[finding.status])
    first, *more = finding.message.splitlines()
    presenter.result(f"{sign}  {styled(finding.name.replace('_', ' '), bold=True)}: {first}")
    for line in more:
        presenter.result(f"      {line}")
    if finding.fix is not None:
        presenter.result(f"      {styled('Fix:', 'cyan')} {finding.fix}")


def _summary(findings: tuple[Finding, ...]) -> str:
    counted = {status: sum(finding.status is status for finding in findings) for status in Health}
    return ", ".join(f"{count} {status}" for status, count in counted.items())
