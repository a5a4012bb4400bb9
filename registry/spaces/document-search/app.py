"""A Space that finds the passages of documents that match a question best, by BM25: word statistics and no model."""

from pathlib import Path

import bm25s
import gradio as gr
import Stemmer
from documents import read_document
from passages import Passage, split_passages

MAX_DOCUMENTS = 20
MAX_CHARACTERS = 5_000_000
MAX_QUESTION_CHARACTERS = 2_000
MAX_TOP = 20
NOTHING_FOUND = "No passage has a word of the question."

Found = dict[str, str | float]


def tokens_of(texts: list[str]) -> list[list[str]]:
    """Give the stems of each text's words, without stop words."""
    # A stemmer keeps a cache of words, so each call has its own: threads must not share one.
    tokens: list[list[str]] = bm25s.tokenize(
        texts, stopwords="english_plus", stemmer=Stemmer.Stemmer("english"), return_ids=False, show_progress=False
    )
    return tokens


def rank(passages: list[Passage], question: str, top: int) -> list[Found]:
    """Give the `top` passages that match, best first; fewer where fewer have a word of the question.

    Raises:
        gr.Error: the question has only words such as `what` and `the`.
    """
    (asked,) = tokens_of([question])
    if not asked:
        raise gr.Error("The question has no word to look for: use words that the documents may have.")
    words = tokens_of([passage.text for passage in passages])
    known = {word for passage in words for word in passage}
    looked_for = [word for word in asked if word in known]
    if not looked_for:
        return []
    index = bm25s.BM25()
    index.index(words, show_progress=False)
    scores = index.get_scores(looked_for)
    best = sorted(range(len(passages)), key=lambda number: -scores[number])[:top]
    return [
        {
            "document": passages[number].document,
            "place": passages[number].place,
            "score": round(float(scores[number]), 3),
            "text": passages[number].text,
        }
        for number in best
        if scores[number] > 0
    ]


def read_passages(documents: list[str]) -> list[Passage]:
    """Give the passages of all documents.

    Raises:
        gr.Error: there are too many or too much text, or `read_document` could not read one.
    """
    if len(documents) > MAX_DOCUMENTS:
        raise gr.Error(f"There are {len(documents)} documents; at most {MAX_DOCUMENTS} are read.")
    passages: list[Passage] = []
    left = MAX_CHARACTERS
    for path in map(Path, documents):
        parts = read_document(path)
        left -= sum(len(part.text) for part in parts)
        if left < 0:
            raise gr.Error(f"The documents have more than {MAX_CHARACTERS:,} characters together: give fewer at once.")
        passages += split_passages(path.name, parts)
    return passages


def search(documents: list[str] | None, question: str, top: float = 3) -> tuple[str, list[Found]]:
    """Give the best passages, as text for a reader and as a list for a program.

    Raises:
        gr.Error: an input is missing or out of range, or `read_passages` or `rank` refused it.
    """
    if not documents:
        raise gr.Error("There is no document: give TXT, Markdown, HTML or PDF files.")
    if not question or not question.strip():
        raise gr.Error("The question is empty: ask with words that the documents may have.")
    if len(question) > MAX_QUESTION_CHARACTERS:
        raise gr.Error(f"The question has {len(question):,} characters; at most {MAX_QUESTION_CHARACTERS:,} are read.")
    if top is None or not 1 <= top <= MAX_TOP or top != int(top):
        raise gr.Error(f"top is {top}: give a whole number from 1 to {MAX_TOP}.")
    found = rank(read_passages(documents), question, int(top))
    told = [f"{one['document']}, {one['place']} (score {one['score']}):\n{one['text']}" for one in found]
    return "\n\n".join(told) or NOTHING_FOUND, found


demo = gr.Interface(
    fn=search,
    inputs=[
        gr.File(label="Documents", file_count="multiple", type="filepath"),
        gr.Textbox(label="Question"),
        gr.Slider(label="Top", minimum=1, maximum=MAX_TOP, step=1, value=3),
    ],
    outputs=[gr.Textbox(label="Best passages", lines=12), gr.JSON(label="Passages")],
    title="Document search",
    description="The passages of your documents that match a question best, by BM25. TXT, Markdown, HTML and PDF.",
    api_name="search",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    # gr.Slider checks its range before `search` is called; show_error sends that failure to the caller too.
    demo.launch(show_error=True)
