"""Writes the code blocks of a text as files."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hf_spaces_runner.domain.answer import OutputKind
from hf_spaces_runner.results.output_files import OutputFiles
from hf_spaces_runner.results.part import Part

_MOST_FILES = 50
_MOST_TEXTS = 1000
_MOST_CHARACTERS = 1024**2

EXTENSIONS = {
    **{name: f".{name}" for name in ("c", "cpp", "cs", "css", "csv", "dart", "go", "html", "java", "js", "json")},
    **{name: f".{name}" for name in ("jsx", "kt", "lua", "php", "py", "r", "rb", "rs", "scala", "sh", "sql", "svg")},
    **{name: f".{name}" for name in ("swift", "tex", "toml", "ts", "tsx", "vue", "xml", "yaml", "ini", "diff")},
    "bash": ".sh", "c#": ".cs", "c++": ".cpp", "csharp": ".cs", "golang": ".go", "haskell": ".hs",
    "javascript": ".js", "jsonc": ".json", "julia": ".jl", "kotlin": ".kt", "latex": ".tex", "markdown": ".md",
    "md": ".md", "node": ".js", "patch": ".diff", "perl": ".pl", "python": ".py", "python3": ".py", "ruby": ".rb",
    "rust": ".rs", "shell": ".sh", "typescript": ".ts", "yml": ".yaml", "zsh": ".sh",
}  # fmt: skip
"""The extension of a file in each language. `bat` and its like, which a double click runs, are not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeBlock:
    """One fenced block of a text: the code, and the extension that its language has."""

    extension: str
    code: str


def write_code(part: Part, files: OutputFiles | None) -> Part:
    """Return `part` with its code blocks written to `files` as `code-1.py` and so on, if there is where to.

    At most 50, of the first million characters. Raises as `OutputFiles.write` does.
    """
    if files is None or part.output.kind not in {OutputKind.TEXT, OutputKind.JSON}:
        return part
    blocks = [block for text in _texts(part.output.value) for block in code_blocks(text)]
    written = tuple(
        files.write(f"code-{number}{block.extension}", block.code, "text/plain")
        for number, block in enumerate(blocks[:_MOST_FILES], start=1)
    )
    return replace(part, files=(*part.files, *written))


def code_blocks(text: str) -> list[CodeBlock]:
    """Return the fenced blocks of the Markdown in `text` (CommonMark 4.5) that are not empty."""
    if "```" not in text and "~~~" not in text:
        return []
    from markdown_it import MarkdownIt  # noqa: PLC0415 - few texts have code in them

    # Nothing but fences is looked for: no nesting, and time grows with the text and not faster.
    tokens = MarkdownIt("zero").enable("fence").parse(text)
    return [
        CodeBlock(extension=_extension(token.info), code=token.content)
        for token in tokens
        if token.type == "fence" and token.content.strip()
    ]


def _extension(info: str) -> str:
    language = (info.split() or [""])[0].strip("{}.").casefold()
    return EXTENSIONS.get(language, ".txt")


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in `value`, in order, but for what the user said in a chat."""
    left, characters = [value], 0
    for _ in range(_MOST_TEXTS):
        if not left or characters >= _MOST_CHARACTERS:
            return
        one = left.pop()
        if isinstance(one, str):
            yield one[: _MOST_CHARACTERS - characters]
            characters += len(one)
        elif isinstance(one, list):
            left.extend(reversed(one))
        elif isinstance(one, dict) and one.get("role") != "user":
            left.extend(reversed(one.values()))
