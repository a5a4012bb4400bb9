"""Runs one Space over many inputs: reads items, keeps what is done, writes results as they come."""
