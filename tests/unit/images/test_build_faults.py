"""What a step printed names the cause, and each cause has its fix."""

import pytest

from hf_spaces_runner.errors import BuildError, ImageError, NoSpaceLeftError, WrongArchitectureError
from hf_spaces_runner.images.build_faults import failed_step, unreadable_dockerfile
from hf_spaces_runner.images.build_log import BuildLog

ENDED = "The command '/bin/sh -c make' returned a non-zero code: 1"
PIP_RETRY = (
    "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(': Failed to establish a new"
    " connection: [Errno -3] Temporary failure in name resolution')': /simple/six/"
)
FILTERED = "hint: `gradio` was filtered by `exclude-newer` to only include packages uploaded before 2023. The v5.49.1"
NONE_FOUND = "ERROR: No matching distribution found for six==99 (from x)"


def failed(*lines: str, outcome: str = ENDED) -> ImageError:
    log = BuildLog()
    log.begin(3, 4, "RUN make")
    for line in lines:
        log.note(line)
    return failed_step(log, outcome, "building x:1")


@pytest.mark.parametrize(
    ("lines", "error", "verdict", "said", "hint"),
    [
        (("make: *** [all] Error 2",), BuildError, "build_failed", "failed: it returned", "the lines above"),
        (("dd: error writing '/x': No space left on device", "1+0 records in"), NoSpaceLeftError, "disk_full", "", ""),
        (("OSError: [Errno 122] Disk quota exceeded",), NoSpaceLeftError, "disk_full", "", "hfsr cleanup"),
        ((PIP_RETRY, NONE_FOUND), BuildError, "build_offline", "could not reach a server", "network"),
        (
            ("Err:1 http://x", "  Temporary failure resolving 'x'"),
            BuildError,
            "build_offline",
            "could not reach",
            "DNS",
        ),
        (("curl: (6) Could not resolve host: x",), BuildError, "build_offline", "could not reach", "begins at this"),
        (("npm error code EAI_AGAIN",), BuildError, "build_offline", "could not reach", "network"),
        (
            ("SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')", PIP_RETRY),
            BuildError,
            "build_untrusted",
            "",
            "ca_bundle",
        ),
        ((NONE_FOUND,), BuildError, "no_such_package", "no package index has six==99 for", "sdk_version"),
        (("E: Unable to locate package ffmpg",), BuildError, "no_such_package", "no package ffmpg", "packages.txt"),
        (("E: Package 'x' has no installation candidate",), BuildError, "no_such_package", "no package x", ""),
        (("ERROR: ResolutionImpossible: for help",), BuildError, "dependency_conflict", "contradicts itself", ""),
        (("pip._vendor.resolvelib: error: resolution-too-deep",), BuildError, "dependency_conflict", "", ""),
        (
            (
                "error: No solution found when resolving dependencies",
                FILTERED + ", was published at 2025-10-08T20:18Z.",
            ),
            BuildError,
            "too_new",
            "gradio, or the version of it that is asked for, is from after the day",
            "a later day",
        ),
        (
            ("error: No solution found when resolving dependencies", FILTERED + ". Consider using it."),
            BuildError,
            "no_upload_times",
            "does not say when gradio was uploaded",
            "PEP 700",
        ),
        (
            ("error: No solution found when resolving dependencies", "  cause: Because you require x==1 and x==2,"),
            BuildError,
            "dependency_conflict",
            "",
            "",
        ),
        (
            ("error: command 'gcc' failed: No such file or directory", "ERROR: Failed building wheel for x"),
            BuildError,
            "no_compiler",
            "there is no gcc",
            "build-essential",
        ),
        (("ERROR: Failed building wheel for x",), BuildError, "package_not_built", "from its own source", "wheel"),
        (("error: subprocess-exited-with-error",), BuildError, "package_not_built", "", ""),
        (("  x Failed to build `x==1`",), BuildError, "package_not_built", "", ""),
        (("exec /bin/sh: exec format error",), WrongArchitectureError, "wrong_architecture", "processor", ""),
    ],
)
def test_a_cause_is_named(lines: tuple[str, ...], error: type[ImageError], verdict: str, said: str, hint: str) -> None:
    found = failed(*lines)
    assert (type(found), found.verdict, found.exit_code) == (error, verdict, 10)
    assert found.message.startswith("building x:1: step 3/4 (RUN make) failed: ")
    assert found.message.endswith("it returned a non-zero code: 1")
    assert said in found.message
    assert hint in (found.hint or "")
    assert found.evidence is not None
    assert found.evidence.log == "\n".join(lines)


def test_a_step_that_is_killed() -> None:
    killed = failed("Collecting torch", "Killed", outcome="The command 'x' returned a non-zero code: 137")
    assert (killed.verdict, "memory" in (killed.hint or "")) == ("build_killed", True)


def test_a_step_that_said_nothing() -> None:
    silent = failed(outcome="COPY failed: file not found in build context:\nstat gone: \x1b[31mno such file")
    assert silent.evidence is None
    assert silent.message.endswith(
        "(RUN make) failed: COPY failed: file not found in build context: stat gone: no such file"
    )
    assert "lines above" not in (silent.hint or "")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("dockerfile parse error line 2: unknown instruction: RUM", "at 'RUM x': unknown instruction: RUM"),
        ("Dockerfile parse error on line 2: unknown", "at 'RUM x': unknown"),
        ("dockerfile parse error line 99: why", "at 'line 99': why"),
    ],
)
def test_a_dockerfile_that_cannot_be_read_is_quoted(said: str, shown: str) -> None:
    error = unreadable_dockerfile(BuildError(f"building x:1 failed: {said}"), "FROM x\n  RUM x\n", "building x:1")
    assert error.message == f"building x:1 failed: the Dockerfile cannot be read {shown}"
    assert "Dockerfile" in (error.hint or "")


def test_another_error_stays_what_it_is() -> None:
    error = BuildError("building x:1 failed: something else")
    assert unreadable_dockerfile(error, "FROM x\n", "building x:1") is error
