"""Reads the items of a batch lazily: files, folders, patterns, tables, lists, lines of prompts."""
