"""Reads documents as text: TXT, Markdown, HTML and PDF, with caps, and a clear word on what cannot be read."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
import lxml.etree
import lxml.html
import pypdf
from passages import Part

MAX_FILE_BYTES = 20_000_000
MAX_PAGES = 500
MAX_PDF_S = 60
HTML_SUFFIXES = {".html", ".htm", ".xhtml"}
# Only these control characters are text: tab, line feed, form feed, carriage return.
CONTROL_CHARACTERS = {chr(code) for code in range(32)} - set("\t\n\f\r")
PDF_MARK = b"%PDF-"
PDF_MARK_WITHIN_BYTES = 1_024
UNSEEN_TAGS = ("script", "style", "noscript", "template", "head")
BLOCK_TAGS = (
    *(
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "dd",
        "div",
        "dl",
        "dt",
        "figure",
        "footer",
        "form",
        "header",
    ),
    *("h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tr", "ul"),
)

# pypdf warns of each small fault of a file that it reads well all the same.
logging.getLogger("pypdf").setLevel(logging.ERROR)


def read_document(path: Path) -> list[Part]:
    """Give the text of a document, a PDF page by page.

    Raises:
        gr.Error: the file is empty, too large, locked, broken, of another kind, or has no text.
    """
    name = path.name
    size = path.stat().st_size
    if size == 0:
        raise gr.Error(f"{name} is empty.")
    if size > MAX_FILE_BYTES:
        raise gr.Error(f"{name} has {size:,} bytes; at most {MAX_FILE_BYTES:,} are read: split it.")
    data = path.read_bytes()
    if PDF_MARK in data[:PDF_MARK_WITHIN_BYTES]:
        parts = read_pdf(path)
    elif path.suffix.lower() in HTML_SUFFIXES:
        parts = read_html(name, decode(name, data))
    else:
        parts = [Part(text=decode(name, data))]
    if not any(part.text.strip() for part in parts):
        raise gr.Error(f"{name} has no text in it; pages that are pictures need OCR first.")
    return parts


def decode(name: str, data: bytes) -> str:
    """Give bytes as text with plain line ends: UTF-8, UTF-16 with its mark, or else Windows-1252.

    Raises:
        gr.Error: they are no text.
    """
    encoding = "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = data.decode("cp1252", errors="replace")
    if not CONTROL_CHARACTERS.isdisjoint(text):
        raise gr.Error(f"{name} is not text: give TXT, Markdown, HTML or PDF.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_html(name: str, text: str) -> list[Part]:
    """Give the paragraphs of a page, without its scripts, styles and head.

    Raises:
        gr.Error: there is nothing that HTML can be.
    """
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    try:
        page = lxml.html.document_fromstring(text.encode(), parser=parser)
    except lxml.etree.LxmlError as error:
        raise gr.Error(f"{name} has no text in it.") from error
    lxml.etree.strip_elements(page, *UNSEEN_TAGS, with_tail=False)
    for element in page.iter("br", *BLOCK_TAGS):
        end = "\n" if element.tag == "br" else "\n\n"
        element.tail = end + (element.tail or "")
        element.text = end + (element.text or "")
    paragraphs = [paragraph for paragraph in page.text_content().split("\n\n") if paragraph.strip()]
    return [Part(text=text, place=f"paragraph {number}") for number, text in enumerate(paragraphs, start=1)]


@contextmanager
def faults_told(name: str) -> Iterator[None]:
    """Turn what pypdf raises into one sentence for the user: a broken file may make it raise nearly anything."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        raise gr.Error(
            f"{name} is a PDF that cannot be read: {str(error).rstrip('.') or type(error).__name__}."
        ) from error


def read_pdf(path: Path) -> list[Part]:
    """Give the pages of a PDF.

    Raises:
        gr.Error: it is locked by a password, broken, or has more than `MAX_PAGES`.
    """
    with faults_told(path.name), pypdf.PdfReader(path) as reader:
        # Many files are locked against changes only, and open with the empty password.
        if reader.is_encrypted and not reader.decrypt(""):
            raise gr.Error(f"{path.name} is locked by a password: save it without one.")
        count = len(reader.pages)
        if count > MAX_PAGES:
            raise gr.Error(f"{path.name} has {count:,} pages; at most {MAX_PAGES} are read: split it.")
        # A small file may hold pages that take minutes, so the time counts too, after each page.
        end = time.monotonic() + MAX_PDF_S
        parts = []
        for number, page in enumerate(reader.pages, start=1):
            parts.append(Part(text=page.extract_text(), place=f"page {number}"))
            if time.monotonic() > end and number < count:
                raise gr.Error(f"{path.name} took more than {MAX_PDF_S} s for {number} of its {count} pages: split it.")
        return parts
