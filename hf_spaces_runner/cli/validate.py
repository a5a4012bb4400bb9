"""`hfsr validate`: what in a Space's source breaks on the Hub or in a build, where, and how to mend it."""

import os
from pathlib import Path

import click

from hf_spaces_runner.cli.common import command
from hf_spaces_runner.cli.from_hub import from_hub_option
from hf_spaces_runner.cli.presenter import Presenter, styled
from hf_spaces_runner.domain.finding import Health, worst
from hf_spaces_runner.domain.hub_source import HUB_PREFIX
from hf_spaces_runner.domain.space_folder import SpaceFinding
from hf_spaces_runner.validating import validate_space

EPILOG = """\b
Examples:
  hfsr validate ./my-space
  hfsr validate ./my-space --strict
  hfsr validate --from-hub user/name
  hfsr validate --json | jq '.checks[] | select(.status != "ok")'
"""

_COLOURS = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "red"}
_FAILED = 1


@command(name="validate", epilog=EPILOG, short_help="Check the source of a Space before it is pushed or built.")
@click.argument("folder", required=False)
@from_hub_option(needs_space=False, argument="folder")
@click.option("--strict", is_flag=True, help="End with exit code 1 when something only may break, too.")
def validate(presenter: Presenter, *, folder: str | None, strict: bool) -> None:
    """Check FOLDER, the source of a Space, for what the Hub refuses and for what works at home and breaks there.

    It reads README.md, the code, the lists of packages, the names, links and sizes of all files that git would push,
    and looks for secrets. Nothing is run, changed or sent. Ends with exit code 1 when something fails.
    """
    findings = validate_space(_folder(presenter, folder or "."))
    status = worst(findings)
    if presenter.json:
        presenter.object({"status": status, "checks": [_as_json(finding) for finding in findings]})
    elif presenter.quiet:
        presenter.result(status)
    elif presenter.human:
        for finding in findings:
            _show(presenter, finding)
    else:
        rows = [
            (finding.name, finding.status, _place(finding), finding.message, finding.fix or "") for finding in findings
        ]
        presenter.table(("NAME", "STATUS", "PLACE", "MESSAGE", "FIX"), rows)
    presenter.note(_summary(findings))
    if status is Health.FAIL or (strict and status is Health.WARN):
        click.get_current_context().exit(_FAILED)


def _folder(presenter: Presenter, named: str) -> Path:
    """Return the folder that `named` is, or that the source of a Space on the Hub is fetched into."""
    if not named.startswith(HUB_PREFIX):
        return Path(named)
    from hf_spaces_runner.cli.progress import progress_display  # noqa: PLC0415 - most name a folder
    from hf_spaces_runner.known_spaces import KnownSpaces  # noqa: PLC0415 - likewise
    from hf_spaces_runner.settings import load_settings  # noqa: PLC0415 - likewise

    with progress_display(presenter) as on_progress:
        known = KnownSpaces(load_settings(os.environ), os.environ, on_note=presenter.note, on_progress=on_progress)
        return known.fetch(named).folder


def _as_json(finding: SpaceFinding) -> dict[str, object]:
    return {
        "name": finding.name,
        "status": finding.status,
        "message": finding.message,
        "fix": finding.fix,
        "file": finding.file,
        "line": finding.line,
    }


def _show(presenter: Presenter, finding: SpaceFinding) -> None:
    sign = styled(f"{finding.status:<4}", _COLOURS[finding.status])
    place = _place(finding)
    presenter.result(
        f"{sign}  {styled(finding.name.replace('_', ' '), bold=True)}: {f'{place}: ' if place else ''}{finding.message}"
    )
    if finding.fix is not None:
        presenter.result(f"      {styled('Fix:', 'cyan')} {finding.fix}")


def _place(finding: SpaceFinding) -> str:
    return ":".join(str(part) for part in (finding.file, finding.line) if part is not None)


def _summary(findings: tuple[SpaceFinding, ...]) -> str:
    counted = {status: sum(finding.status is status for finding in findings) for status in Health}
    return ", ".join(f"{count} {status}" for status, count in counted.items())
