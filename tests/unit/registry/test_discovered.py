"""What was found on the Hub: remembered, added to entries, and never the cause of a loss or of a fault of ours."""

import multiprocessing
import resource
import signal
import sqlite3
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from filelock import FileLock

from hf_spaces_runner.domain.hub_space import Categorised, Category, Found, HubSpace
from hf_spaces_runner.domain.image_check import ImageCheck, ImageStatus
from hf_spaces_runner.domain.space import Sdk, Space
from hf_spaces_runner.errors import RegistryError
from hf_spaces_runner.registry.discovered import ORIGIN, Discovered, entry_of
from hf_spaces_runner.registry.registry import Registry
from tests.unit.registry.registry_texts import without_root

CATEGORISED = Categorised(
    category=Category.AUDIO_PROCESSING, rule="its task", certainty=0.9, input_type="audio", output_type="text"
)


def found(hub_id: str, read_at: float = 1.0, **fields: object) -> Found:
    return Found(hub=HubSpace(id=hub_id, **fields), categorised=CATEGORISED, read_at=read_at)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "state" / "discovered.sqlite"


@pytest.fixture
def discovered(file: Path) -> Discovered:
    return Discovered(file)


def hub_ids(discovered: Discovered) -> list[str | None]:
    return [space.space_id for space in Registry([discovered]).spaces()]


WHISPER = found(
    "OpenAI/Whisper",
    subdomain="openai-whisper",
    sdk="docker",
    title="Whisper",
    description="Speech to text",
    ai_category="Speech",
    tags=("asr",),
    tasks=("automatic-speech-recognition",),
    models=("openai/whisper-large",),
    app_port=8000,
    app_file="main.py",
)


def test_what_is_remembered_is_found_by_all_its_names(discovered: Discovered, file: Path) -> None:
    discovered.remember([WHISPER])
    for one in (discovered, Discovered(file)):
        registry = Registry([one], complete=one.complete)
        spaces = [
            registry.find("openai-whisper"),
            registry.find_hub_id("openai/whisper"),
            registry.find_subdomain("openai-whisper"),
            registry.find_image("registry.hf.space/openai-whisper"),
            *registry.search(["speech"]),
            *registry.search(["asr"]),
        ]
        assert spaces == [replace(entry_of(WHISPER), found=WHISPER)] * 6
        assert one.found("openai/WHISPER") == WHISPER
        assert one.faults() == ()


def test_the_entry_says_what_the_hub_said() -> None:
    assert entry_of(WHISPER) == Space(
        id="openai-whisper",
        docker_image="registry.hf.space/openai-whisper:latest",
        description="Speech to text",
        category="audio_processing",
        input_type="audio",
        output_type="text",
        port=8000,
        space_id="OpenAI/Whisper",
        sdk=Sdk.DOCKER,
        app_file="main.py",
        tags=("asr", "automatic-speech-recognition", "Speech", "Whisper"),
        origin=ORIGIN,
    )


@pytest.mark.parametrize(("sdk", "port"), [("streamlit", 8501), ("gradio", 7860), (None, 7860), ("something", 7860)])
def test_what_the_hub_did_not_say_is_the_default_of_the_sdk(sdk: str | None, port: int) -> None:
    entry = entry_of(found("u/x", sdk=sdk))
    assert (entry.port, entry.id, entry.tags, entry.description) == (port, "u-x", (), "")


def test_reading_makes_no_file(discovered: Discovered, file: Path) -> None:
    registry = Registry([discovered], complete=discovered.complete)
    assert list(registry.spaces()) == registry.search(["x"]) == []
    assert registry.find("x") is None
    assert discovered.found("u/x") is None
    assert discovered.noted("x") is None
    assert discovered.read_before(9.0) == []
    assert discovered.complete([entry_of(WHISPER)]) == [entry_of(WHISPER)]
    discovered.remember([])
    assert not file.parent.exists()


def test_a_second_look_replaces_the_first_and_keeps_the_place(discovered: Discovered) -> None:
    discovered.remember([found("u/a"), found("u/b"), found("U/A", title="again")])
    discovered.remember([found("u/A", read_at=2.0, subdomain="u-a-2"), found("u/c")])
    assert hub_ids(discovered) == ["u/A", "u/b", "u/c"]
    again = discovered.found("u/a")
    assert again is not None
    assert again.read_at == 2.0
    assert Registry([discovered]).find("u-a") is None


