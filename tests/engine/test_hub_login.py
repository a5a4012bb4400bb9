"""A Gradio Space with the Hub's login, on a real engine: it starts without the Hub, and nobody is signed in."""

from pathlib import Path

import pytest
import yaml

from hf_spaces_runner.planning.hub_login import PLACEHOLDER
from tests.engine.command_line import hfsr

pytestmark = pytest.mark.engine

ENTRY = {
    "id": "test-sign-in",
    # The image stays for the next time, as those of all Gradio apps of the tests do.
    "docker_image": "hf-spaces-runner-test/sign-in:latest",
    "description": "A login button",
    "category": "text_processing",
    "input_type": "text",
    "output_type": "text",
    "port": 7860,
    "status": "available",
    "source": "sign_in",
}
README = "---\nsdk: gradio\nsdk_version: 5.49.1\nhf_oauth: true\nhf_oauth_scopes: [email]\n---\n"
APP = """
import json
import os
from pathlib import Path

import gradio as gr


def tell(text: str, profile: gr.OAuthProfile | None, token: gr.OAuthToken | None) -> str:
    given = {name: value for name, value in os.environ.items() if name.startswith(("OAUTH", "OPENID", "HF_TOKEN"))}
    saved = [str(path) for path in Path("/").glob("**/huggingface/token")]
    return json.dumps({"profile": profile, "token": token, "given": given, "saved": saved})


with gr.Blocks() as demo:
    gr.LoginButton()
    text, told = gr.Textbox(), gr.Textbox()
    gr.Button().click(tell, text, told, api_name="tell")

demo.launch()
"""


@pytest.mark.parametrize("words", [(), ("--tier", "heavy", "--performance-first")])
def test_it_starts_with_stand_ins_and_says_that_nobody_can_sign_in(tmp_path: Path, words: tuple[str, ...]) -> None:
    folder = tmp_path / "sign_in"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    (folder / "app.py").write_text(APP)
    registry = tmp_path / "registry.yaml"
    registry.write_text(yaml.safe_dump({"spaces": {"test-sign-in": ENTRY}}))
    environment = {"HFSR_REGISTRY": str(registry), "HF_TOKEN": "hf_of_the_user", "HFSR_MODEL_SERVERS": "127.0.0.1:1"}
    told = hfsr(
        *("run", "x", "--hf-space", "test-sign-in", "--no-fallback", "--network", "isolated", *words),
        directory=tmp_path,
        environment=environment,
    )
    assert told.exit_code == 0, told.stderr
    assert told.stderr.count("test-sign-in has the Hub's login (hf_oauth)") == 1
    assert yaml.safe_load(told.stdout) == {
        "profile": None,
        "token": None,
        "given": {
            "OAUTH_CLIENT_ID": PLACEHOLDER,
            "OAUTH_CLIENT_SECRET": PLACEHOLDER,
            "OAUTH_SCOPES": "openid profile email",
            "OPENID_PROVIDER_URL": "https://huggingface.co",
        },
        "saved": [],
    }
