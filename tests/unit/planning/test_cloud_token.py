"""A token goes to the Hub's own hosts over https, and not to those who only look like them."""

from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hf_spaces_runner.planning.cloud_token import may_see_token


@pytest.mark.parametrize(
    "url",
    [
        "https://user-name.hf.space",
        "https://user-name.hf.space/",
        "https://user-name.hf.space:443/gradio_api/queue/join?x=1#y",
        "https://a.hf.space?x",
        "https://1.hf.space",
        "https://xn--nxasmq6b.hf.space",
        "https://huggingface.co",
        "https://huggingface.co/api/models/x",
        "https://router.huggingface.co/v1/chat/completions",
        f"https://{'a' * 63}.hf.space",
    ],
)
def test_the_hub_may_see_it(url: str) -> None:
    assert may_see_token(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "user-name.hf.space",
        "//user-name.hf.space",
        # not https
        "http://user-name.hf.space",
        "HTTPS://user-name.hf.space",
        "httpss://user-name.hf.space",
        "ws://user-name.hf.space",
        "https:user-name.hf.space",
        "https:/user-name.hf.space",
        "https:///user-name.hf.space",
        "https:\\\\user-name.hf.space",
        # other hosts
        "https://hf.space",
        "https://.hf.space",
        "https://hf.space.evil.com",
        "https://user-name.hf.space.evil.com",
        "https://evilhf.space",
        "https://user-name.evilhf.space",
        "https://user-name-hf.space",
        "https://evil.com/user-name.hf.space",
        "https://evil.com?user-name.hf.space",
        "https://evil.com#.hf.space",
        "https://evil.com/.hf.space/",
        "https://evilhuggingface.co",
        "https://huggingface.co.evil.com",
        "https://huggingface.com",
        "https://cdn.huggingface.co",
        "https://router.huggingface.co.evil.com",
        "https://a.router.huggingface.co",
        "https://x.y.hf.space",
        # logins
        "https://user-name.hf.space@evil.com",
        "https://user-name.hf.space:443@evil.com",
        "https://user@user-name.hf.space",
        "https://user:password@user-name.hf.space",
        "https://evil.com@user-name.hf.space",
        "https://@user-name.hf.space",
        "https://user-name.hf.space%40evil.com",
        # ports
        "https://user-name.hf.space:80",
        "https://user-name.hf.space:8443",
        "https://user-name.hf.space:",
        "https://user-name.hf.space:0443",
        "https://user-name.hf.space:443443",
        "https://user-name.hf.space:443.evil.com",
        "https://user-name.hf.space:٤٤٣",
        # dots, letters, escapes, spaces
        "https://user-name.hf.space.",
        "https://huggingface.co.",
        "https://user-name..hf.space",
        "https://-a.hf.space",
        "https://a-.hf.space",
        "https://a_b.hf.space",
        f"https://{'a' * 64}.hf.space",
        "https://User-Name.hf.space",
        "https://user-name.HF.space",
        "https://user-name.hf.\u017fpace",
        "https://user-name.hf\u3002space",
        "https://user-name\uff0ehf.space",
        "https://huggingf\u0430ce.co",
        "https://huggingface.co\u2215evil.com",
        "https://hugging\u200bface.co",
        "https://%75ser-name.hf.space",
        "https://user-name.hf.space%00.evil.com",
        "https://user-name.hf.space%2eevil.com",
        "https://user-name.hf.space\\.evil.com",
        "https://user-name.hf.space/\\evil.com",
        "https://evil.com\\.hf.space",
        "https://evil.com\\@user-name.hf.space",
        "https://[::1].hf.space",
        "https://[user-name.hf.space]",
        " https://user-name.hf.space",
        "https://user-name.hf.space ",
        "https://user-name.hf.space\n",
        "https://user-name.hf.space/\n",
        "https://user-name.hf.space\r\nHost: evil.com",
        "https://user-name.hf.space\t.evil.com",
        "https://user-name.hf.space\x00.evil.com",
        "ht\ntps://user-name.hf.space",
        "https://127.0.0.1",
        "https://localhost",
    ],
)
def test_nobody_else_may(url: str) -> None:
    assert not may_see_token(url)


PARTS = st.sampled_from(
    [
        *("https://", "http://", "hf.space", ".hf.space", "huggingface.co", "router.", "user-name", "evil.com", "@"),
        *(
            ":",
            ":443",
            ":80",
            "/",
            "\\",
            "?",
            "#",
            ".",
            "%2e",
            "%40",
            "[",
            "]",
            " ",
            "\t",
            "\n",
            "\x00",
            "\u3002",
            "\u017f",
            "\u212a",
        ),
    ]
)
OWN = ("huggingface.co", "router.huggingface.co")


@given(st.lists(PARTS, max_size=8).map("".join) | st.text(max_size=60).map(lambda text: f"https://{text}"))
@example("https://user-name.hf.space/@evil.com")
@example("https://user-name.hf.space?@evil.com/")
def test_all_who_read_an_address_agree_on_whom_it_goes_to(url: str) -> None:
    if not may_see_token(url):
        return
    for host, scheme, port in (
        (urlsplit(url).hostname, urlsplit(url).scheme, urlsplit(url).port),
        (httpx.URL(url).host, httpx.URL(url).scheme, httpx.URL(url).port),
    ):
        assert host is not None
        assert host in OWN or host.removesuffix(".hf.space").isascii()
        assert host in OWN or (host.endswith(".hf.space") and host.count(".") == 2)
        assert scheme == "https"
        assert port in {None, 443}
    assert urlsplit(url).username is None
    assert httpx.URL(url).userinfo == b""


@given(st.from_regex(r"https://[a-z0-9]{1,20}\.hf\.space(:443)?(/[ -~]{0,20})?", fullmatch=True))
def test_no_address_of_a_space_leads_anywhere_else(url: str) -> None:
    allowed = may_see_token(url)
    assert allowed is not any(character in url for character in " \\")
    if allowed:
        assert httpx.URL(url).host == urlsplit(url).hostname
