"""Talks to a running Space and brings its answer into the scratch directory."""
