"""Takes texts of people and of Spaces apart into words, and words into the forms that are compared."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

MAX_WORDS = 48
"""More words than this say nothing more about what somebody wants."""

_MAX_LENGTH = 4_000
_MAX_WORD_LENGTH = 40
_MINIMUM_STEM = 3
_NOT_LATIN_MARKS = re.compile("[\u0300-\u036f]+")
# Letters and digits of all scripts, as FTS5's own tokenizer unicode61 has them.
_WORD = re.compile(r"[^\W_]+")
_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# What holds a sentence together and says nothing of its subject.
_STOP_TEXT = """
a about all also am an and any are as at be been but by can could did do does for from had has have he her his how i
if in into is it its just let like may me might more most must my need no nor not of off on onto or our ours out over
own please she should so some such than that the their theirs them then there these they this those to too upon us use
used using via want was we were what when where which while who whom whose why will with within without would you your
yours
"""
_STOP_WORDS = frozenset(_STOP_TEXT.split())
# What most Spaces say of themselves: it tells none from another, unless somebody asks for nothing else.
_FILLERS = frozenset(
    {"ai", "app", "application", "demo", "hf", "online", "powered", "simple", "space", "spaces", "tool"}
)

# The kinds that `text to speech` and the like are made of. Direction is all that tells it from `speech to text`.
_KIND_WORDS = {
    **dict.fromkeys(("text", "texts", "txt"), "text"),
    **dict.fromkeys(("speech", "voice", "talk", "spoken"), "speech"),
    **dict.fromkeys(("audio", "audios", "sound", "sounds", "mp3", "wav"), "audio"),
    **dict.fromkeys(("music", "song", "songs"), "music"),
    **dict.fromkeys(("image", "images", "img", "picture", "pictures", "photo", "photos"), "image"),
    **dict.fromkeys(("video", "videos", "movie"), "video"),
    "3d": "3d",
}
_KIND = "|".join(sorted(_KIND_WORDS, key=len, reverse=True))
_ARTICLE = r"(?:(?:an?|the|my|this|these|its?)[\s_-]{1,3})?"
_TURNS = r"(?:[\s_-]{1,3}(?:to|into)[\s_-]{1,3}|[\s_-]{0,3}2[\s_-]{0,3})"
_TO = re.compile(rf"\b({_KIND}){_TURNS}{_ARTICLE}({_KIND})\b")
_MAY_TURN = re.compile(r"2|to[\s_-]")
_FROM = re.compile(rf"\b({_KIND})\s{{1,3}}(?:from|out of)\s{{1,3}}{_ARTICLE}({_KIND})\b")

_PLURALS = (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh"))
# Each ending with the fewest letters that must stay; the longest that fits is taken off, once.
_ENDINGS = (
    *((ending, 4) for ending in ("ization", "isation", "izing", "ising", "izer", "iser", "ized", "ised", "ize", "ise")),
    *(("ion", 5), ("ing", 3), ("al", 5), ("er", 4), ("or", 4), ("ed", 4), ("y", 5), ("e", 3)),
)

# Words of one meaning, by their stems; the first one stands for all of them.
_SAME = (
    "image photo photograph picture pic pics jpg jpeg png photography",
    "audio sound recording mp3 wav",
    "video movie film footage mp4",
    "document pdf pdfs docx doc paper",
    "speech spoken",
    "generate make create produce synthesize synthesis gen creation design",
    "remove erase delete removal rid",
    "transcribe transcription transcript dictation",
    "summarize summarise summary tldr",
    "translate translation",
    "recognize recognition recognise identify identification",
    "classify classification classifier categorize",
    "detect detection find locate",
    "answer answers reply",
    "draw drawing paint illustrate illustration artwork",
    "upscale upscaler enlarge",
    "sharpen sharper deblur unblur blurry",
    "colorize colorise colourise colourize colorization",
    "code coding program programming",
    "write writing",
    "background backdrop",
    "rewrite rephrase paraphrase reword",
    "emotion emotions feeling mood",
    "edit editing editor modify",
    "compare comparison similarity similar",
    "caption captioning describe",
    "talk talking",
)


def fold(text: str) -> str:
    """Return the beginning of `text` in lower case, without accents, in one form of Unicode."""
    text = text[:_MAX_LENGTH]
    if not text.isascii():
        bare = _NOT_LATIN_MARKS.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFKC", bare)[:_MAX_LENGTH]
    return text.lower()


def folded_words(folded: str) -> list[str]:
    """Return all words of a text that was folded already, in their order."""
    return [word[:_MAX_WORD_LENGTH] for word in _WORD.findall(folded)]


def words_in(text: str) -> list[str]:
    """Return all words of `text` in their order, in lower case; of a very long text the first ones."""
    return folded_words(fold(text))


def search_words(text: str) -> tuple[str, ...]:
    """Return the words of `text` that say what it is about: in lower case, each once, at most `MAX_WORDS`."""
    words = [word for word in dict.fromkeys(words_in(text)) if word not in _STOP_WORDS]
    telling = [word for word in words if word not in _FILLERS]
    return tuple((telling or words)[:MAX_WORDS])


def name_words(name: str) -> list[str]:
    """Return the words of an id: parts between signs, and those that begin with a capital in its middle."""
    name = name[:_MAX_LENGTH]
    split = _INNER_CAPITAL.sub(" ", name)
    return words_in(name) if split == name else words_in(f"{name} {split}")


def kind_word(word: str) -> str | None:
    """Return the word that a conversion has for `word`, such as image for photo; None where it is no kind."""
    return _KIND_WORDS.get(word)


def conversions_in(folded: str) -> set[str]:
    """Return what is turned into what in a folded text: `speech>text` for `speech to text` and `text from speech`."""
    found: set[str] = set()
    if _MAY_TURN.search(folded):
        found |= {f"{_KIND_WORDS[source]}>{_KIND_WORDS[target]}" for source, target in _TO.findall(folded)}
    if " from " in folded or " out of " in folded:
        found |= {f"{_KIND_WORDS[source]}>{_KIND_WORDS[target]}" for target, source in _FROM.findall(folded)}
    return found


@lru_cache(maxsize=8192)
def stem(word: str) -> str:
    """Return what the forms of an English word have in common; words of other scripts stay as they are."""
    if len(word) <= _MINIMUM_STEM or not word.isascii():
        return word
    for plural, singular in _PLURALS:
        if word.endswith(plural) and len(word) - len(plural) >= _MINIMUM_STEM - 1:
            word = word.removesuffix(plural) + singular
            break
    else:
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
    for ending, least in _ENDINGS:
        rest = word.removesuffix(ending)
        if rest != word and len(rest) >= least and any(vowel in rest for vowel in "aeiouy"):
            doubled = len(rest) > _MINIMUM_STEM and rest[-1] == rest[-2] and rest[-1] not in "lsz"
            return rest[:-1] if doubled else rest
    return word


_MEANING = {stem(word): stem(group.split()[0]) for group in _SAME for word in group.split()}
_SAME_WORDS = {stem(group.split()[0]): tuple(group.split()) for group in _SAME}


@lru_cache(maxsize=8192)
def meaning(word: str) -> str:
    """Return the stem that stands for `word` and the words of its meaning."""
    stemmed = stem(word)
    return _MEANING.get(stemmed, stemmed)


def meanings(words: Iterable[str]) -> frozenset[str]:
    """Return the meanings of `words`."""
    return frozenset(map(meaning, words))


def same_words(word: str) -> tuple[str, ...]:
    """Return the words that mean the same as `word`; none where none is known."""
    return _SAME_WORDS.get(meaning(word), ())
