"""Finds secrets in the source of a Space by their form; what they are is never shown."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from hf_spaces_runner.domain.space_folder import SpaceFinding, doubt

_FORMS = (
    ("a token of the Hub", ("hf_", "api_org_"), r"\b(?:hf|api_org)_[A-Za-z0-9]{30,40}\b"),
    ("a key of AWS", ("AKIA", "ASIA"), r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a private key", ("-----BEGIN ",), r"-----BEGIN (?:[A-Z]{1,20} )?PRIVATE KEY(?: BLOCK)?-----"),
    ("a key of OpenAI", ("sk-",), r"\bsk-(?!ant-)(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{40,200}"),
    ("a key of Anthropic", ("sk-ant-",), r"\bsk-ant-[A-Za-z0-9_-]{30,200}"),
    (
        "a token of GitHub",
        ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"),
        r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,100})\b",
    ),
    ("a key of Google", ("AIza",), r"AIza[0-9A-Za-z_-]{35}"),
    ("a token of Slack", ("xox",), r"\bxox[abeprs]-[0-9A-Za-z-]{20,100}"),
    ("a key of Stripe", ("k_live_",), r"\b[rs]k_live_[0-9A-Za-z]{20,100}"),
    ("a token of PyPI", ("pypi-",), r"\bpypi-[A-Za-z0-9_-]{80,300}"),
)
"""What it is, what any of them begins with (a search for that takes no time at all), and its form."""
_LEAST_CHARACTERS = 8
"""Fewer different ones are a placeholder, such as hf_xxxxxxxx."""
_PLACEHOLDERS = ("EXAMPLE", "YOUR", "PLACEHOLDER", "XXXX")
_MOST_IN_A_FILE = 5
_SECRET_FILES = frozenset(
    {".env", ".hfsr.env", ".netrc", ".pypirc", "credentials.json", "id_rsa", "id_ed25519", "secrets.toml"}
)
_MODELS_OF_ENV = (".example", ".sample", ".template", ".dist")
_FIX = "revoke it, take it out of the git history, and give it to the Space as a secret: os.environ in the code"


def check_for_secrets(name: str, text: str) -> Iterator[SpaceFinding]:
    """Doubt each place of `text`, the content of the file `name`, that looks like a secret; the first few of them."""
    places = sorted((match.start(), kind) for kind, starts, form in _FORMS for match in _matches(text, starts, form))
    for start, kind in places[:_MOST_IN_A_FILE]:
        line = text.count("\n", 0, start) + 1
        yield doubt("secrets", f"holds what looks like {kind}", _FIX, file=name, line=line)


def _matches(text: str, starts: tuple[str, ...], form: str) -> Iterator[re.Match[str]]:
    if any(start in text for start in starts):
        for match in re.finditer(form, text):
            if match.group().startswith("-----") or not _is_placeholder(match.group()):
                yield match


def check_for_secret_file(name: str) -> Iterator[SpaceFinding]:
    """Doubt a file whose name says that secrets are in it."""
    last = PurePosixPath(name).name.lower()
    is_environment = last.startswith(".env.") and not last.endswith(_MODELS_OF_ENV)
    if last in _SECRET_FILES or is_environment:
        said = "is a file for secrets, and a push would take it along"
        yield doubt("secrets", said, f"add {last} to .gitignore; on the Hub, use the Space's secrets", file=name)


def _is_placeholder(value: str) -> bool:
    no_digit = not any(character.isdigit() for character in value)
    return no_digit or len(set(value)) < _LEAST_CHARACTERS or any(word in value.upper() for word in _PLACEHOLDERS)
