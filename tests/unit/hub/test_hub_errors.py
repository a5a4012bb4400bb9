"""Errors of huggingface_hub and its HTTP library become ours; a new class of theirs fails the first tests."""

import inspect

import pytest
from huggingface_hub import errors as library_errors
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, OfflineModeIsEnabled

from hf_spaces_runner.errors import HubError
from hf_spaces_runner.hub.http_library import httpx
from hf_spaces_runner.hub.hub_errors import BY_CLASS, HINTS, hub_error, hub_errors, verdict_of

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
        "GenerationError",
        "HfUriError",
        "IncompleteGenerationError",
        "IncompleteSnapshotError",
        "InferenceEndpointError",
        "InferenceEndpointTimeoutError",
        "InferenceTimeoutError",
        "LocalEntryNotFoundError",
        "LocalTokenNotFoundError",
        "NotASafetensorsRepoError",
        "OIDCError",
        "OverloadedError",
        "RevisionResolutionError",
        "SafetensorsParsingError",
        "SandboxCommandError",
        "SandboxError",
        "StrictDataclassClassValidationError",
        "StrictDataclassDefinitionError",
        "StrictDataclassError",
        "StrictDataclassFieldValidationError",
        "TextGenerationError",
        "UnknownError",
        "ValidationError",
        "XetDownloadError",
    }
)
"""Downloads, uploads, the cache, inference, logins, the library's own command line."""

OF_WRONG_USE = frozenset({"CookieConflict", "StreamError", "HTTPStatusError"})
"""What only wrong use of the HTTP library raises, or never leaves huggingface_hub: it surfaces as a bug."""

OF_ITS_PARTS = frozenset({"HTTPError", "RequestError", "TransportError", "ProtocolError", "SSEError"})
"""Only their children are raised; nobody here reads streams of events."""


def classes_of(module: object) -> dict[str, type[Exception]]:
    found = inspect.getmembers(module, inspect.isclass)
    return {name: kind for name, kind in found if issubclass(kind, Exception) and not issubclass(kind, Warning)}


def test_every_error_of_the_library_is_translated_or_said_not_to_come() -> None:
    translated: tuple[type[Exception], ...] = (HfHubHTTPError, *(kind for kind, _ in BY_CLASS))
    known = {
        name: kind for name, kind in classes_of(library_errors).items() if kind.__module__ == library_errors.__name__
    }
    assert {"RepositoryNotFoundError", "GatedRepoError", "DisabledRepoError"} <= set(known)
    unknown = {name for name, kind in known.items() if not issubclass(kind, translated)}
    assert unknown - OF_PARTS_WE_DO_NOT_CALL == set()


def test_every_error_of_the_http_library_is_translated_or_said_not_to_come() -> None:
    translated: tuple[type[Exception], ...] = tuple(kind for kind, _ in BY_CLASS)
    surfacing: tuple[type[Exception], ...] = tuple(
        kind for name, kind in classes_of(httpx).items() if name in OF_WRONG_USE
    )
    unknown = {
        name for name, kind in classes_of(httpx).items() if not issubclass(kind, translated + surfacing)
    } - OF_ITS_PARTS
    assert unknown == set()


def test_no_class_in_the_table_hides_a_later_one() -> None:
    kinds = [kind for kind, _ in BY_CLASS]
    for index, kind in enumerate(kinds):
        assert not [later for later in kinds[index + 1 :] if issubclass(later, kind)]


@pytest.mark.parametrize(("kind", "verdict"), BY_CLASS, ids=lambda value: getattr(value, "__name__", value))
def test_each_class_of_the_table_becomes_its_verdict(kind: type[Exception], verdict: str) -> None:
    original = kind("what\x1b[31m happened")
    with pytest.raises(HubError) as caught, hub_errors("asking", "hub.example"):
        raise original
    assert caught.value.verdict == verdict
    assert caught.value.hint
    assert caught.value.message.isprintable()
    assert caught.value.__cause__ is original


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (400, "hub_failed"),
        (401, "hub_refused"),
        (403, "hub_refused"),
        (404, "hub_absent"),
        (410, "hub_absent"),
        (418, "hub_failed"),
        (429, "hub_rate_limited"),
        (500, "hub_failed"),
        (501, "hub_absent"),
        (503, "hub_failed"),
        (304, "hub_nonsense"),
    ],
)
def test_a_status_has_a_verdict(status: int, verdict: str) -> None:
    assert verdict_of(status) == verdict


def test_a_stranger_is_told_401_for_what_does_not_exist() -> None:
    assert verdict_of(401, "RepoNotFound") == "hub_absent"
    assert verdict_of(401, "GatedRepo") == "hub_refused"


def test_what_it_was_for_is_said_once() -> None:
    with pytest.raises(HubError) as caught, hub_errors("asking", "h"), hub_errors("asking", "h"):
        raise hub_error("hub_nonsense", "h leads in circles")
    assert caught.value.message == "asking failed: h leads in circles"
    assert caught.value.hint == HINTS["hub_nonsense"]


def test_what_nobody_foresaw_surfaces() -> None:
    with pytest.raises(ZeroDivisionError), hub_errors("asking", "h"):
        raise ZeroDivisionError


def test_offline_and_names_that_cannot_be_say_so() -> None:
    with pytest.raises(HubError, match="HF_HUB_OFFLINE"), hub_errors("asking", "h"):
        raise OfflineModeIsEnabled
    with pytest.raises(HubError, match="repo id"), hub_errors("asking", "h"):
        raise HFValidationError("a repo id cannot hold --")
