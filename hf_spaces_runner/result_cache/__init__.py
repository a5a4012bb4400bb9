"""Answers kept for whoever asks the same again: nothing of theirs is trusted until its hash is seen to be right."""
