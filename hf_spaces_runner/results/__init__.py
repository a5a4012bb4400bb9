"""Turns a hostile answer into outputs and files that are safe to print and to keep."""
