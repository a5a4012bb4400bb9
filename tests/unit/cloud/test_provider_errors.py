"""Errors of InferenceClient and its HTTP library become ours; a new class of theirs fails the first tests."""

import inspect
import time

import pytest
from huggingface_hub import errors as library_errors
from huggingface_hub.errors import HfHubHTTPError

from hf_spaces_runner.cloud.provider_errors import BY_CLASS, NONSENSE_ERRORS, provider_errors
from hf_spaces_runner.cloud.refusals import PROVIDERS, SPACES, Refusal, refusal
from hf_spaces_runner.domain.deadline import Deadline
from hf_spaces_runner.errors import AnswerError, CallError, CallTimeoutError, RunnerError, TryNext
from hf_spaces_runner.hub.http_library import httpx

OF_PARTS_WE_DO_NOT_CALL = frozenset(
    {
        "BucketBatchError",
        "CLIError",
        "CLIExtensionInstallError",
        "CacheNotFound",
        "CachedRepoTreeNotFoundError",
        "ConfirmationError",
        "CorruptedCacheException",
        "DDUFCorruptedFileError",
        "DDUFError",
        "DDUFExportError",
        "DDUFInvalidEntryNameError",
        "DeviceCodeError",
        "DryRunError",
        "EntryNotFoundError",
        "FileDuplicationError",
        "FileMetadataError",
        "HfUriError",
        "IncompleteSnapshotError",
        "InferenceEndpointError",
        "InferenceEndpointTimeoutError",
        "LocalEntryNotFoundError",
        "LocalTokenNotFoundError",
        "NotASafetensorsRepoError",
        "OIDCError",
        "RevisionResolutionError",
        "SafetensorsParsingError",
        "SandboxCommandError",
        "SandboxError",
        "StrictDataclassClassValidationError",
        "StrictDataclassDefinitionError",
        "StrictDataclassError",
        "StrictDataclassFieldValidationError",
        "XetDownloadError",
    }
)
"""Downloads, uploads, the cache, logins, endpoints of one's own, the library's own command line."""

OF_WRONG_USE = frozenset({"CookieConflict", "StreamError", "HTTPStatusError"})
"""What only wrong use of the HTTP library raises, or never leaves huggingface_hub: it surfaces as a bug."""

OF_ITS_PARTS = frozenset({"HTTPError", "RequestError", "TransportError", "ProtocolError", "SSEError"})
"""Only their children are raised; the events are read by huggingface_hub itself."""

TRANSLATED: tuple[type[Exception], ...] = (HfHubHTTPError, *(kind for kind, _ in BY_CLASS))


def later() -> Deadline:
    return Deadline.after(60, time.monotonic)


def classes_of(module: object) -> dict[str, type[Exception]]:
    found = inspect.getmembers(module, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, Exception) and not issubclass(kind, Warning)}


def test_every_error_of_the_library_is_translated_or_said_not_to_come() -> None:
    known = {
        name: kind for name, kind in classes_of(library_errors).items() if kind.__module__ == library_errors.__name__
    }
    assert {"InferenceTimeoutError", "OverloadedError", "BadRequestError"} <= set(known)
    unknown = {name for name, kind in known.items() if not issubclass(kind, TRANSLATED)}
    assert unknown - OF_PARTS_WE_DO_NOT_CALL == set()


def test_every_error_of_the_http_library_is_translated_or_said_not_to_come() -> None:
    surfacing: tuple[type[Exception], ...] = tuple(
        kind for name, kind in classes_of(httpx).items() if name in OF_WRONG_USE
    )
    unknown = {name for name, kind in classes_of(httpx).items() if not issubclass(kind, TRANSLATED + surfacing)}
    assert unknown - OF_ITS_PARTS == set()


def test_no_class_in_the_table_hides_a_later_one() -> None:
    kinds = [kind for kind, _ in BY_CLASS]
    for index, kind in enumerate(kinds):
        assert not [later for later in kinds[index + 1 :] if issubclass(later, kind)]


@pytest.mark.parametrize(("kind", "verdict"), BY_CLASS, ids=lambda value: getattr(value, "__name__", value))
def test_each_class_of_the_table_becomes_its_verdict(kind: type[Exception], verdict: str) -> None:
    original = kind("what\x1b[31m happened")
    with pytest.raises(RunnerError) as caught, provider_errors("the model x", later()):
        raise original
    assert caught.value.verdict == verdict
    assert caught.value.try_next is TryNext.YES
    assert caught.value.message.isprintable()
    assert caught.value.message.startswith("the model x")
    assert caught.value.__cause__ is original


@pytest.mark.parametrize("kind", NONSENSE_ERRORS)
def test_what_the_library_stumbles_over_is_no_chat_completion(kind: type[Exception]) -> None:
    with pytest.raises(AnswerError, match=kind.__name__), provider_errors("the model x", later()):
        raise kind("what the answer said")


def test_whatever_breaks_after_the_deadline_is_a_timeout() -> None:
    now = [0.0]
    deadline = Deadline.after(5, lambda: now[0])
    now[0] = 6.0
    with pytest.raises(CallTimeoutError, match="5 s"), provider_errors("the model x", deadline):
        raise httpx.ReadError("cut")


def test_our_own_errors_and_bugs_surface() -> None:
    with pytest.raises(CallError, match=r"^own$"), provider_errors("the model x", later()):
        raise CallError("own")
    with pytest.raises(ZeroDivisionError), provider_errors("the model x", later()):
        raise ZeroDivisionError


@pytest.mark.parametrize("table", [SPACES, PROVIDERS])
def test_each_status_has_a_meaning(table: dict[int, Refusal]) -> None:
    for status in range(300, 600):
        error = refusal(status, "so \x1b[31mit is", "somebody", table)
        assert error.message.startswith("somebody")
        assert f"({status}: so it is)" in error.message
        assert error.message.isprintable()
        assert error.try_next is TryNext.YES
        assert error.verdict not in {"failed", "call"}
