"""An app with a login button of the Hub; nobody needs it to call its function. It runs on Gradio 4 to 6."""

import os

# What the Hub gives to a Space with `hf_oauth: true`.
for name, value in {
    "OAUTH_CLIENT_ID": "client",
    "OAUTH_CLIENT_SECRET": "secret",
    "OAUTH_SCOPES": "openid profile",
    "OPENID_PROVIDER_URL": "https://huggingface.co",
    "SPACE_HOST": "user-name.hf.space",
}.items():
    os.environ.setdefault(name, value)

import gradio as gr  # type: ignore[import-not-found]  # noqa: E402 - it looks at the variables


def greet(name: str, profile: gr.OAuthProfile | None) -> str:
    return f"Hello {name}, {'you are logged in' if profile else 'whoever you are'}"


with gr.Blocks() as demo:
    gr.LoginButton()
    name = gr.Textbox(label="Name")
    greeting = gr.Textbox(label="Greeting")
    gr.Button().click(greet, name, greeting, api_name="greet")

if __name__ == "__main__":
    demo.launch()
