"""Two functions that do next to nothing; it runs on Gradio 4 to 6."""

import gradio as gr  # type: ignore[import-not-found]


def echo(text: str) -> str:
    return text


def same_file(document: str) -> str:
    return document


with gr.Blocks() as demo:
    text = gr.Textbox(label="Text")
    said = gr.Textbox(label="Said")
    gr.Button().click(echo, text, said, api_name="echo")
    document = gr.File(label="Document")
    copy = gr.File(label="Copy")
    gr.Button().click(same_file, document, copy, api_name="same_file")

if __name__ == "__main__":
    demo.launch()
