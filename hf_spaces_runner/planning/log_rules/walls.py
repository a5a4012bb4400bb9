"""What the walls of its container kept a Space from: files, capabilities, memory, processes, ports.

The texts are those of the kernel (`strerror`) as Python, Node, bash, dash, coreutils, util-linux, sudo, gosu, su-exec,
nginx, OpenBLAS, torch, joblib and gunicorn print them.
"""

from hf_spaces_runner.planning.hub_environment import HF_CACHE_DIRECTORY
from hf_spaces_runner.planning.log_rules.rule import PATH, PATHS, Rule, look_for

_DENIED = r"(?:permission denied|EACCES)"
_READ_ONLY = r"(?:read-only file system|EROFS)"

# What stands in the path of a cache, and the variable that moves it.
_CACHES = (
    (r"\.cache/huggingface|/huggingface\b|transformers", "HF_HOME", "/tmp/huggingface"),  # noqa: S108 - the container's
    (r"\.(?:config|cache)/matplotlib", "MPLCONFIGDIR", "/tmp/matplotlib"),  # noqa: S108
    (r"\.cache/torch|torch/hub", "TORCH_HOME", "/tmp/torch"),  # noqa: S108
    (r"nltk_data", "NLTK_DATA", "/tmp/nltk_data"),  # noqa: S108
    (r"tmp/gradio", "GRADIO_TEMP_DIR", "/tmp/gradio-of-its-own"),  # noqa: S108
    (r"/\.cache\b", "XDG_CACHE_HOME", "/tmp/cache"),  # noqa: S108
    (r"/\.(?:config|local|keras|triton|EasyOCR|paddle\w{0,10}|u2net|insightface)\b", "HOME", "/tmp"),  # noqa: S108
)
_PERMISSION = (
    "its user (1000 on the Hub) may not write there: in its Dockerfile, COPY --chown=1000, or RUN chown -R 1000 FOLDER;"
    " an image that runs as root needs cap_add: [DAC_OVERRIDE] in its registry entry"
)
_LEAVE_OUT = "leave --read-only out; with it, only /tmp, the folder of the app and the model cache can be written to"
_MORE_PROCESSES = "raise the setting pids_limit, as in HFSR_PIDS_LIMIT=2048"

FILE_RULES = (
    Rule(
        pattern=look_for(r"could not be created; set the MPLCONFIGDIR|cannot cache function '\S{1,100}: no locator"),
        verdict="permission",
        says="it has no folder that its caches can go to",
        hint="add -e MPLCONFIGDIR=/tmp/matplotlib -e NUMBA_CACHE_DIR=/tmp/numba, or env: in its registry entry",
    ),
    Rule(
        pattern=look_for(rf"^(?=.*{HF_CACHE_DIRECTORY}).*{_READ_ONLY}"),
        verdict="read_only",
        says="it writes to its model cache, which is only read in privacy",
        hint="run it once without --privacy-mode, so that its models are there",
        names=PATHS,
        form=PATH,
    ),
    *(
        Rule(
            pattern=look_for(rf"^(?=.*(?:{words})).*{phrase}"),
            verdict=verdict,
            says=says,
            hint=f"move it with -e {variable}={folder}, or env: {{{variable}: {folder}}} in its registry entry{more}",
            names=PATHS,
            form=PATH,
        )
        for phrase, verdict, says, more in (
            (_DENIED, "permission", "it may not write to its cache", ""),
            (_READ_ONLY, "read_only", "it writes to a file system that is read-only", "; or leave --read-only out"),
        )
        for words, variable, folder in _CACHES
    ),
    Rule(
        pattern=look_for(rf"{_READ_ONLY}|\[errno 30\]"),
        verdict="read_only",
        says="it writes to a file system that is read-only",
        hint=_LEAVE_OUT,
        names=PATHS,
        form=PATH,
    ),
)

DISK_RULE = Rule(
    pattern=look_for(r"no space left on device|\[errno 28\]|ENOSPC|disk quota exceeded"),
    verdict="disk_full_inside",
    says="the disk inside its container is full",
    hint="make room on the engine's disk: hfsr cleanup, docker system df; with --read-only its /tmp is memory: give it"
    " more with --memory, or leave --read-only out",
    names=PATHS[:-1],
    form=PATH,
)
DISK_HINT_READ_ONLY = "its /tmp is memory: give it more with --memory, or leave --read-only out"
DISK_HINT = "make room on the engine's disk: hfsr cleanup removes our leftovers, docker system df shows the rest"

PERMISSION_RULES = (
    Rule(
        pattern=look_for(
            rf"(?:exec|sh|bash|line \d{{1,5}}|\d): [^\s:]{{1,200}}\.(?:sh|py): {_DENIED}|exec .{{1,200}}{_DENIED}"
        ),
        verdict="permission",
        says="it may not execute a file of its own",
        hint="in its Dockerfile: RUN chmod +x FILE",
        hint_named="in its Dockerfile: RUN chmod +x {name}",
        names=(look_for(r"(?P<name>[^\s:'\"]{1,200}\.(?:sh|py))['\"]?:? permission denied"), *PATHS),
        form=PATH,
    ),
    Rule(
        pattern=look_for(rf"{_DENIED}|\[errno 13\]"),
        verdict="permission",
        says="it may not write to, or read, a file",
        hint=_PERMISSION,
        hint_named=_PERMISSION.replace("FOLDER", "{name}"),
        names=PATHS,
        form=PATH,
    ),
)

LIMIT_RULES = (
    Rule(
        pattern=look_for(
            r"^MemoryError\b|unable to allocate [\d.]{1,9} .iB for an array|cannot allocate memory|ENOMEM"
            r"|std::bad_alloc|is killed by signal: killed|workers are \{[^}]{0,99}SIGKILL|BrokenProcessPool: "
            r"|^killed$|:\s{1,9}\d{1,7} killed\s|was sent SIGKILL|died with <signals\.SIGKILL|heap out of memory"
            r"|OutOfMemoryError: java heap|DefaultCPUAllocator: (?:not enough|can't allocate) memory"
            r"|exit (?:status|code):? 137\b|(?:exit|return) ?code:? (?:= )?-9\b"
        ),
        verdict="child_out_of_memory",
        says="a process in it needed more memory than there is for it",
        hint="give it more with --memory",
    ),
    Rule(
        pattern=look_for(
            r"can't start new thread|fork: .{0,80}resource temporarily unavailable|cannot fork\b|can't fork\b"
            r"|thread.{0,99}resource temporarily unavailable|what\(\):\s{1,4}resource temporarily unavailable"
        ),
        verdict="too_many_processes",
        says="it starts more processes and threads than it may have",
        hint=_MORE_PROCESSES,
    ),
    Rule(
        pattern=look_for(r"^BlockingIOError: \[errno 11\]"),
        within=look_for(r"fork|spawn|Popen|_execute_child"),
        verdict="too_many_processes",
        says="it starts more processes and threads than it may have",
        hint=_MORE_PROCESSES,
    ),
    Rule(
        pattern=look_for(
            r"cannot find empty port in range|address already in use|EADDRINUSE|\[errno 98\]"
            r"|port \d{2,5} is (?:already )?in use"
        ),
        verdict="port_in_use_inside",
        says="another process of its own container has the port",
        hint="the app is started twice, or calls launch() twice: let it do so once; -e GRADIO_NUM_PORTS=10 lets it take"
        " the next free port",
    ),
)
