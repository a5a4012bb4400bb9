"""A Space that tells the sentiment of an English text by VADER: a lexicon and a few rules, no model."""

import gradio as gr
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

# VADER's time grows with the square of the length: the worst text of this size takes it a second.
MAX_CHARACTERS = 20_000
# VADER's authors call a text positive from +0.05 and negative from -0.05 of the compound score.
THRESHOLD = 0.05

ANALYZER = SentimentIntensityAnalyzer()


def confidences_of(compound: float) -> dict[str, float]:
    """Turn a compound score (-1 to 1) into three confidences that add up to 1.

    They are the score on another scale, not probabilities. The largest is the class that VADER's authors assign.
    """
    strength = abs(compound)
    named, opposite = ("positive", "negative") if compound >= 0 else ("negative", "positive")
    if strength < THRESHOLD:
        return {"neutral": 1 - strength, named: strength, opposite: 0.0}
    return {named: (1 + strength) / 2, "neutral": (1 - strength) / 2, opposite: 0.0}


def analyze(text: str) -> tuple[dict[str, float], dict[str, float]]:
    """Give the confidences of the three labels and VADER's own four scores.

    Raises:
        gr.Error: the text is empty or longer than `MAX_CHARACTERS`.
    """
    if not text or not text.strip():
        raise gr.Error("The text is empty: give a sentence.")
    if len(text) > MAX_CHARACTERS:
        raise gr.Error(f"The text has {len(text):,} characters; at most {MAX_CHARACTERS:,} are read.")
    scores = ANALYZER.polarity_scores(text)
    return confidences_of(scores["compound"]), {name: scores[name] for name in ("compound", "pos", "neu", "neg")}


demo = gr.Interface(
    fn=analyze,
    inputs=gr.Textbox(label="Text", lines=4, placeholder="I love it!"),
    outputs=[gr.Label(label="Sentiment"), gr.JSON(label="Scores")],
    title="VADER sentiment",
    description="The sentiment of an English text, from a lexicon and rules: short informal texts suit it best.",
    api_name="analyze",
    flagging_mode="never",
    analytics_enabled=False,
)

if __name__ == "__main__":
    demo.launch()
