"""Why a Space failed, in one word for machines, in words for people, and with what to do about it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One named cause: `verdict` is its name, `says` what was seen, `hint` what to do next."""

    verdict: str
    says: str
    hint: str
