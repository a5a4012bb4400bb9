"""Asks the Hub for Spaces: by words, by tags, by id."""

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from heapq import merge
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self, TypeVar

from huggingface_hub import HfApi, constants

from hf_spaces_runner.domain.hub_space import HubSpace
from hf_spaces_runner.domain.terminal import one_line
from hf_spaces_runner.errors import HubError, UnknownSpaceError
from hf_spaces_runner.hub.answers import MODEL_ID, SPACE_ID, one_model, one_space, space_page
from hf_spaces_runner.hub.hub_errors import ABSENT, HINTS, OFFLINE_HINT, RATE_LIMITED, UNREACHABLE, hub_error
from hf_spaces_runner.hub.inquiry import Inquiry
from hf_spaces_runner.hub.line import Line
from hf_spaces_runner.hub.spaces import hub_space

if TYPE_CHECKING:
    from hf_spaces_runner.hub.snapshot import SpaceSources

_Expanded = Literal["cardData", "likes", "models", "runtime", "sdk", "sha", "subdomain", "tags"]
_EXPAND: list[_Expanded] = ["cardData", "likes", "models", "runtime", "sdk", "sha", "subdomain", "tags"]
_MAX_TEXT_LENGTH = 300
_MAX_REQUESTS = 10
_SIFTED, _MIN_SIFTED, _MAX_SIFTED = 10, 200, 1000
"""How many Spaces are looked at for each one wanted, in all at least and at most, where we sort out SDKs or stages."""

_TRUE = re.compile("1|on|yes|true", re.IGNORECASE)  # what the library takes for yes
_FINAL = {UNREACHABLE, RATE_LIMITED}

_Item = TypeVar("_Item")


def _tell_nobody(_seconds: float) -> None:
    """Wait without a word."""


