"""Asks Spaces that run on the Hub's machines, and models of its inference providers."""
