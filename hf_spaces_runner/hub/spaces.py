"""Makes our Space of one of huggingface_hub's; what stands in it was checked before the library parsed it."""

from huggingface_hub import SpaceInfo, SpaceSearchResult

from hf_spaces_runner.domain.hub_space import HubSpace
from hf_spaces_runner.hub.answers import MAX_ITEMS


def hub_space(found: SpaceInfo | SpaceSearchResult) -> HubSpace:
    """Return the Space that the library found, with what both its kinds of answers say."""
    if isinstance(found, SpaceSearchResult):
        return HubSpace(
            id=found.id,
            sdk=found.sdk,
            stage=_stage(found),
            title=found.title,
            description=found.ai_short_description or "",
            ai_category=found.ai_category,
            tags=tuple(found.tags or ()),
            likes=found.likes,
            hardware=_hardware(found),
        )
    card = found.card_data
    wanted_hardware = card.get("suggested_hardware") if card else None
    models = [*(found.models or ()), *((card.models if card else None) or ())]
    tags = [*((card.tags if card else None) or ()), *(found.tags or ())]
    return HubSpace(
        id=found.id,
        subdomain=found.subdomain,
        sdk=found.sdk or (card.sdk if card else None),
        stage=_stage(found),
        sha=found.sha,
        title=(card.title if card else None) or "",
        description=(card.get("short_description") if card else None) or "",
        tags=_each_once(tags),
        models=_each_once(models),
        likes=found.likes or 0,
        app_file=card.app_file if card else None,
        app_port=card.app_port if card else None,
        hardware=_hardware(found) or wanted_hardware,
    )


def _stage(found: SpaceInfo | SpaceSearchResult) -> str | None:
    # The library's types are str Enums, its values plain strings.
    return None if found.runtime is None else str(found.runtime.stage)


def _hardware(found: SpaceInfo | SpaceSearchResult) -> str | None:
    runtime = found.runtime
    hardware = None if runtime is None else runtime.hardware or runtime.requested_hardware
    return None if hardware is None else str(hardware)


def _each_once(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:MAX_ITEMS]
