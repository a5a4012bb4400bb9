"""Which capability of Linux a program lacked, by what it tried when it was told "Operation not permitted".

Source of what needs which: capabilities(7).
"""

import re

from hf_spaces_runner.domain.cause import Cause
from hf_spaces_runner.planning.log_parts import LogPart
from hf_spaces_runner.planning.log_rules.rule import look_for

# Whoever changes the user changes the groups first: one without the other only fails a step later.
_CHANGE_USER = ("SETGID", "SETUID")
_TRIED: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (look_for(words), capabilities)
    for words, capabilities in (
        (r"chown|chgrp|chang\w{1,4} (?:ownership|owner|group)", ("CHOWN",)),
        (
            r"set(?:re|res|e|fs)?[ug]id|setgroups|initgroups|failed switching to|, user=|unable to change to",
            _CHANGE_USER,
        ),
        (r"cannot set (?:groups|user)|\b(?:su|sudo|gosu|su-exec|runuser|setpriv|s6-\S{1,20}suexec)\b", _CHANGE_USER),
        (r"\bping6?\b|SOCK_RAW|AF_PACKET|raw socket|_socket\.socket\.__init__", ("NET_RAW",)),
        (r"ip6?tables|\bnft\b|RTNETLINK|TUNSETIFF|SIOC[SA]\w{2,20}|\bip (?:link|addr|route)\b", ("NET_ADMIN",)),
        (r"mknod", ("MKNOD",)),
        (r"chroot|change root directory", ("SYS_CHROOT",)),
        (r"\b(?:re|io)?nice(?:ness)?\b|setpriority|set priority|sched_set|'s policy|set_mempolicy", ("SYS_NICE",)),
        (r"ptrace|\bstrace\b|\bgdb\b|process_vm_|py-spy", ("SYS_PTRACE",)),
        (r"\bu?mount\b|unshare|\bsetns\b|pivot_root|namespace|sethostname|\bfuse\b|losetup", ("SYS_ADMIN",)),
        (r"\bkill(?:pg)?\b|sending signal|send_signal", ("KILL",)),
        (r"chmod|changing permissions|\butime|setting times|preserving (?:times|permissions)", ("FOWNER",)),
    )
)
_REFUSED = look_for(r"operation not permitted|\bEPERM\b|\[errno 1\]")
# The few that answer "Permission denied", or with words of their own.
_REFUSED_OTHERWISE: tuple[tuple[re.Pattern[str], tuple[str, ...]], ...] = tuple(
    (look_for(words), capabilities)
    for words, capabilities in (
        (r"\bbind\(?\)? .{0,120}permission denied", ("NET_BIND_SERVICE",)),
        (r"nice.{0,60}permission denied|failed to set priority.{0,60}permission denied", ("SYS_NICE",)),
        (r"\bmount: .{0,200}(?:permission denied|must be superuser|only root)", ("SYS_ADMIN",)),
        (r"ip6?tables.{0,200}(?:permission denied|must be root)", ("NET_ADMIN",)),
        (r"must be root to change the host name", ("SYS_ADMIN",)),
    )
)
_DENIED_WITHIN = (
    (look_for(r"\.bind\("), ("NET_BIND_SERVICE",)),
    (look_for(r"setpriority|os\.nice"), ("SYS_NICE",)),
)
_DENIED_BARE = look_for(r"^PermissionError: \[errno 13\] permission denied$")
_SUDO = look_for(r"\bsudo: .{0,200}(?:no new privileges|effective uid is not 0)|sudo\b.{0,60}nosuid")
_BROWSER = look_for(r"failed to move to new namespace|no usable sandbox|running as root without --no-sandbox")


def missing_capability(line: str, part: LogPart) -> Cause | None:
    """Return the cause where `line` of `part` tells that a privileged operation was refused; it names all that were."""
    if _SUDO.search(line):
        return Cause(
            verdict="sudo_refused",
            says="it calls sudo, which no container of ours allows",
            hint="take sudo out of what starts the Space: do that step as root in its Dockerfile, before USER",
        )
    if _BROWSER.search(line):
        return Cause(
            verdict="capability_missing",
            says="it starts a browser that wants to build a sandbox of its own: SYS_ADMIN",
            hint="start the browser with --no-sandbox: the container is its sandbox",
        )
    if not _lacked(line, part):
        return None
    names = ", ".join(sorted({name for other in part.telling for name in _lacked(other, part)}))
    return Cause(
        verdict="capability_missing",
        says=f"it does what takes a capability that it does not have: {names}",
        hint=f"if you trust it with that: cap_add: [{names}] in its registry entry, which helps where the image runs as"
        " root; or do that step in its Dockerfile",
    )


def _lacked(line: str, part: LogPart) -> tuple[str, ...]:
    if _REFUSED.search(line):
        # An exception of Python says no more than the path; the frame nearest to it has the call.
        texts = reversed(part.frames.splitlines()) if line.startswith("PermissionError: ") else (line,)
        found = (capabilities for text in texts for words, capabilities in _TRIED if words.search(text))
        return next(found, ())
    if _DENIED_BARE.search(line):
        return next((capabilities for words, capabilities in _DENIED_WITHIN if words.search(part.frames)), ())
    return next((capabilities for words, capabilities in _REFUSED_OTHERWISE if words.search(line)), ())
