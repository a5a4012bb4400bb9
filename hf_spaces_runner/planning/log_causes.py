"""Names the cause of a Space's failure by the last lines of its log, and what to do about it."""

import signal
from collections.abc import Callable
from dataclasses import replace

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.planning.log_parts import LogPart, find_parts
from hf_spaces_runner.planning.log_rules.capabilities import missing_capability
from hf_spaces_runner.planning.log_rules.not_given import GPU_RULES, HUB_RULES, VARIABLE_RULES
from hf_spaces_runner.planning.log_rules.own_faults import APP_FILE_RULE, ARCHITECTURE_RULE, DEPENDENCY_RULES
from hf_spaces_runner.planning.log_rules.settings_class import missing_settings
from hf_spaces_runner.planning.log_rules.walls import (
    DISK_HINT,
    DISK_HINT_READ_ONLY,
    DISK_RULE,
    FILE_RULES,
    LIMIT_RULES,
    PERMISSION_RULES,
)

_SIGNALS = 128
"""What a shell, and an engine, add to the number of the signal that ended a program."""

# In one line the first that holds wins: texts that advise to set a variable stand before those that miss one, and the
# operations that are refused before the files that are.
_LOOK_FOR: tuple[Callable[[str, LogPart], Cause | None], ...] = (
    *(rule.cause for rule in (*GPU_RULES, *HUB_RULES)),
    *(rule.cause for rule in (*LIMIT_RULES, *FILE_RULES, DISK_RULE)),
    missing_capability,
    *(rule.cause for rule in PERMISSION_RULES),
    *(rule.cause for rule in VARIABLE_RULES),
    missing_settings,
    *(rule.cause for rule in (*DEPENDENCY_RULES, ARCHITECTURE_RULE, APP_FILE_RULE)),
)


def find_cause(
    log: str, *, exit_code: int | None = None, running: bool = False, read_only: bool | None = None
) -> Cause | None:
    """Return what `log`, the last lines of a container that failed, names as the cause; None where it names none.

    The last line that names one counts: of the last exception, then of those it came from, else of the last lines. The
    log is the Space's own and may say anything; nothing of it gets into a hint that is not of a harmless form.

    Args:
        log: lines that are safe to print already.
        exit_code: how the program ended, where that is known.
        running: whether it runs still, and only never got ready.
        read_only: whether its root is read-only, where that is known.
    """
    for part in find_parts(log, running=running):
        for line in part.telling:
            for cause_of in _LOOK_FOR:
                cause = cause_of(line, part)
                if cause is not None:
                    return _for_root(cause, read_only)
    if exit_code == _SIGNALS + signal.SIGILL:
        return Cause(verdict=ARCHITECTURE_RULE.verdict, says=ARCHITECTURE_RULE.says, hint=ARCHITECTURE_RULE.hint)
    return None


def _for_root(cause: Cause, read_only: bool | None) -> Cause:
    if cause.verdict != DISK_RULE.verdict or read_only is None:
        return cause
    return replace(cause, hint=DISK_HINT_READ_ONLY if read_only else DISK_HINT)
