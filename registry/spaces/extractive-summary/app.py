"""A Space that summarises an English text by its own sentences: TextRank, which counts shared words, and no model."""

import re

import gradio as gr
import numpy as np
import Stemmer
from sentencex import segment
from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.summarizers.text_rank import TextRankSummarizer
from sumy.utils import get_stop_words

MAX_CHARACTERS = 50_000
# TextRank compares each sentence with each other one: this many take 3 s.
MAX_SENTENCES = 500
MAX_CHOSEN = 20

WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
PARAGRAPH_END = re.compile(r"\n\s*\n")
STOP_WORDS = get_stop_words("english")


class Words:
    """Finds words for sumy, whose own tokenizer would download data."""

    def to_words(self, sentence: str) -> tuple[str, ...]:
        return tuple(WORD.findall(sentence))


def sentences_of(text: str) -> list[str]:
    """Give the sentences of a text in their order, each on one line and once.

    A line end within a paragraph counts as a space, because much text is wrapped at some width.
    """
    paragraphs = (" ".join(paragraph.split()) for paragraph in PARAGRAPH_END.split(text))
    stripped = (sentence.strip() for paragraph in paragraphs for sentence in segment("en", paragraph))
    return list(dict.fromkeys(sentence for sentence in stripped if WORD.search(sentence)))


def best_of(sentences: list[str], count: int) -> list[str]:
    """Give the `count` sentences that TextRank puts first, in the order of the text."""
    if len(sentences) <= count:
        return sentences
    words = Words()
    document = ObjectDocumentModel([Paragraph(Sentence(sentence, words) for sentence in sentences)])
    # A stemmer keeps a cache of words, so each call has its own: threads must not share one.
    summarizer = TextRankSummarizer(Stemmer.Stemmer("english").stemWord)
    summarizer.stop_words = STOP_WORDS
    # Sentences that share no word at all have no rank (0/0): then the first ones are the summary.
    with np.errstate(invalid="ignore"):
        return [str(sentence) for sentence in summarizer(document, count)]


def summarize(text: str, sentences: float = 3) -> str:
    """Give the summary as one paragraph.

    Raises:
        gr.Error: the text is empty, has no words or is too long, or the number of sentences is out of range.
    """
    if not text or not text.strip():
        raise gr.Error("The text is empty: give an English text of some sentences.")
    if len(text) > MAX_CHARACTERS:
        raise gr.Error(f"The text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.")
    if sentences is None or not 1 <= sentences <= MAX_CHOSEN or sentences != int(sentences):
        raise gr.Error(f"sentences is {sentences}: give a whole number from 1 to {MAX_CHOSEN}.")
    found = sentences_of(text)
    if not found:
        raise gr.Error("The text has no words: give an English text of some sentences.")
    if len(found) > MAX_SENTENCES:
        raise gr.Error(f"The text has {len(found):,} sentences; at most {MAX_SENTENCES:,} are read.")
    return " ".join(best_of(found, int(sentences)))


demo = gr.Interface(
    fn=summarize,
    inputs=[
        gr.Textbox(label="Text", lines=10),
        gr.Slider(label="Sentences", minimum=1, maximum=MAX_CHOSEN, step=1, value=3),
    ],
    outputs=gr.Textbox(label="Summary"),
    title="Extractive summary",
    description="The sentences of an English text that say most, word for word, by TextRank.",
    api_name="summarize",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    # gr.Slider checks its range before `summarize` is called; show_error sends that failure to the caller too.
    demo.launch(show_error=True)
