"""How a Space is reached that runs on somebody else's machine: whose certificates count, and which token goes along."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.domain.secret import Secret
from hf_spaces_runner.planning.cloud_token import may_see_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """The way to one Space over https.

    `trust` checks the certificate and its name. `token` is a token of the Hub, None for a stranger.
    """

    trust: ssl.SSLContext
    token: Secret | None = None

    def headers(self, base_url: str) -> Mapping[str, str]:
        """Return the headers that the Hub knows the user by; none where `base_url` is not the Hub's.

        Not `Authorization`, which belongs to the Space's own login: the Hub's gate reads `X-HF-Authorization`
        (gradio_client, `Client.__init__`).
        """
        if self.token is None or not may_see_token(base_url):
            return {}
        return {"X-HF-Authorization": f"Bearer {self.token.reveal()}"}
