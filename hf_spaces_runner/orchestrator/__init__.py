"""Containers: the engine behind one Protocol, slots, readiness, and removal."""
