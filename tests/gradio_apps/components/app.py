"""An app with one endpoint for each kind of component, in and out; it runs on Gradio 3.50 to 6."""

from collections.abc import Callable

import events  # type: ignore[import-not-found]
import gradio as gr  # type: ignore[import-not-found]
import media  # type: ignore[import-not-found]
import values  # type: ignore[import-not-found]
from generation import BATCHES, HIDDEN, MESSAGES, TAKES_VIDEO, known, make, path_of  # type: ignore[import-not-found]


def offer(function: Callable[..., object], inputs: object, outputs: object, **options: object) -> None:
    click = gr.Button().click
    click(function, inputs, outputs, **known(click, options))


def offer_kind(name: str, kind: str, function: Callable[..., object], **options: object) -> None:
    """Offer the `function` with a component of that kind as its input and another one as its output."""
    if hasattr(gr, kind):
        offer(function, make(kind, label="Given", **options), make(kind, label="Answer", **options), api_name=name)


with gr.Blocks() as demo:
    offer_kind("textbox", "Textbox", values.textbox)
    offer_kind("number", "Number", values.number)
    offer_kind("slider", "Slider", values.slider, minimum=0, maximum=100, step=0.5)
    offer_kind("checkbox", "Checkbox", values.checkbox)
    offer_kind("checkbox_group", "CheckboxGroup", values.others, choices=values.CHOICES)
    offer_kind("radio", "Radio", values.following, choices=values.CHOICES)
    offer_kind("dropdown", "Dropdown", values.following, choices=values.CHOICES)
    offer_kind("dropdown_many", "Dropdown", values.others, choices=values.CHOICES, multiselect=True)
    offer_kind("image", "Image", media.image, type="pil", format="png")
    offer_kind("image_file", "Image", media.image_file, type="filepath", format="png")
    offer_kind("image_editor", "ImageEditor", media.image_editor, type="pil", format="png")
    offer_kind("audio", "Audio", media.audio, type="filepath")
    offer_kind("audio_samples", "Audio", media.audio_samples, type="numpy", format="wav")
    if TAKES_VIDEO:
        offer_kind("video", "Video", media.same_file)
    offer_kind("file", "File", media.file)
    offer_kind("files", "File", media.files, file_count="multiple")
    offer_kind("gallery", "Gallery", media.gallery, type="pil", format="png")
    offer_kind("dataframe", "Dataframe", values.dataframe, headers=["word", "weight"], type="array")
    offer_kind("json", "JSON", values.as_json)
    offer_kind("multimodal_textbox", "MultimodalTextbox", values.multimodal_textbox, file_count="multiple")
    offer_kind("code", "Code", values.shout, language="python")
    offer_kind("markdown", "Markdown", values.shout)
    offer_kind("html", "HTML", values.shout)
    offer_kind("model3d", "Model3D", media.model3d)
    offer_kind("date_time", "DateTime", values.next_day, type="datetime", timezone="UTC")
    offer_kind("color_picker", "ColorPicker", values.color_picker)

    text = gr.Textbox(label="Text")
    said = gr.Textbox(label="Said")
    facts = gr.JSON(label="Facts")
    offer(media.file, gr.UploadButton(label="Upload"), gr.File(label="Answer"), api_name="upload_button")
    offer(lambda clip: str(path_of(clip)), gr.File(label="Clip"), gr.Video(label="Answer"), api_name="video_out")
    if hasattr(gr, "DownloadButton"):
        offer(media.download_button, text, gr.DownloadButton(label="Download"), api_name="download_button")
    offer(values.label, text, gr.Label(label="Mood"), api_name="label")
    offer(values.highlighted_text, text, gr.HighlightedText(label="Words"), api_name="highlighted_text")
    offer(
        media.annotated_image,
        make("Image", type="pil"),
        make("AnnotatedImage", format="png"),
        api_name="annotated_image",
    )
    chat = make("Chatbot", **({"type": "messages"} if MESSAGES else {}))
    offer(events.chatbot, [text, chat], [said, chat], api_name="chatbot")
    memory = gr.State([])
    offer(events.state, [text, memory], [said, memory], api_name="state")
    offer(media.plot, gr.Number(label="Height"), make("Plot", format="png"), api_name="plot")
    defaults = [gr.Textbox("ho", label="Text"), gr.Number(2, label="Count"), gr.Checkbox(value=True, label="Loud")]
    offer(values.optional, defaults, said, api_name="optional")
    offer(values.as_json, make("Textbox"), facts, api_name="without_label")
    twins = [gr.Textbox(label="Twin"), gr.Textbox(label="Twin")]
    offer(lambda first, second: first + second, twins, said, api_name="twins")

    if BATCHES:
        offer(events.batched, text, said, api_name="batched", batch=True, max_batch_size=4)
    offer(events.stream, text, said, api_name="stream")
    offer(events.stream_json, text, [facts, said], api_name="stream_json")
    offer(events.stream_table, text, make("Dataframe", label="Table"), api_name="stream_table")
    offer(events.stream_shrinking, text, make("Dataframe", label="Table"), api_name="stream_shrinking")
    talk = make("Chatbot", **({"type": "messages"} if MESSAGES else {}))
    offer(events.stream_chat, text, talk, api_name="stream_chat")
    offer(events.steps, text, said, api_name="steps")
    offer(events.notes, text, said, api_name="notes")
    offer(events.refuse, text, said, api_name="refuse")
    offer(events.crash, text, said, api_name="crash")
    offer(events.anonymous, text, said)
    offer(events.nameless, text, said, api_name=False)
    offer(events.hidden, text, said, api_name="hidden", **HIDDEN)
    offer(values.shout, text, said, api_name="not_queued", queue=False)

if __name__ == "__main__":
    demo.queue().launch()