def test_a_space_whose_image_can_have_no_name_is_left_out(discovered: Discovered) -> None:
    discovered.remember([found("u/_"), found("u/x-_"), found("u/y_", subdomain="u-y"), found("u/z")])
    assert hub_ids(discovered) == ["u/y_", "u/z"]


def test_what_is_forgotten_is_gone(discovered: Discovered) -> None:
    discovered.remember([found("u/a"), found("u/b")])
    discovered.forget("U/A")
    discovered.forget("u/never")
    assert hub_ids(discovered) == ["u/b"]
    assert discovered.found("u/a") is None


def test_what_was_read_longest_ago_comes_first(discovered: Discovered) -> None:
    discovered.remember([found("U/New", 30.0), found("U/Old", 10.0), found("U/Middle", 20.0)])
    assert discovered.read_before(25.0) == ["U/Old", "U/Middle"]


@pytest.mark.parametrize(
    ("image", "source", "expected"),
    [
        ("registry.hf.space/u-x:latest", None, "registry.hf.space/u-x-abc12:latest"),
        ("registry.hf.space/u-x", None, "registry.hf.space/u-x-abc12:latest"),
        ("registry.hf.space/u-x:v1", None, "registry.hf.space/u-x:v1"),
        ("registry.hf.space/other:latest", None, "registry.hf.space/other:latest"),
        ("registry.hf.space/u-x:latest", Path("/src"), "registry.hf.space/u-x:latest"),
    ],
)
def test_an_entry_takes_the_name_that_the_hub_gave_in_place_of_the_derived_one(
    discovered: Discovered, image: str, source: Path | None, expected: str
) -> None:
    discovered.remember([found("u/x", subdomain="u-x-abc12")])
    space = Space(id="mine", docker_image=image, space_id="U/X", source=source)
    (complete,) = discovered.complete([space])
    assert complete == replace(space, docker_image=expected, found=discovered.found("u/x"))


def test_many_entries_are_completed_in_their_order(discovered: Discovered) -> None:
    discovered.remember(found(f"u/s{number}") for number in range(1200))
    spaces = [Space(id=f"x{number}", docker_image="a/b", space_id=f"u/s{number}") for number in range(1300)]
    complete = discovered.complete(spaces)
    assert [space.id for space in complete] == [space.id for space in spaces]
    assert [space.found is None for space in complete] == [False] * 1200 + [True] * 100


SPACE = Space(id="mine", docker_image="registry.hf.space/u-x", status="unverified")
GONE = ImageCheck(
    image="registry.hf.space/u-x:latest",
    status=ImageStatus.GONE,
    architectures=("amd64",),
    message="no",
    checked_at=5.0,
)


def test_a_check_counts_as_long_as_the_entry_says_the_same(discovered: Discovered) -> None:
    discovered.remember_check(SPACE, GONE)
    (checked,) = discovered.complete([SPACE])
    assert (checked.check, checked.status, checked.current_status) == (GONE, "unverified", "unavailable")
    edited = replace(SPACE, status="available")
    assert discovered.complete([edited]) == [edited]
    other = replace(SPACE, docker_image="registry.hf.space/u-x:v2")
    assert discovered.complete([other]) == [other]
    discovered.remember_check(edited, replace(GONE, status=ImageStatus.AVAILABLE))
    assert discovered.complete([edited])[0].current_status == "available"
    assert discovered.complete([SPACE])[0].current_status == "unavailable"  # each entry has its own


def test_a_check_of_an_image_with_the_name_that_the_hub_gave_is_found(discovered: Discovered) -> None:
    discovered.remember([found("u/x", subdomain="u-x-abc12")])
    entry = Space(id="mine", docker_image="registry.hf.space/u-x:latest", space_id="u/x")
    (named,) = discovered.complete([entry])
    discovered.remember_check(named, GONE)
    assert discovered.complete([entry])[0].check == GONE


def test_notes_are_kept(discovered: Discovered, file: Path) -> None:
    discovered.note("cursor", "abc")
    assert Discovered(file).noted("cursor") == "abc"


