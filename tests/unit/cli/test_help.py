import click
import pytest
from click.testing import CliRunner

from hf_spaces_runner.cli.main import _SUMMARIES, COMMANDS, cli


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_each_command_has_examples_that_it_understands(name: str) -> None:
    shown = CliRunner().invoke(cli, [name, "--help"])
    assert shown.exit_code == 0
    assert "Examples:\n" in shown.output
    assert f"hfsr {name}" in shown.output
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    undescribed = [
        parameter.name for parameter in command.params if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert undescribed == []
    assert {"-h", "--help"} == set(
        command.get_help_option_names(click.Context(command, parent=click.Context(cli, **cli.context_settings)))
    )


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_help_of_the_program_shows_commands_examples_and_short_forms(flag: str) -> None:
    shown = CliRunner().invoke(cli, [flag])
    assert shown.exit_code == 0
    for text in (*COMMANDS, "Examples:", "--list-spaces", "--cleanup-cache", "--hf-space"):
        assert text in shown.output


def test_each_command_has_a_summary() -> None:
    assert list(_SUMMARIES) == list(COMMANDS)
