"""Finds language models on this machine that may answer in place of a Space."""
