"""Knows what Spaces do: the Hub's tasks, what goes in and comes out, and the words that people have for them.

Sources: the tasks and their subtasks, `packages/tasks/src/pipelines.ts` of github.com/huggingface/huggingface.js; the
categories of the Hub's model (`ai_category`), the list on huggingface.co/spaces (May 2026).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hf_spaces_runner.domain.hub_space import Category

_IMAGE, _AUDIO = Category.IMAGE_PROCESSING, Category.AUDIO_PROCESSING
_TEXT, _OTHER = Category.TEXT_PROCESSING, Category.SPECIALIZED


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One thing that Spaces do.

    `takes` and `gives` are kinds: text, image, audio, video, file. `phrases` are what people call it and ask for it
    with, and well-known models that do it; the words of one may stand in any order, with others between them.
    """

    name: str
    category: Category
    takes: tuple[str, ...] = ()
    gives: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


def _task(name: str, category: Category, kinds: str, phrases: str = "") -> Task:
    takes, _, gives = kinds.partition(">")
    return Task(
        name=name,
        category=category,
        takes=tuple(takes.split()),
        gives=tuple(gives.split()),
        phrases=tuple(phrase for phrase in phrases.split("; ") if phrase),
    )


# A Space that chats about all kinds of things, or works on documents or code, is specialized; one that only looks at
# pictures is of images. There is no category for video, which the Hub counts with images (computer vision).
_HUB_TASKS = (
    _task("text-classification", _TEXT, "text > text", "classify text; topic of text; detect spam; hate speech; toxic"),
    _task("token-classification", _TEXT, "text > text", "named entities; ner; part of speech; find names; entities"),
    _task("table-question-answering", _OTHER, "text file > text", "question table; answer table; ask spreadsheet"),
    _task("question-answering", _TEXT, "text > text", "answer question; ask question; qa; question answering"),
    _task("zero-shot-classification", _TEXT, "text > text", "zero shot classification; classify labels"),
    _task(
        "translation",
        _TEXT,
        "text > text",
        "translate; translator; nllb; opus mt; m2m100",
    ),
    _task(
        "summarization",
        _TEXT,
        "text > text",
        "summarise; summarize; summary; tl;dr; tldr; shorten text; key points; main points; gist; bart cnn",
    ),
    _task("feature-extraction", _TEXT, "text > text", "embeddings; embed text; sentence vectors; minilm"),
    _task(
        "text-generation",
        _TEXT,
        "text > text",
        "write a story; write a poem; write an essay; generate text; write text; chat; chatbot;"
        " llama; mistral;"
        " gpt; qwen; gemma; language model; llm; assistant; write an email; continue text",
    ),
    _task("text2text-generation", _TEXT, "text > text", "rewrite; paraphrase; correct grammar; grammar; simplify text"),
    _task("fill-mask", _TEXT, "text > text", "fill mask; missing word; fill blanks"),
    _task("sentence-similarity", _TEXT, "text > text", "similar sentences; compare texts; semantic similarity"),
    _task(
        "text-to-speech",
        _AUDIO,
        "text > audio",
        "text to speech; text to audio; tts; read aloud; speak text; narrate; voiceover; say out loud;"
        " speech synthesis; generate speech; kokoro; piper; parler; audiobook",
    ),
    _task("text-to-audio", _AUDIO, "text > audio", "generate audio; sound effect; audioldm; audiogen; generate sound"),
    _task(
        "automatic-speech-recognition",
        _AUDIO,
        "audio > text",
        "transcribe; transcription; speech to text; audio to text; speech recognition; asr; stt; subtitles; subtitle;"
        " whisper; wav2vec; dictation; minutes of meeting; pocketsphinx",
    ),
    _task(
        "audio-to-audio",
        _AUDIO,
        "audio > audio",
        "remove noise; denoise; noise reduction; clean audio; enhance speech; separate vocals; vocal remover;"
        " isolate vocals; stem separation; demucs; spleeter; karaoke",
    ),
    _task(
        "audio-classification",
        _AUDIO,
        "audio > text",
        "classify audio; classify sound; music genre; emotion in voice; speech emotion; audio tagging;"
        " bird song; speaker identification",
    ),
    _task("audio-text-to-text", _AUDIO, "audio text > text", "question about audio; chat with audio; ask recording"),
    _task("voice-activity-detection", _AUDIO, "audio > text", "voice activity; diarization; speaker turns"),
    _task("depth-estimation", _IMAGE, "image > image", "depth; depth map; depth anything; midas; how far away"),
    _task(
        "image-classification",
        _IMAGE,
        "image > text",
        "classify image; recognize image; which animal; which plant; tag images; resnet; vit; nsfw",
    ),
    _task(
        "object-detection",
        _IMAGE,
        "image > image",
        "detect objects; object detection; count objects; bounding boxes; yolo; detr; detect cars",
    ),
    _task(
        "image-segmentation",
        _IMAGE,
        "image > image",
        "segment; segmentation; outline objects; segformer; mask of objects",
    ),
    _task(
        "text-to-image",
        _IMAGE,
        "text > image",
        "generate image; draw; text to image; stable diffusion; sdxl; flux; dalle; dall e; generate logo;"
        " generate art; generate a poster; generate wallpaper; diffusion; imagine",
    ),
    _task("image-to-text", _IMAGE, "image > text", "image to text"),
    _task(
        "image-to-image",
        _IMAGE,
        "image > image",
        "edit image; image to image; change image; style of image; cartoon; anime face; retouch; relight;"
        " restore photo; repair old photo; instruct pix2pix; controlnet",
    ),
    _task("image-to-video", _IMAGE, "image > video", "image to video; animate image; animate photo; bring photo alive"),
    _task("unconditional-image-generation", _IMAGE, "> image", "random faces; stylegan"),
    _task("video-classification", _IMAGE, "video > text", "classify video; action recognition; what happens in video"),
    _task("reinforcement-learning", _OTHER, ">", "reinforcement learning; play game; agent plays"),
    _task("robotics", _OTHER, ">", "robot; robotics"),
    _task("tabular-classification", _OTHER, "file > text", "predict from table; classify rows; tabular"),
    _task("tabular-regression", _OTHER, "file > text", "predict price; regression; predict from csv"),
    _task("tabular-to-text", _OTHER, "file > text", "describe table"),
    _task("table-to-text", _OTHER, "file > text", "explain table"),
    _task("multiple-choice", _TEXT, "text > text", "multiple choice; quiz"),
    _task("text-ranking", _TEXT, "text > text", "rerank; rank passages"),
    _task("text-retrieval", _TEXT, "text > text", "retrieve passages; semantic search"),
    _task("time-series-forecasting", _OTHER, "file > file", "forecast; time series; predict sales"),
    _task("text-to-video", _IMAGE, "text > video", "generate video; text to video; animation from text; wan; sora"),
    _task(
        "image-text-to-text",
        _OTHER,
        "image text > text",
        "multimodal; vision language; chat with image; chat about image; llava; vlm; talk about image; idefics",
    ),
    _task(
        "visual-question-answering",
        _IMAGE,
        "image text > text",
        "question about image; answer question image; vqa; ask image; visual question; visual qa",
    ),
    _task(
        "document-question-answering",
        _OTHER,
        "file text > text",
        "answer document; question document; ask document; chat with document; search document; find in documents;"
        " document qa; rag; answer contract; answer files; question files; chat with files; layoutlm; donut invoice",
    ),
    _task(
        "zero-shot-image-classification", _IMAGE, "image text > text", "clip analysis; clip score; image labels; siglip"
    ),
    _task("graph-ml", _OTHER, ">", "graph neural network"),
    _task("mask-generation", _IMAGE, "image > image", "segment anything; sam; sam2; mask"),
    _task("zero-shot-object-detection", _IMAGE, "image text > image", "grounding dino; owl vit; open vocabulary"),
    _task("text-to-3d", _OTHER, "text > file", "text to 3d; generate 3d; 3d model; mesh"),
    _task("image-to-3d", _OTHER, "image > file", "image to 3d; photo into 3d model; 3d model photo; triposr; trellis"),
    _task("image-feature-extraction", _IMAGE, "image > text", "image embeddings; similar images; reverse image search"),
    _task("video-text-to-text", _OTHER, "video text > text", "question about video; summarize video; chat with video"),
    _task("keypoint-detection", _IMAGE, "image > image", "pose; pose estimation; keypoints; skeleton; openpose"),
    _task("visual-document-retrieval", _OTHER, "text file > file", "find page; retrieve pages; colpali"),
    _task("video-to-video", _IMAGE, "video > video", "edit video; video style; upscale video"),
    _task("any-to-any", _OTHER, "text image audio video > text image audio video", "omni"),
    _task("biology", _OTHER, "text > text", "protein; dna; molecule; esmfold; alphafold; drug discovery"),
    _task("other", _OTHER, ">"),
)
# What people do with Spaces and the Hub has no task for. Their names are found as tags, too.
_OWN_TASKS = (
    _task(
        "sentiment-analysis",
        _TEXT,
        "text > text",
        "sentiment; tone; positive; negative; mood of text; emotion in text; opinion; review; angry; vader",
    ),
    _task(
        "image-captioning",
        _IMAGE,
        "image > text",
        "caption; caption image; describe image; image description; alt text; what does image show; blip; florence",
    ),
    _task(
        "ocr",
        _IMAGE,
        "image > text",
        "ocr; read text; text from image; text in image; written image; written scan; scan; scanned; handwriting;"
        " handwritten; tesseract; easyocr; trocr; paddleocr; extract text; read receipt; read invoice; what is written",
    ),
    _task(
        "background-removal",
        _IMAGE,
        "image > image",
        "remove background; background removal; cut out; cutout; cut out person; transparent background; rembg; rmbg;"
        " birefnet; matting; no background; replace background; isnet",
    ),
    _task(
        "image-upscaling",
        _IMAGE,
        "image > image",
        "upscale; upscale image; super resolution; sharpen image; deblur; enlarge image; enhance photo;"
        " higher resolution; esrgan; gfpgan; codeformer; better quality photo",
    ),
    _task(
        "image-inpainting",
        _IMAGE,
        "image > image",
        "inpaint; outpaint; remove object; remove person; watermark",
    ),
    _task("image-colorization", _IMAGE, "image > image", "colorize; black and white photo; deoldify; add colour photo"),
    _task("style-transfer", _IMAGE, "image > image", "style transfer; like van gogh; in style of painting"),
    _task(
        "face-detection",
        _IMAGE,
        "image > image",
        "detect faces; face detection; find faces; count faces; recognize face; face recognition; insightface",
    ),
    _task("face-swap", _IMAGE, "image > image", "swap faces; face swap; deepfake; replace face"),
    _task("virtual-try-on", _IMAGE, "image > image", "try on clothes; virtual try on; vton; outfit"),
    _task("talking-head", _IMAGE, "image audio > video", "lip sync; talking head; sadtalker; wav2lip; talking photo"),
    _task(
        "voice-cloning",
        _AUDIO,
        "text audio > audio",
        "clone a voice; voice clone; voice cloning; imitate voice; xtts; openvoice; f5 tts; chatterbox",
    ),
    _task("subtitling", _AUDIO, "audio video > text file video", "subtitle; subtitles; srt; closed captions"),
    _task("voice-conversion", _AUDIO, "audio > audio", "change voice; voice conversion; convert voice; rvc"),
    _task(
        "music-generation",
        _AUDIO,
        "text > audio",
        "generate music; text to music; compose; song; musicgen; melody",
    ),
    _task(
        "code-generation",
        _OTHER,
        "text > text",
        "code; generate code; write code; python function; sql query; starcoder; codellama; fix bug; coder; program",
    ),
    _task("prompt-optimization", _TEXT, "text > text", "improve prompt; optimize prompt; rewrite prompt"),
    _task("keyword-extraction", _TEXT, "text > text", "keywords; extract keywords; key phrases"),
    _task("language-identification", _TEXT, "text > text", "detect language; language identification"),
    _task("ai-text-detection", _TEXT, "text > text", "detect generated text; chatgpt detector; plagiarism"),
    _task(
        "document-parsing", _OTHER, "file > text", "pdf to text; parse document; document to markdown; extract tables"
    ),
    _task("model-evaluation", _OTHER, "> text", "leaderboard; arena; benchmark; evaluate models"),
)

