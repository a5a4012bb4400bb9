"""Pure decisions: what to try, with which limits, and what to clean up; no I/O, no clock."""
