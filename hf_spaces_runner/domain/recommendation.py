"""Which Space fits a wish, and what was known of each when that was decided."""

from dataclasses import dataclass

from hf_spaces_runner.domain.space import Space


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How things stand with one Space on this machine; None where it is not known.

    `image_here`: its image needs no pull and no build; `download_bytes` is what a pull would fetch. `fits_memory`: its
    cap, `needed_bytes`, fits into what Spaces may have, `have_bytes`. `gpu_here`: the engine can give a GPU. `runs` and
    `succeeded` count the runs so far, `median_s` is the time of those that succeeded, in seconds. `status` is the
    registry's word. `category_certainty` is how certain its category is, from 0 to 1, where that was found out.
    """

    image_here: bool | None = None
    download_bytes: int | None = None
    fits_memory: bool | None = None
    needed_bytes: int | None = None
    have_bytes: int | None = None
    gpu_here: bool = False
    runs: int = 0
    succeeded: int = 0
    median_s: float | None = None
    status: str = "unverified"
    category_certainty: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One Space, how well it fits, from 0 to 1, and why, in short sentences for people.

    `reasons` speak for it, `misfits` against it.
    """

    space: Space
    score: float
    reasons: tuple[str, ...] = ()
    misfits: tuple[str, ...] = ()
