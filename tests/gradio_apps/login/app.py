"""An app with a login of its own; it runs on Gradio 3.50 to 6."""

import os

import gradio as gr  # type: ignore[import-not-found]


def greet(name: str) -> str:
    return f"Hello {name}, you are in"


with gr.Blocks() as demo:
    name = gr.Textbox(label="Name")
    greeting = gr.Textbox(label="Greeting")
    gr.Button().click(greet, name, greeting, api_name="greet")

if __name__ == "__main__":
    demo.launch(auth=("ada", os.environ.get("APP_PASSWORD", "open sesame")))
