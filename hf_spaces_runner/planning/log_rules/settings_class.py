"""Tells the variables that a settings class of pydantic misses, whose names stand in lines of their own."""

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.planning.log_parts import LogPart
from hf_spaces_runner.planning.log_rules.rule import VARIABLE, look_for

_OF_SETTINGS = look_for(r"\d{1,4} validation errors? for \w{0,60}(?:settings|config|env|secrets)\w{0,60}")
_REQUIRED = look_for(r"^\s{1,8}field required .{0,20}type=(?:missing|value_error\.missing)")
_MOST = 5


def missing_settings(line: str, part: LogPart) -> Cause | None:
    """Return the cause where `line` of `part` is the lack of a required field of a settings class.

    Source: pydantic's `ValidationError`, versions 1 and 2: the field's name, and below it, indented, what is wrong. The
    variable is called like the field, in any case, unless the class says otherwise.
    """
    if not _REQUIRED.match(line) or not any(_OF_SETTINGS.search(other) for other in part.lines):
        return None
    fields = [
        above.strip()
        for above, below in zip(part.lines, part.lines[1:], strict=False)
        if _REQUIRED.match(below) and VARIABLE.fullmatch(above.strip())
    ]
    names = list(dict.fromkeys(name.upper() for name in fields))[:_MOST]
    if not names:
        return None
    return Cause(
        verdict="missing_secret",
        says=f"it needs variables that it was not given: {', '.join(names)}",
        hint=f"if you trust the Space with it: export {names[0]}=..., then run it again with "
        + " ".join(f"--secret {name}" for name in names),
    )