class Hub:
    """The Hub at `endpoint`. Nothing is asked before a method is called, and no token is ever sent.

    Args:
        endpoint: its address.
        offline: whether every question is refused, as HF_HUB_OFFLINE has it.
        ca_bundle: CA certificates to trust; the system's where None.
        timeout_s: how long one answer may take.
        max_wait_s: how long one question may wait in all when the Hub says 429 and asks to wait.
        on_wait: told the seconds before each such wait.
        sleep: what stands in for `time.sleep`.

    Raises:
        ConfigurationError: the endpoint or a proxy variable is no address.
    """

    def __init__(
        self,
        endpoint: str | None = None,
        *,
        offline: bool = False,
        ca_bundle: Path | None = None,
        timeout_s: float = 15.0,
        max_wait_s: float = 60.0,
        on_wait: Callable[[float], None] = _tell_nobody,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.endpoint = (endpoint or constants.ENDPOINT).rstrip("/")
        self._offline = offline
        self._max_wait_s = max_wait_s
        self._on_wait = on_wait
        self._sleep = sleep
        self._line = Line(endpoint=self.endpoint, ca_bundle=ca_bundle, timeout_s=timeout_s)
        self._api = HfApi(endpoint=self.endpoint, token=False)
        self._has_semantic_search = True

    @classmethod
    def of(
        cls,
        environment: Mapping[str, str],
        *,
        ca_bundle: Path | None = None,
        on_wait: Callable[[float], None] = _tell_nobody,
    ) -> Self:
        """Return the Hub that HF_ENDPOINT of `environment` names, or the public one; offline as HF_HUB_OFFLINE says."""
        return cls(
            environment.get("HF_ENDPOINT"),
            offline=_TRUE.fullmatch(environment.get("HF_HUB_OFFLINE", "")) is not None,
            ca_bundle=ca_bundle,
            on_wait=on_wait,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._line.client.close()

    def search(
        self, text: str, *, sdk: str | None = None, limit: int, include_not_running: bool = False
    ) -> Iterator[HubSpace]:
        """Yield at most `limit` Spaces that fit `text`, the best first.

        By meaning where the Hub offers that, else those whose names hold the text, the most liked first.

        Raises:
            HubError: the Hub did not say.
        """
        text = one_line(text, limit=_MAX_TEXT_LENGTH)
        if self._has_semantic_search:
            try:
                found = self._by_meaning(text, sdk, include_not_running)
            except HubError as error:
                if error.verdict in _FINAL:
                    raise
                self._has_semantic_search = False
            else:
                yield from islice((space for space in found if sdk in {None, space.sdk}), limit)
                return
        yield from self._listed(
            f"searching for {text!r}", limit, sdk, search=text, running_only=not include_not_running
        )

    def list_by_tags(self, tags: Collection[str], *, sdk: str | None = None, limit: int) -> Iterator[HubSpace]:
        """Yield at most `limit` Spaces that carry any of `tags`, each once, the most liked first; one request a tag.

        Raises:
            HubError: the Hub did not say.
        """
        lists = [self._listed(f"listing Spaces tagged {one_line(tag)!r}", limit, sdk, tag=tag) for tag in tags]
        seen: set[str] = set()
        for space in merge(*lists, key=lambda space: -space.likes):
            if len(seen) >= limit:
                return
            if space.id not in seen:
                seen.add(space.id)
                yield space

    def look_up(self, space_id: str) -> HubSpace:
        """Return the Space `user/name`, under its new id where it was renamed.

        Raises:
            UnknownSpaceError: there is none, as far as a stranger is told.
            HubError: the Hub did not say, or keeps it to those whom it knows.
        """
        if not SPACE_ID.fullmatch(space_id):
            raise UnknownSpaceError(
                f"{one_line(space_id, limit=80)!r} is no id of a Space of the Hub", hint="such an id is user/name"
            )
        inquiry = self._inquiry(f"looking up {space_id}", one_space)
        try:
            with inquiry.open():
                return hub_space(self._api.space_info(space_id, expand=[*_EXPAND]))
        except HubError as error:
            if error.verdict != ABSENT:
                raise
            raise UnknownSpaceError(
                f"the Hub has no Space {space_id}, or none for strangers", hint=HINTS[ABSENT]
            ) from error

    @property
    def sources(self) -> "SpaceSources":
        """The sources of its Spaces."""
        from hf_spaces_runner.hub.snapshot import SpaceSources  # noqa: PLC0415 - few fetch one

        return SpaceSources(api=self._api, line=self._line, inquire=self._inquiry)

    def tasks_of(self, model_ids: Collection[str], limit: int = 5) -> tuple[str, ...]:
        """Return the pipeline tags of the first `limit` of these models, each once; none where the Hub does not say."""
        tasks: dict[str, None] = {}
        for model_id in islice((name for name in model_ids if MODEL_ID.fullmatch(name)), limit):
            try:
                # Not worth a wait.
                inquiry = self._inquiry(f"looking up the model {model_id}", one_model, max_wait_s=0)
                with inquiry.open():
                    task = self._api.model_info(model_id, expand=["pipeline_tag"]).pipeline_tag
            except HubError as error:
                if error.verdict in _FINAL:
                    break
                continue
            if task:
                tasks[task] = None
        return tuple(tasks)

    def _by_meaning(self, text: str, sdk: str | None, include_not_running: bool) -> list[HubSpace]:
        inquiry = self._inquiry(f"searching for {text!r}", space_page)
        with inquiry.open():
            found = self._api.search_spaces(text, sdk=sdk, include_non_running=include_not_running)
            return [hub_space(space) for space in found]

    def _listed(
        self,
        doing: str,
        limit: int,
        sdk: str | None,
        *,
        search: str | None = None,
        tag: str | None = None,
        running_only: bool = False,
    ) -> Iterator[HubSpace]:
        sifted = sdk is not None or running_only
        asked = max(limit, min(max(limit * _SIFTED, _MIN_SIFTED), _MAX_SIFTED)) if sifted else limit
        spaces = self._api.list_spaces(search=search, filter=tag, sort="likes", limit=asked, expand=[*_EXPAND])
        # A page may be as small as the Hub likes, but not so small that there is no end of them.
        inquiry = self._inquiry(doing, space_page, max_requests=_MAX_REQUESTS + asked // 10)
        wanted = (
            space
            for space in map(hub_space, _asked_in(inquiry, spaces))
            if sdk in {None, space.sdk} and not (running_only and not _runs(space))
        )
        yield from islice(wanted, limit)

    def _inquiry(
        self,
        doing: str,
        check: Callable[[object], object],
        *,
        max_wait_s: float | None = None,
        max_requests: int = _MAX_REQUESTS,
        follows_pages: bool = True,
    ) -> Inquiry:
        if self._offline:
            raise hub_error(UNREACHABLE, f"{doing} failed: HF_HUB_OFFLINE is set", hint=OFFLINE_HINT)
        return Inquiry(
            line=self._line,
            doing=doing,
            check=check,
            requests_left=max_requests,
            wait_left_s=self._max_wait_s if max_wait_s is None else max_wait_s,
            on_wait=self._on_wait,
            sleep=self._sleep,
            follows_pages=follows_pages,
        )


def _asked_in(inquiry: Inquiry, items: Iterable[_Item]) -> Iterator[_Item]:
    """Yield `items`, and have the requests for them, and only those, made in `inquiry`."""
    iterator = iter(items)
    while True:
        with inquiry.open():
            try:
                item = next(iterator)
            except StopIteration:
                return
        yield item


def _runs(space: HubSpace) -> bool:
    return space.stage is None or space.stage.startswith("RUNNING")