@pytest.mark.parametrize(
    "content", [b"no database, and long enough to be one" * 200, b"SQLite format 3\0" + b"\xff" * 9000]
)
@pytest.mark.parametrize("writes", [True, False])
def test_a_damaged_file_is_put_aside(discovered: Discovered, file: Path, content: bytes, writes: bool) -> None:
    file.parent.mkdir()
    file.write_bytes(content)
    if not writes:
        assert hub_ids(discovered) == []
        assert not file.exists()
    discovered.remember([WHISPER])
    assert hub_ids(discovered) == ["OpenAI/Whisper"]
    assert file.with_name(f"{file.name}.damaged").read_bytes() == content


def test_a_file_that_is_damaged_inside_is_told_or_put_aside(discovered: Discovered, file: Path) -> None:
    discovered.remember(found(f"u/s{number}") for number in range(500))
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = file.read_bytes()
    file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    again = Discovered(file)
    with pytest.raises(RegistryError, match="damaged, and was put aside"):
        again.remember([WHISPER])
    again.remember([WHISPER])
    assert hub_ids(again) == ["OpenAI/Whisper"]


def test_an_empty_file_is_a_new_one(discovered: Discovered, file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"")
    assert hub_ids(discovered) == []
    discovered.remember([WHISPER])
    assert hub_ids(discovered) == ["OpenAI/Whisper"]


def test_what_another_version_wrote_into_a_row_is_as_if_it_were_not_there(discovered: Discovered, file: Path) -> None:
    discovered.remember([WHISPER])
    discovered.remember_check(SPACE, GONE)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE hub SET found = json_set(found, '$.hub.new', 1)")
        connection.execute("UPDATE checks SET found = json_set(found, '$.status', 'new')")
    assert discovered.found("openai/whisper") is None
    assert discovered.complete([SPACE]) == [SPACE]


def test_a_file_of_a_newer_version_is_refused_and_kept(discovered: Discovered, file: Path) -> None:
    discovered.remember([WHISPER])
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA user_version = 2")
    newer = Discovered(file)
    for question in (lambda: hub_ids(newer), lambda: newer.remember([WHISPER]), lambda: newer.found("u/x")):
        with pytest.raises(RegistryError, match="newer version of hf-spaces-runner") as caught:
            question()
        assert str(file) in caught.value.message
        assert "remove the file" in (caught.value.hint or "")
    assert file.exists()


_BARRIER: list[Barrier] = []


def _use(barrier: Barrier) -> None:
    _BARRIER.append(barrier)


def _remember(place: tuple[Path, int, int]) -> None:
    file, number, steps = place
    _BARRIER[0].wait(60)  # the first moment, when there is no file, is the hard one
    discovered = Discovered(file)
    for step in range(steps):
        discovered.remember([found(f"u/p{number}-{step}"), found("u/same", float(number))])
        discovered.remember_check(Space(id="x", docker_image=f"h.io/i{number}-{step}"), GONE)


