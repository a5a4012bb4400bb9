import pytest

from hf_spaces_runner.domain.hub_space import Category
from hf_spaces_runner.planning.find_tasks import PHRASES, find_tasks, meanings_of
from hf_spaces_runner.planning.tasks import ALIASES, BROAD, TASKS, task_named
from hf_spaces_runner.planning.words import search_words

KINDS = {"text", "image", "audio", "video", "file"}

# The keys of PIPELINE_DATA of huggingface.js, packages/tasks/src/pipelines.ts.
HUB_TASK_NAMES = """
any-to-any audio-classification audio-text-to-text audio-to-audio automatic-speech-recognition biology depth-estimation
document-question-answering feature-extraction fill-mask graph-ml image-classification image-feature-extraction
image-segmentation image-text-to-text image-to-3d image-to-image image-to-text image-to-video keypoint-detection
mask-generation multiple-choice object-detection other question-answering reinforcement-learning robotics
sentence-similarity summarization table-question-answering table-to-text tabular-classification tabular-regression
tabular-to-text text-classification text-generation text-ranking text-retrieval text-to-3d text-to-audio text-to-image
text-to-speech text-to-video text2text-generation time-series-forecasting token-classification translation
unconditional-image-generation video-classification video-text-to-text visual-document-retrieval
visual-question-answering voice-activity-detection zero-shot-classification zero-shot-image-classification
zero-shot-object-detection
"""

# The categories on huggingface.co/spaces.
HUB_CATEGORIES = {
    Category.IMAGE_PROCESSING: (
        "Image Generation, Video Generation, Object Detection, Image Editing, Background Removal, Image Upscaling, OCR,"
        " Visual QA, Image Captioning, Medical Imaging, Pose Estimation, Face Recognition, Character Animation,"
        " Style Transfer"
    ),
    Category.AUDIO_PROCESSING: "Speech Synthesis, Voice Cloning, Music Generation",
    Category.TEXT_PROCESSING: (
        "Text Generation, Language Translation, Text Analysis, Question Answering, Chatbots, Sentiment Analysis,"
        " Text Summarization"
    ),
    Category.SPECIALIZED: (
        "3D Modeling, Code Generation, Data Visualization, Document Analysis, Financial Analysis, Game AI,"
        " Model Benchmarking, Fine Tuning Tools, Dataset Creation, Anomaly Detection, Recommendation Systems,"
        " Agent Environment"
    ),
}


@pytest.mark.parametrize("name", HUB_TASK_NAMES.split())
def test_each_task_of_the_hub_is_known(name: str) -> None:
    assert task_named(name) is TASKS[name]
    assert name == "other" or PHRASES[name] or TASKS[name].category is Category.SPECIALIZED


@pytest.mark.parametrize(
    ("category", "name"), [(category, name) for category, names in HUB_CATEGORIES.items() for name in names.split(", ")]
)
def test_each_category_of_the_hub_is_known(category: Category, name: str) -> None:
    task = task_named(name)
    assert (BROAD["-".join(name.lower().split())] if task is None else task.category) is category


def test_the_tables_hold_together() -> None:
    assert set(ALIASES.values()) <= TASKS.keys()
    assert not ALIASES.keys() & TASKS.keys()
    assert not BROAD.keys() & (TASKS.keys() | ALIASES.keys())
    for task in TASKS.values():
        assert {*task.takes, *task.gives} <= KINDS


@pytest.mark.parametrize("name", sorted(PHRASES))
def test_each_phrase_is_found_as_its_task(name: str) -> None:
    for phrase in TASKS[name].phrases:
        found = find_tasks(meanings_of(phrase, search_words(phrase)))
        assert name in {one.task.name for one in found}, phrase


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("transcribe my interview", "automatic-speech-recognition"),
        ("Speech to text", "automatic-speech-recognition"),
        ("text to speech", "text-to-speech"),
        ("read this text aloud", "text-to-speech"),
        ("remove the background from photos", "background-removal"),
        ("cut out the person", "background-removal"),
        ("TL;DR", "summarization"),
        ("please summarize", "summarization"),
        ("translate this letter into German", "translation"),
        ("what is written on this scan", "ocr"),
        ("read the text in a picture", "ocr"),
        ("clone my voice", "voice-cloning"),
        ("what is the tone of this mail", "sentiment-analysis"),
        ("detect faces", "face-detection"),
        ("generate a picture", "text-to-image"),
        ("write a caption for this photo", "image-captioning"),
        ("fix a bug in this code", "code-generation"),
        ("chat with my pdf", "document-question-answering"),
    ],
)
def test_what_people_ask_for_is_found(text: str, name: str) -> None:
    assert find_tasks(meanings_of(text, search_words(text)))[0].task.name == name


@pytest.mark.parametrize("text", ["", "hello world", "the quick brown fox", "other"])
def test_no_task_is_made_up(text: str) -> None:
    assert find_tasks(meanings_of(text, search_words(text))) == ()


@pytest.mark.parametrize("text", ["", "nonsense", "x" * 1_000_000, "\x00", "gradio"])
def test_other_names_are_no_tasks(text: str) -> None:
    assert task_named(text) is None
