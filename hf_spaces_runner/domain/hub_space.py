"""What the Hub says of a Space, and which category follows from it."""

from dataclasses import dataclass
from enum import StrEnum


class Category(StrEnum):
    """The categories that every registry has; a file may declare others."""

    IMAGE_PROCESSING = "image_processing"
    AUDIO_PROCESSING = "audio_processing"
    TEXT_PROCESSING = "text_processing"
    SPECIALIZED = "specialized"


@dataclass(frozen=True, slots=True, kw_only=True)
class HubSpace:
    """One Space as the Hub's API describes it; None and empty where it did not say.

    `id` is `user/name`. `subdomain` names its image and its address. `stage` is one of the Hub's, such as RUNNING or
    PAUSED. `sdk` is as the Hub writes it. `description` is the author's short one, else the one that the Hub's model
    wrote. `ai_category` is free text, such as Image Generation. `tags` and `models` come from the front matter,
    `tasks` are the pipeline tags of the models. `hardware` is the one that it runs on, or asks for.
    """

    id: str
    subdomain: str | None = None
    sdk: str | None = None
    stage: str | None = None
    sha: str | None = None
    title: str = ""
    description: str = ""
    ai_category: str | None = None
    tags: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    likes: int = 0
    app_file: str | None = None
    app_port: int | None = None
    hardware: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Categorised:
    """The category of a Space, the rule that gave it, in words, and how certain that is, from 0 to 1.

    `input_type` and `output_type` are kinds (text, image, audio, video, file), several joined by `_`; empty where
    nothing says it.
    """

    category: Category
    rule: str
    certainty: float
    input_type: str = ""
    output_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the Hub said of a Space at `read_at`, in Unix seconds, and the category that follows from it."""

    hub: HubSpace
    categorised: Categorised
    read_at: float
