"""Finds out what a prompt is about and what kind of work it asks for, by words alone."""

import re
from collections import Counter
from dataclasses import dataclass

_STOP_WORDS = frozenset(
    """a about above after again all also am an and any are around as ask at be because been before being below best
    better between both but by can could did do does doing down during each else every few for from further get give
    good great had has have having he help her here hers him his how i if in into is it its itself just keep know less
    let like list long lot made make many may me more most much must my name need nice no nor not now of off on once one
    only or other our out over own please put quickly really same say see several she should show so some something such
    suggest summarise summarize take tell than thank thanks that the their them then there these they thing things this
    those three through to too translate two under until up use using very want was way we well were what when where
    which while who whom why will with within without words work would write you your explain describe compare simple
    short brief detailed text following code function story create generate five ten new
    tips ideas email letter message poem article essay""".split()  # noqa: SIM905 - a list would be a page long
)
_TOPIC_WORDS = 3
_READ_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of work: who does it well, what its answer looks like, in which steps, and within which bounds."""

    name: str
    words: re.Pattern[str]
    expert: str
    output_format: str
    shape: str
    steps: tuple[str, ...]
    constraints: tuple[str, ...]


def _kind(name: str, words: str, expert: str, output_format: str, shape: str, steps: str, constraints: str) -> Kind:
    return Kind(
        name=name,
        words=re.compile(rf"\b(?:{words})\b", re.IGNORECASE),
        expert=expert,
        output_format=output_format,
        shape=shape,
        steps=tuple(steps.split("; ")),
        constraints=tuple(constraints.split("; ")),
    )


# The first that fits counts, so what is narrow stands before what is wide.
KINDS = (
    _kind(
        "code",
        r"code|function|script|program|class|sql|regex|python|javascript|typescript|java|rust|bug|refactor|debug|api",
        "senior software engineer",
        "one code block, then at most three sentences on how it works.",
        "a code block that runs as it stands, and two sentences on it",
        "Name the inputs, the outputs and the cases at the edges; Write the code; Check it against those cases",
        "Use only the standard library unless the task names another; Handle empty and invalid input;"
        " Do not leave out parts of the code",
    ),
    _kind(
        "translation",
        r"translat\w+",
        "professional translator",
        "only the translation, in the paragraphs of the original.",
        "the same text in the target language, nothing else",
        "Read the whole text for its tone; Translate it; Compare the two sentence by sentence",
        "Keep names, numbers and units exactly as they are; Do not add or leave out anything;"
        " Keep the tone of the original",
    ),
    _kind(
        "summary",
        r"summar\w+|tl;?dr|key points|main points|condense|shorten",
        "editor who condenses reports",
        "at most five bullet points of one sentence each, the most important one first.",
        "one bullet point for each main point",
        "Find the main points; Order them by importance; State each in one sentence",
        "Use only what the text says; Keep every number and name exact; Use at most 120 words",
    ),
    _kind(
        "classification",
        r"classif\w+|categori[sz]e|label|sentiment|is this (?:spam|positive|negative)",
        "data annotator",
        "one line: the label, a colon, and the reason in at most ten words.",
        "label: the reason in at most ten words",
        "List the possible labels; Weigh the evidence for each; Choose exactly one",
        "Choose exactly one label; Use only the labels that the task names; Say 'unclear' if none fits",
    ),
    _kind(
        "message",
        r"e-?mail|letter|message|reply|cover letter|invitation|announcement",
        "communication specialist",
        "a subject line, a greeting, at most three short paragraphs, and a closing line.",
        "a subject line and a message of three paragraphs",
        "State the reason for writing; Give what the reader must know; End with what you ask for, and by when",
        "Use at most 150 words; Do not invent names, dates or facts: write them as [placeholder];"
        " Ask for exactly one thing",
    ),
    _kind(
        "comparison",
        r"compar\w+|versus|vs|differences? between|pros and cons|which is better",
        "analyst",
        "a table with one row for each criterion, then a recommendation of two sentences.",
        "a table of criteria and a recommendation",
        "Choose at least four criteria; Judge each side by each of them; Recommend one and say for whom",
        "Use the same criteria for each side; Do not state numbers that you are not sure of;"
        " Name at least one weakness of each",
    ),
    _kind(
        "list",
        r"list|ideas|names|suggest\w*|brainstorm|tips|ways to|examples of|recommend\w*|top \d+",
        "adviser",
        "a numbered list, each item with a title in bold and one sentence of reason.",
        "a numbered item with one sentence of reason",
        "Collect more items than are asked for; Drop those that repeat another; Order the rest by usefulness",
        "Give exactly the number of items that the task asks for, else five; Do not repeat an idea;"
        " Use at most 25 words for each item",
    ),
    _kind(
        "creative",
        r"story|poem|song|lyrics|haiku|novel|slogan|joke|dialogue|character",
        "published author",
        "the text itself under a title, without any comment on it.",
        "a title and the text",
        "Settle the place, the people and the conflict; Write the text; Cut every sentence that can go",
        "Show what happens and do not explain it; Avoid clichés; Keep to one point of view only",
    ),
    _kind(
        "plan",
        r"plan|schedule|roadmap|itinerary|organi[sz]e|strategy|workout|curriculum",
        "planner",
        "a table with the columns step, time and result.",
        "one row with a step, its time and its result",
        "State the aim and what is given; Split the way there into steps; Give each step a time and a result",
        "Stay within the time and the means that the task names; Do not plan more than one step at a time;"
        " Name at least one risk and what to do about it",
    ),
    _kind(
        "explanation",
        r"explain|what|why|how|describe|teach|define|meaning|understand|difference",
        "teacher",
        "a definition of one sentence, three short paragraphs, and one example.",
        "a definition of one sentence and an example",
        "Define the terms; Explain how they belong together; Give one example from daily life",
        "Use at most 250 words; Explain each technical term where it first stands; Say so if something is not known,"
        " and do not guess",
    ),
    _kind(
        "text",
        "",
        "writer and editor",
        "plain paragraphs of at most four sentences each, under short headings.",
        "a heading and a paragraph of at most four sentences",
        "Gather what the reader must know; Write a first version; Remove whatever does not serve the task",
        "Use at most 400 words; Do not invent facts; Avoid filler and repetition",
    ),
)


def kind_of(task: str) -> Kind:
    """Return what kind of work `task` asks for; its beginning says it."""
    head = task[:600]
    return next((kind for kind in KINDS[:-1] if kind.words.search(head)), KINDS[-1])


def topic_of(task: str) -> str:
    """Return what `task` is about, as it is written there: up to three words in a row, empty where no word says it.

    It is the first of the rows whose words occur most often; other words and punctuation end a row.
    """
    counts: Counter[str] = Counter()
    rows: list[list[str]] = [[]]
    for found in re.finditer(r"(?P<word>[^\W\d_][\w+#-]*)|[^\w\s]", task[:_READ_CHARACTERS]):
        word = found["word"]
        # Words of two letters and less say too little.
        if word is None or word.lower() in _STOP_WORDS or len(word) <= 2:  # noqa: PLR2004
            rows.append([])
            continue
        counts[word.lower()] += 1
        if len(rows[-1]) < _TOPIC_WORDS:
            rows[-1].append(word)
    return " ".join(max(rows, key=lambda row: sum(counts[word.lower()] for word in row)))
