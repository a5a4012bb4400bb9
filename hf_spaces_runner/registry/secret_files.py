"""Tells the files of a Space that secrets lie in, by their names and by what they begin with; no image gets them."""

import re

_NAMES = frozenset(
    {".env", ".envrc", ".hfsr.env", ".netrc", "_netrc", ".pypirc", ".git-credentials"}
    | {"id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "id_ecdsa_sk", "id_ed25519_sk"}
)
_FOLDERS = frozenset({".env", ".ssh", ".aws", ".gnupg"})
_PATHS = (".docker/config.json", ".huggingface/token", ".huggingface/stored_tokens", ".streamlit/secrets.toml")
_MODELS_OF_ENV = (".example", ".sample", ".template", ".dist")
_KEY_ENDS = (".pem", ".key", ".crt", ".cer", ".ppk")
_KEY = rb"-----BEGIN (?:[A-Z0-9]{1,20} ){0,2}PRIVATE KEY(?: BLOCK)?-----"
_KEY_FIRST = rb"(?:\xef\xbb\xbf)?\s*(?:" + _KEY + rb"|PuTTY-User-Key-File-\d)"
_KEY_INSIDE = rb"(?m:^)(?:" + _KEY + rb"|PuTTY-User-Key-File-\d)"


def is_secret_name(path: str, name: str, *, is_folder: bool) -> bool:
    """Return whether `path`, whose last part is `name`, is of a file or folder that is there for secrets.

    `.env.example` and its like are patterns for a file of secrets, and hold none.
    """
    if is_folder:
        return name in _FOLDERS
    if name in _NAMES or (name.startswith(".env.") and not name.endswith(_MODELS_OF_ENV)):
        return True
    return name in {"config.json", "token", "stored_tokens", "secrets.toml"} and f"/{path}".endswith(
        tuple(f"/{known}" for known in _PATHS)
    )


def is_private_key(name: str, head: bytes) -> bool:
    """Return whether the file `name` that begins with `head` is a private key, or a certificate with its key.

    A certificate alone is none, nor is code or a text with a key somewhere in it: without them no Space would work.
    """
    if b"PRIVATE KEY" not in head and b"PuTTY" not in head:
        return False
    return bool(re.match(_KEY_FIRST, head) or (name.lower().endswith(_KEY_ENDS) and re.search(_KEY_INSIDE, head)))
