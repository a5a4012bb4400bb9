"""A Space that rewrites prompts by rules: an API of its own and a Gradio page, on one port."""

import os
import sys
from typing import Annotated, Literal

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from optimizer import MAX_CHARACTERS, generate, optimize
from pydantic import AfterValidator, BaseModel, Field
from settings import BadSettingError, Settings, read_settings

PORT = 7860
VERSION = "1.0.0"


def _readable(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    # JSON can hold halves of characters (\ud800), which no answer could repeat.
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds half of a character")
    return text


Text = Annotated[str, AfterValidator(_readable)]


class OptimizeRequest(BaseModel):
    """A prompt to rewrite. A session id is accepted and not used: nothing is kept between calls."""

    prompt: Text = Field(description=f"At most {MAX_CHARACTERS:,} characters.")
    session_id: str | None = Field(default=None, max_length=200)


class OptimizeResponse(BaseModel):
    """The rewritten prompt, what has become better, and the rubric's score of it."""

    optimized_prompt: str
    improvements: list[str]
    quality_score: float = Field(ge=0, le=1)
    processing_time: float = Field(description="In seconds.")


class GenerateParameters(BaseModel):
    """How long the text may be, in words, and the share of worse candidates accepted (above 1 counts as 1)."""

    max_new_tokens: int = Field(default=100, ge=1, le=100_000)
    temperature: float = Field(default=0.7, ge=0, le=2)


class GenerateRequest(BaseModel):
    """A prompt to rewrite, in the form that text generation servers take."""

    inputs: Text = Field(description=f"At most {MAX_CHARACTERS:,} characters.")
    parameters: GenerateParameters = GenerateParameters()


class GenerateResponse(BaseModel):
    """The rewritten prompt up to the number of words asked for."""

    generated_text: str


class Health(BaseModel):
    """That the server answers."""

    status: Literal["ok"] = "ok"
    version: str = VERSION


def make_app(settings: Settings) -> FastAPI:
    """Return the server with all its routes and the page."""
    app = FastAPI(
        title="Prompt optimizer",
        version=VERSION,
        description="Rewrites prompts by documented rules, scored by a rubric. No model.",
    )

    @app.exception_handler(RequestValidationError)
    def refuse(_: Request, error: RequestValidationError) -> JSONResponse:
        # FastAPI's own answer repeats the input, which may be huge, or no text that can be sent at all.
        said = [{"loc": list(fault["loc"]), "msg": fault["msg"], "type": fault["type"]} for fault in error.errors()]
        return JSONResponse({"detail": said}, status_code=422)

    @app.post("/api/v1/optimize")
    def optimize_prompt(body: OptimizeRequest) -> OptimizeResponse:
        refuse_too_long(body.prompt)
        result = optimize(body.prompt, settings)
        return OptimizeResponse(
            optimized_prompt=result.prompt,
            improvements=list(result.improvements),
            quality_score=result.quality_score,
            processing_time=round(result.processing_time_s, 6),
        )

    @app.post("/api/generate")
    def generate_text(body: GenerateRequest) -> GenerateResponse:
        refuse_too_long(body.inputs)
        asked = body.parameters
        text = generate(body.inputs, settings, max_new_tokens=asked.max_new_tokens, temperature=asked.temperature)
        return GenerateResponse(generated_text=text)

    @app.get("/api/health")
    def health() -> Health:
        return Health()

    # Last, so that the routes above are found before the page, which answers everything else.
    return gr.mount_gradio_app(app, make_page(settings), path="/", ssr_mode=False)


def refuse_too_long(text: str) -> None:
    """Do nothing if `text` may be that long.

    Raises:
        HTTPException: 413, it has more than `MAX_CHARACTERS`.
    """
    if len(text) > MAX_CHARACTERS:
        raise HTTPException(413, f"the text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read")


def make_page(settings: Settings) -> gr.Blocks:
    """Return the page: a prompt in, the rewritten one out."""

    def rewrite(prompt: str) -> tuple[str, float, str]:
        try:
            result = optimize(prompt or "", settings)
        except ValueError as error:
            raise gr.Error(str(error)) from error
        return result.prompt, result.quality_score, "\n".join(f"- {sentence}" for sentence in result.improvements)

    fonts = ["ui-sans-serif", "system-ui", "sans-serif"]
    # Fonts of the machine: the page loads nothing from other servers for its looks.
    theme = gr.themes.Default(font=fonts, font_mono=["ui-monospace", "monospace"])
    with gr.Blocks(title="Prompt optimizer", theme=theme, analytics_enabled=False) as page:
        gr.Markdown("# Prompt optimizer\nStates role, steps, constraints, format and examples. Rules, no model.")
        with gr.Row():
            prompt = gr.Textbox(label="Prompt", lines=8, max_length=MAX_CHARACTERS)
            rewritten = gr.Textbox(label="Optimized prompt", lines=8, show_copy_button=True)
        button = gr.Button("Optimize", variant="primary")
        score = gr.Number(label="Quality score (0 to 1)")
        improvements = gr.Markdown()
        button.click(rewrite, prompt, [rewritten, score, improvements], api_name="optimize")
    return page


def main() -> None:
    """Serve until the process ends; a variable that cannot be used ends the start with one line."""
    try:
        settings = read_settings(os.environ)
    except BadSettingError as error:
        sys.exit(str(error))
    uvicorn.run(make_app(settings), host="0.0.0.0", port=PORT)  # noqa: S104 - all interfaces of the container


if __name__ == "__main__":
    main()
