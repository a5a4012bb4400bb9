"""Spaces as a registry and the Hub have them, to search in."""

from hf_spaces_runner.domain.space import Space

_ROWS = (
    "vader-sentiment|Sentiment of an English text, by the VADER lexicon|text_processing|text|text",
    "sphinx-transcription|English speech to text, by PocketSphinx|audio_processing|audio|text",
    "face-detection|Faces found and framed in a picture, by OpenCV|image_processing|image|image",
    "prompt-optimizer|Prompts rewritten and scored, by rules|text_processing|text|text",
    "extractive-summary|The most important sentences of a text|text_processing|text|text",
    "document-search|Answers a question from your documents, by BM25|specialized|file_text|text",
    "image-ocr|Text read from a picture or a scan, by Tesseract|image_processing|image|text",
    "clip-analysis|Finds a prompt that describes an image, with CLIP and BLIP|image_processing|image|text",
    "stable-diffusion|Generates images from text with Stable Diffusion 2.1|image_processing|text|image",
    "image-captioning|Describes what is in an image, with BLIP|image_processing|image|text",
    "whisper-transcription|Transcribes speech in 99 languages, with Whisper large|audio_processing|audio|text",
    "audio-classification|Names the sounds that are heard in a recording|audio_processing|audio|text",
    "voice-cloning|Speaks a text in the voice of a short sample, with XTTS|audio_processing|text_audio|audio",
    "sentiment-analysis|Is a text positive, negative or neutral, by RoBERTa|text_processing|text|text",
    "text-summarization|Summarizes long articles, with BART|text_processing|text|text",
    "translation|Translates between 200 languages, with NLLB|text_processing|text|text",
    "document-qa|Question answering over PDF files|specialized|file_text|text",
    "multimodal-chat|Chat about images with LLaVA|specialized|image_text|text",
    "code-generation|Writes code in many languages, with StarCoder|specialized|text|text",
    "briaai/BRIA-RMBG-2.0|Background removal model|image_processing|image|image",
    "not-lain/background-removal|Remove the background of an image|image_processing|image|image",
    "KenjieDec/RemBG|Cut out the subject of a photo|image_processing|image|image",
    "black-forest-labs/FLUX.1-schnell|Fast image generation from a prompt|image_processing|text|image",
    "finegrain/finegrain-image-enhancer|Upscale an image and add detail|image_processing|image|image",
    "finegrain/object-eraser|Erase an object from an image|image_processing|image_text|image",
    "hexgrad/Kokoro-TTS|Natural speech from text in several voices|audio_processing|text|audio",
    "facebook/MusicGen|Generates music from a description|audio_processing|text|audio",
    "abidlabs/music-separation|Separates vocals and instruments of a song|audio_processing|audio|audio",
    "Xenova/whisper-web|Speech recognition in your browser|audio_processing|audio|text",
    "hf-audio/whisper-large-v3|Transcribe long audio or a YouTube video|audio_processing|audio|text",
    "jhj0517/subtitle-maker|Makes subtitles for a video|audio_processing|video_audio|file",
    "depth-anything/Depth-Anything-V2|Depth map of a photo|image_processing|image|image",
    "hysts/DeepDanbooru|Tags anime pictures|image_processing|image|text",
    "Wan-AI/Wan-2.1|Makes a video of a text or an image|image_processing|text_image|video",
    "stabilityai/TripoSR|3D model from a single photo|specialized|image|file",
    "tencent/Hunyuan3D-2|Text to 3D and image to 3D|specialized|text_image|file",
    "akhaliq/AnimeGANv2|Turns a face into an anime portrait|image_processing|image|image",
    "felixrosberg/face-swap|Swaps faces between two pictures|image_processing|image|image",
    "pszemraj/grammar-corrector|Corrects the grammar of English texts|text_processing|text|text",
    "dslim/ner-demo|Names, places and organisations found in a text|text_processing|text|text",
    "lmarena/chatbot-arena|Compare chatbots side by side|specialized|text|text",
    "sklearn-docs/price-regression|Predicts the price of a house from a table|specialized|file|text",
)


def _space(row: str) -> Space:
    name, description, category, takes, gives = row.split("|")
    return Space(
        id=name.lower().replace("/", "-"),
        space_id=name if "/" in name else None,
        docker_image=f"registry.hf.space/{name.lower().replace('/', '-').replace('.', '-')}:latest",
        description=description,
        category=category,
        input_type=takes,
        output_type=gives,
    )


SPACES = tuple(map(_space, _ROWS))
