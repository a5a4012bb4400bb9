"""`python -m hf_spaces_runner` is the command line."""

from hf_spaces_runner.cli.main import main

main()
