"""Frozen values that every layer speaks in; nothing here does I/O, reads a clock or knows a library."""
