"""The walls around each test, tried from inside: a small test suite runs below our conftest, in a pytest of its own."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

CONFTEST = Path(__file__).parents[1] / "conftest.py"
NO_ENGINE = "unix:///nowhere/docker.sock"


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """Return a place for the small suite, with our conftest and no engine."""
    pytester.makeconftest(CONFTEST.read_text(encoding="utf-8"))
    pytester.makeini("[pytest]\nmarkers =\n    engine\n    network\nfilterwarnings = error\n")
    monkeypatch.setenv("DOCKER_HOST", NO_ENGINE)
    return pytester


def test_sockets_are_blocked_where_no_marker_allows_them(inner: pytest.Pytester) -> None:
    inner.makepyfile("""
        import asyncio, os, pathlib, socket, pytest, urllib.request

        def fails(action, word):
            with pytest.raises(RuntimeError) as caught:
                action()
            assert type(caught.value).__name__ == "BlockedSocketError"
            assert word in str(caught.value)

        def test_connect():
            with socket.socket() as sock:
                fails(lambda: sock.connect(("127.0.0.1", 9)), "mark this test `network`")
                fails(lambda: sock.connect_ex(("127.0.0.1", 9)), "mark this test `network`")

        def test_connect_6():
            with socket.socket(socket.AF_INET6) as sock:
                fails(lambda: sock.connect(("::1", 9)), "connect")

        def test_bind():
            with socket.socket() as sock:
                fails(lambda: sock.bind(("127.0.0.1", 0)), "bind")

        def test_libraries_are_blocked_too():
            fails(lambda: urllib.request.urlopen("http://127.0.0.1:9"), "connect")
            fails(lambda: asyncio.run(asyncio.open_connection("127.0.0.1", 9)), "127.0.0.1")

        def test_engine_socket():
            with socket.socket(socket.AF_UNIX) as sock:
                fails(lambda: sock.connect("/nowhere/docker.sock"), "mark this test `engine`")

        @pytest.fixture
        def connected():
            with socket.socket() as sock:
                sock.connect(("127.0.0.1", 9))

        @pytest.mark.xfail(raises=RuntimeError, strict=True)
        def test_fixtures_are_blocked_too(connected):
            pass

        def test_other_unix_sockets_are_free(tmp_path):
            os.chdir(tmp_path)  # the path of such a socket must be short
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind("own")

        @pytest.mark.network
        def test_loopback_is_free_with_the_marker():
            with socket.socket() as server, socket.socket() as client:
                server.bind(("127.0.0.1", 0))
                server.listen()
                client.connect(server.getsockname())

        @pytest.mark.network
        def test_the_marker_opens_neither_the_world_nor_the_engine():
            with socket.socket() as sock:
                fails(lambda: sock.connect(("192.0.2.1", 9)), "loopback only")
                fails(lambda: sock.connect(("example.org", 9)), "loopback only")
            with socket.socket(socket.AF_UNIX) as sock:
                fails(lambda: sock.connect("/nowhere/docker.sock"), "mark this test `engine`")
    """)
    inner.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=8, xfailed=1)


def test_a_test_sees_a_private_home_and_nothing_of_the_host(
    inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner.makepyfile("""
        import os, pathlib

        homes = set()

        def check():
            home = pathlib.Path.home()
            assert str(home) != os.environ["OUTER_HOME"]
            homes.add(home)
            for name in ("HFSR_HOME", "DOCKER_CONFIG", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
                folder = pathlib.Path(os.environ[name])
                assert folder.is_dir() and folder.is_relative_to(home) and not list(folder.iterdir())
            seen = [name for name, value in os.environ.items() if value == "of the host"]
            assert seen == ["SSL_CERT_FILE"]

        def test_once(tmp_path):
            check()
            assert not list(tmp_path.iterdir())

        def test_twice():
            check()
            assert len(homes) == 2
    """)
    monkeypatch.setenv("OUTER_HOME", str(Path.home()))
    names = "HFSR_REGISTRY HF_TOKEN HF_HOME GITHUB_TOKEN https_proxy NO_PROXY DOCKER_CONTEXT SPACE_ID SSL_CERT_FILE"
    for name in names.split():
        monkeypatch.setenv(name, "of the host")
    inner.runpytest_subprocess("-p", "no:cacheprovider").assert_outcomes(passed=2)


def test_without_an_engine_engine_tests_fail_and_the_first_says_what_to_do(inner: pytest.Pytester) -> None:
    inner.makepyfile("""
        import pytest

        @pytest.mark.engine
        def test_one():
            pass

        @pytest.mark.engine
        def test_two():
            pass

        def test_other():
            pass
    """)
    result = inner.runpytest_subprocess("-p", "no:cacheprovider", "-rN")  # the summary would say it once more
    result.assert_outcomes(passed=1, errors=2)
    assert result.stdout.str().count("`make install` starts one") == 1
