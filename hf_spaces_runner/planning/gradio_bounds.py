"""Knows which newer packages the generations of Gradio do not get on with, though their metadata allow them.

A version of Gradio that has no list of constraints here is installed within these bounds: without them most of those
before 5.40 fail when they are imported. Measured on CPython 3.11: versions from 3.4.1 to 5.49.1, started and called.
"""

_BOUNDS = (
    (4, ("huggingface_hub<0.26", "pydantic<2.11", "httpx<0.25", "starlette<0.46", "numpy<2")),
    (5, ("huggingface_hub<0.26", "pydantic<2.11", "httpx<0.28", "starlette<0.46")),
    (6, ("huggingface_hub<1", "pydantic<2.12", "starlette<1")),
)


def bounds_of(version: str) -> tuple[str, ...]:
    """Return the requirements that Gradio `version` is installed with; none for those that need no bounds."""
    major = version.partition(".")[0]
    return next((bounds for below, bounds in _BOUNDS if major.isdecimal() and int(major) < below), ())
