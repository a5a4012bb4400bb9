"""A Space that shows a CSV file as a table that can be searched, and as a chart."""

from io import BytesIO
from pathlib import Path

import altair as alt
import pandas as pd
import streamlit as st

SAMPLE = Path(__file__).parent / "sample" / "planets.csv"
MAX_ROWS = 100_000
MAX_BYTES = 50 * 1024**2
SEPARATORS = (",", ";", "\t")


def separator_of(content: bytes) -> str:
    """Return what stands most often in the first line; a comma where nothing does."""
    first = content.split(b"\n", 1)[0].decode("utf-8-sig")
    return max(SEPARATORS, key=first.count)


@st.cache_data(max_entries=4)
def read_table(content: bytes) -> pd.DataFrame:
    """Read a CSV file.

    Raises:
        ValueError: it is not UTF-8, not CSV, empty, or too large.
    """
    if len(content) > MAX_BYTES:
        raise ValueError(f"The file is larger than {MAX_BYTES // 1024**2} MiB.")
    table = pd.read_csv(BytesIO(content), sep=separator_of(content), encoding="utf-8-sig", nrows=MAX_ROWS + 1)
    if len(table) > MAX_ROWS:
        raise ValueError(f"The file has more than {MAX_ROWS:,} rows.")
    if table.empty:
        raise ValueError("The file has no rows.")
    return table.rename(columns=str)


def search(table: pd.DataFrame, words: str) -> pd.DataFrame:
    """Return the rows that have each of `words` in some column, whatever its case."""
    text = table.astype(str).agg(" ".join, axis="columns").str.lower()
    for word in words.lower().split():
        table = table[text.loc[table.index].str.contains(word, regex=False)]
    return table


def show_chart(table: pd.DataFrame) -> None:
    """Draw one column of numbers over another column."""
    numbers = [name for name in table.columns if pd.api.types.is_numeric_dtype(table[name])]
    if not numbers:
        st.info("No column holds numbers, so there is nothing to draw.")
        return
    left, middle, right = st.columns(3)
    across = left.selectbox("Across", list(table.columns))
    up = middle.selectbox("Up", numbers)
    kind = right.radio("Chart", ["Bars", "Line"], horizontal=True)
    if kind == "Bars":
        st.bar_chart(table, x=across, y=up, sort=False)  # words stand in the order of the file, not of the alphabet
        return
    drawn = pd.DataFrame({"across": table[across], "up": table[up]})  # a name such as "km.h" means something to Altair
    x, y = alt.X("across", title=across, sort=None), alt.Y("up", title=up)
    st.altair_chart(alt.Chart(drawn).mark_line(point=True, tooltip=True).encode(x, y))


st.set_page_config(page_title="CSV explorer", page_icon="📊", layout="wide")
st.title("CSV explorer")
uploaded = st.file_uploader("A CSV file of yours (it stays on this machine)", type=["csv", "tsv", "txt"])
try:
    full = read_table(SAMPLE.read_bytes() if uploaded is None else uploaded.getvalue())
except ValueError as error:  # what pandas says of a file that is no CSV is one as well
    st.error(f"The file cannot be read: {error}")
    st.stop()
found = search(full, st.text_input("Search", placeholder="words that a row must have"))
st.caption(f"{len(found):,} of {len(full):,} rows, {len(full.columns)} columns")
st.dataframe(found, hide_index=True)
if not found.empty:
    show_chart(found)
