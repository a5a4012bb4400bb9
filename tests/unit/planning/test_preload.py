"""preload_from_hub: the steps that fetch, where they stand, and what decides the tag."""

from dataclasses import replace
from pathlib import Path

import pytest

from hf_spaces_runner.domain.front_matter import Preload
from hf_spaces_runner.domain.request import Builder
from hf_spaces_runner.domain.space_source import SourceFile
from hf_spaces_runner.errors import ConfigurationError
from hf_spaces_runner.planning.preload import HubAccess, Preloading
from tests.unit.planning.test_build_plan import lines, plan, source

FETCH = "python /usr/local/share/hf-spaces-runner/fetch.py"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
PRELOADING = Preloading(
    items=(Preload(repo="user/all"), Preload(repo="user/some", files=("a.bin", "b $(c).bin"), revision=COMMIT)),
    fetch=SourceFile(path=Path("/preload/fetch.py"), sha256="f" * 64),
    start=SourceFile(path=Path("/preload/start.py"), sha256="e" * 64),
)


def through(endpoint: str | None = None, *, offline: bool = False) -> Preloading:
    return replace(PRELOADING, hub=HubAccess(endpoint=endpoint, offline=offline))


def test_each_item_is_a_layer_between_the_sdk_and_what_the_space_asks_for() -> None:
    made = plan(source(packages="tree"), preloading=PRELOADING)
    fetches = [line for line in lines(made, "RUN") if "fetch.py" in line]
    assert fetches == [
        f"RUN {FETCH} user/all",
        f"RUN {FETCH} --revision {COMMIT} user/some a.bin 'b $(c).bin'",
    ]
    text = made.dockerfile
    places = [text.index(word) for word in ("uvicorn", fetches[0], fetches[1], "apt-get", "--requirement", 'source/"')]
    assert places == sorted(places)
    assert (made.files["fetch.py"], made.files["start.py"]) == (PRELOADING.fetch.path, PRELOADING.start.path)


def test_the_space_is_started_by_what_finds_them() -> None:
    made = plan(preloading=PRELOADING)
    assert lines(made, "ENTRYPOINT") == ['ENTRYPOINT ["python", "/usr/local/share/hf-spaces-runner/start.py"]']
    assert made.dockerfile.splitlines()[-1] == 'CMD ["python", "app.py"]'
    # The source is the last that is copied.
    assert lines(made, "COPY")[-1].startswith('COPY --chown=1000:1000 ["source/"')
    assert lines(plan(), "ENTRYPOINT") == []


def test_how_the_hub_is_asked_stays_in_the_step_and_out_of_the_tag() -> None:
    mirror = plan(preloading=through("https://mirror.example/$x"), ca_bundle=Path("/ca.crt"))
    fetch = next(line for line in lines(mirror, "RUN") if "fetch.py" in line)
    assert "HF_ENDPOINT='https://mirror.example/$x' " in fetch
    assert "SSL_CERT_FILE=/" in fetch
    assert all("HF_ENDPOINT" not in line for line in lines(mirror, "ENV"))
    offline = plan(preloading=through(offline=True))
    assert "HF_HUB_OFFLINE=1 python" in offline.dockerfile
    assert mirror.tag == offline.tag == plan(preloading=PRELOADING).tag


def test_what_is_fetched_and_by_what_decides_the_tag() -> None:
    changed = replace(PRELOADING.start, sha256="d" * 64)
    tags = {
        plan().tag,
        plan(preloading=PRELOADING).tag,
        plan(preloading=replace(PRELOADING, items=PRELOADING.items[:1])).tag,
        plan(preloading=replace(PRELOADING, start=changed)).tag,
        plan(preloading=replace(PRELOADING, fetch=changed)).tag,
    }
    assert len(tags) == 5


def test_a_password_in_the_address_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="HF_ENDPOINT") as caught:
        plan(preloading=through("https://ada:pass@mirror.example"))
    assert "pass@" not in str(caught.value)


@pytest.mark.parametrize(
    "changes",
    [{"sdk": "streamlit", "sdk_version": "1.67.0"}, {"builder": Builder.CURRENT}],
    ids=["streamlit", "current"],
)
def test_what_fetches_is_installed_where_nothing_brings_it(changes: dict[str, object]) -> None:
    builder = changes.pop("builder", Builder.CLASSIC)
    made = plan(source(**changes), preloading=PRELOADING, builder=builder)
    assert made.dockerfile.index("off huggingface_hub\n") < made.dockerfile.index("fetch.py user/all")