TASKS: Mapping[str, Task] = {task.name: task for task in (*_HUB_TASKS, *_OWN_TASKS)}
"""All tasks by their names."""

ALIASES: Mapping[str, str] = {
    **dict.fromkeys(("asr", "stt", "speech-to-text", "speech-recognition"), "automatic-speech-recognition"),
    **dict.fromkeys(("tts", "speech-synthesis"), "text-to-speech"),
    **dict.fromkeys(("audio-source-separation", "source-separation", "speech-enhancement"), "audio-to-audio"),
    **dict.fromkeys(("speaker-diarization", "diarization"), "voice-activity-detection"),
    **dict.fromkeys(("image-generation", "stable-diffusion", "diffusers", "text2image"), "text-to-image"),
    **dict.fromkeys(("image-editing", "img2img"), "image-to-image"),
    **dict.fromkeys(("super-resolution", "upscaling", "upscaler", "image-restoration"), "image-upscaling"),
    **dict.fromkeys(("pose-estimation",), "keypoint-detection"),
    **dict.fromkeys(("face-recognition",), "face-detection"),
    **dict.fromkeys(("segmentation", "semantic-segmentation", "instance-segmentation"), "image-segmentation"),
    **dict.fromkeys(("video-generation",), "text-to-video"),
    **dict.fromkeys(("captioning",), "image-captioning"),
    **dict.fromkeys(("optical-character-recognition",), "ocr"),
    **dict.fromkeys(("vqa", "visual-qa"), "visual-question-answering"),
    **dict.fromkeys(("document-qa", "document-analysis", "rag"), "document-question-answering"),
    **dict.fromkeys(("vlm", "multimodal-chat", "vision-language"), "image-text-to-text"),
    **dict.fromkeys(("3d", "3d-modeling", "3d-generation"), "image-to-3d"),
    **dict.fromkeys(("chatbot", "chatbots", "chat", "llm", "conversational", "text-completion"), "text-generation"),
    **dict.fromkeys(("language-translation", "machine-translation"), "translation"),
    **dict.fromkeys(("text-summarization",), "summarization"),
    **dict.fromkeys(("sentiment", "sentiment-classification", "emotion-detection"), "sentiment-analysis"),
    **dict.fromkeys(("named-entity-recognition", "ner"), "token-classification"),
    **dict.fromkeys(("embeddings",), "feature-extraction"),
    **dict.fromkeys(("code", "coding", "code-completion"), "code-generation"),
    **dict.fromkeys(("model-benchmarking", "leaderboard", "arena"), "model-evaluation"),
    **dict.fromkeys(("character-animation",), "talking-head"),
    **dict.fromkeys(("time-series", "forecasting"), "time-series-forecasting"),
}
"""Other names of tasks: tags of Spaces, and categories of the Hub's model that are one task."""

BROAD: Mapping[str, Category] = {
    **dict.fromkeys(("audio", "speech", "music", "voice", "sound"), _AUDIO),
    **dict.fromkeys(("image", "images", "vision", "computer-vision", "cv", "video", "medical-imaging"), _IMAGE),
    **dict.fromkeys(("text", "nlp", "natural-language-processing", "text-analysis", "language"), _TEXT),
    **dict.fromkeys(
        ("data-visualization", "financial-analysis", "game-ai", "fine-tuning-tools", "dataset-creation"), _OTHER
    ),
    **dict.fromkeys(
        ("recommendation-systems", "anomaly-detection", "agent-environment", "multimodal", "tabular"), _OTHER
    ),
}
"""Tags and categories of the Hub's model that name a field and not a task."""


def task_named(name: str) -> Task | None:
    """Return the task of that name: one of the Hub's, or another word for one; None for any other text."""
    name = "-".join(name[:80].lower().replace("_", " ").replace("-", " ").split())
    return TASKS.get(ALIASES.get(name, name))