def test_eight_processes_that_write_at_once_lose_nothing(file: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    barrier = context.Barrier(8)
    with ProcessPoolExecutor(8, mp_context=context, initializer=_use, initargs=(barrier,)) as pool:
        for attempt in range(10):
            steps = 20 if attempt == 0 else 1
            fresh = file.with_name(f"fresh{attempt}.sqlite")
            list(pool.map(_remember, [(fresh, number, steps) for number in range(8)]))
            expected = {f"u/p{number}-{step}" for number in range(8) for step in range(steps)} | {"u/same"}
            assert sorted(map(str, hub_ids(Discovered(fresh)))) == sorted(expected)
            with closing(sqlite3.connect(fresh)) as connection:
                assert connection.execute("SELECT count(*) FROM checks").fetchone() == (8 * steps,)
                assert connection.execute("SELECT count(DISTINCT place) FROM entries").fetchone() == (8 * steps + 1,)


def test_who_makes_the_file_is_waited_for(discovered: Discovered, file: Path) -> None:
    file.parent.mkdir()
    with ThreadPoolExecutor(1) as pool, closing(sqlite3.connect(file, isolation_level=None)) as first:
        with FileLock(f"{file}.lock"):
            first.execute("BEGIN IMMEDIATE")
            second = pool.submit(discovered.remember, [WHISPER])
            wait([second], timeout=0.3)  # it is still at it, since SQLite itself would not have waited
            assert not second.done()
            first.execute("COMMIT")
        second.result()
    assert hub_ids(discovered) == ["OpenAI/Whisper"]


def test_several_threads_may_use_one(discovered: Discovered) -> None:
    def work(number: int) -> int:
        discovered.remember([found(f"u/t{number}")])
        return len(hub_ids(discovered))

    with ThreadPoolExecutor(8) as pool:
        assert max(pool.map(work, range(40))) == 40


def test_half_characters_in_what_the_hub_says_do_no_harm(discovered: Discovered) -> None:
    one = found("u/x", title="half \ud800", tags=("\udfff",))
    discovered.remember([one])
    assert discovered.found("u/x") == one
    assert Registry([discovered]).search(["half"])[0].description == "half \ud800"


def test_a_folder_that_may_not_be_written_to_is_told() -> None:
    with tempfile.TemporaryDirectory() as name:  # below tmp_path nobody else may look
        Path(name).chmod(0o555)
        discovered = Discovered(Path(name) / "discovered.sqlite")
        with without_root():
            assert hub_ids(discovered) == []
            with pytest.raises(RegistryError, match="cannot be written down"):
                discovered.remember([WHISPER])
        (Path(name) / "occupied").write_text("")
        with pytest.raises(RegistryError, match="cannot be written down"):
            Discovered(Path(name) / "occupied" / "x.sqlite").remember([WHISPER])


def test_a_folder_that_may_not_be_looked_into_holds_nothing(discovered: Discovered, file: Path) -> None:
    discovered.remember([WHISPER])
    file.parent.chmod(0)
    other = Discovered(file)
    with without_root():
        assert hub_ids(other) == []
        assert other.complete([SPACE]) == [SPACE]
        with pytest.raises(RegistryError, match="cannot be written down"):
            other.remember([WHISPER])
    file.parent.chmod(0o700)


def test_a_file_that_may_only_be_read_is_read() -> None:
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        file = Path(name) / "discovered.sqlite"
        Discovered(file).remember([WHISPER])
        Path(name).chmod(0o555)
        for path in Path(name).iterdir():
            path.chmod(0o444)
        with without_root():
            assert hub_ids(Discovered(file)) == ["OpenAI/Whisper"]
            with pytest.raises(RegistryError, match="cannot be written down"):
                Discovered(file).remember([found("u/x")])
        Path(name).chmod(0o755)


@contextmanager
def a_full_disk(size_bytes: int) -> Iterator[None]:
    """Let no file grow beyond `size_bytes`: writing fails then as it does on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)


def test_on_a_full_disk_what_was_known_stays_and_the_fault_is_told(discovered: Discovered, file: Path) -> None:
    discovered.remember([WHISPER])
    largest = max(path.stat().st_size for path in file.parent.iterdir())
    many = [found(f"u/{number}", title="x" * 500) for number in range(2000)]
    with a_full_disk(largest + 8192), pytest.raises(RegistryError, match="cannot be written down"):
        discovered.remember(many)
    assert hub_ids(discovered) == ["OpenAI/Whisper"]
    discovered.remember([found("u/afterwards")])
    assert hub_ids(Discovered(file)) == ["OpenAI/Whisper", "u/afterwards"]


def test_two_spaces_whose_derived_names_are_the_same_are_both_kept(discovered: Discovered) -> None:
    discovered.remember([found("a/b-c", subdomain=None), found("a-b/c", subdomain=None)])
    discovered.remember([found("a-b/c", subdomain=None, title="again")])
    for hub_id in ("a/b-c", "a-b/c"):
        known = discovered.ask(lambda table, hub_id=hub_id: table.find("hub_id", hub_id))  # type: ignore[misc]
        assert known is not None
        assert (known.space_id, known.docker_image) == (hub_id, "registry.hf.space/a-b-c:latest")


@pytest.mark.parametrize("table", ["hub", "checks"])
def test_what_is_nested_without_an_end_is_not_known(discovered: Discovered, table: str) -> None:
    space = Space(id="x", docker_image="registry.hf.space/u-x", space_id="u/x")
    check = ImageCheck(image="registry.hf.space/u-x:latest", status=ImageStatus.GONE, message="", checked_at=1.0)
    discovered.remember([found("u/x")])
    discovered.remember_check(space, check)
    (before,) = discovered.complete([space])
    assert (before.found, before.check) == (found("u/x"), check)
    discovered.ask(lambda one: one.connection.execute(f"UPDATE {table} SET found = printf('%.*c', 100000, '[')"))  # noqa: S608
    (after,) = discovered.complete([space])
    assert (after.found if table == "hub" else after.check) is None
