"""Asks the Hub about Spaces: the only part that knows huggingface_hub."""

import os

# The library reads it when it is imported, and would else ask the Hub which coding agents there are to look for, write
# the answer below the home directory, and name in each request what it finds. `Inquiry` sends none of that either.
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
