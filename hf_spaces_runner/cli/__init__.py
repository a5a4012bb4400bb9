"""The command line: parses and presents; decides nothing."""
