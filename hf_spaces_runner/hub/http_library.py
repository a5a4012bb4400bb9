"""Names the HTTP library that the installed huggingface_hub speaks: httpx in version 1, httpx2 since version 2."""

import sys
from typing import TYPE_CHECKING

from huggingface_hub.errors import HfHubHTTPError

__all__ = ["httpx"]

if TYPE_CHECKING:
    import httpx2 as httpx
else:
    # Both may be installed, and what one raises, the other's `except` does not catch: the parent of its errors tells.
    httpx = sys.modules[HfHubHTTPError.__mro__[1].__module__.partition(".")[0]]
