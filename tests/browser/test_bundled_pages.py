"""The bundled gradio, streamlit and static Spaces in a browser: typed into, clicked, and read, with no way out."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from hf_spaces_runner.registry.registry import bundled_registry_directory
from tests.browser.chromium import needs_chromium
from tests.browser.conftest import Show

pytestmark = [pytest.mark.engine, needs_chromium]

SPACES = bundled_registry_directory() / "spaces"
GRADIO_ASKS = {"cdnjs.cloudflare.com", "fonts.googleapis.com", "huggingface.co"}
"""Whom a page of Gradio 5 asks for a script, for fonts, and for the Space that it is of. It must do without."""
CITIES = "city;people;founded\nOslo;717710;1040\nTromsø;78745;1794\nBergen;291940;1070\n"


def test_a_gradio_page_tells_the_sentiment_of_what_is_typed(show: Show) -> None:
    visit = show("vader-sentiment")
    page = visit.page
    for text, sentiment, compound in (
        ("I love this little town, the food is wonderful!", "positive", re.compile(r"compound\W+0\.[5-9]")),
        ("The worst hotel ever: dirty, loud, and I hate the staff.", "negative", re.compile(r"compound\W+-0\.[5-9]")),
    ):
        page.get_by_label("Text").fill(text)
        page.get_by_role("button", name="Submit").click()
        expect(page.get_by_test_id("label-output-value")).to_have_text(sentiment)
        expect(page.get_by_test_id("json")).to_contain_text(compound)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("The text is empty: give a sentence.")).to_be_visible()
    assert visit.outside_hosts == GRADIO_ASKS
    assert visit.errors == []


def test_a_streamlit_page_shows_the_table_and_the_chart_of_a_file(show: Show, tmp_path: Path) -> None:
    file = tmp_path / "cities.csv"
    file.write_text(CITIES, encoding="utf-8")
    visit = show("csv-explorer")
    page = visit.page
    chart = page.get_by_test_id("stVegaLiteChart")
    # The table is drawn on a canvas; its text stands behind that, for screen readers.
    names, cells = page.get_by_test_id("stDataFrame").locator("th"), page.get_by_test_id("stDataFrame").locator("td")
    expect(page.get_by_text("8 of 8 rows, 6 columns")).to_be_visible()
    expect(chart.get_by_label("planet: Jupiter; diameter_km: 142984")).to_be_visible()

    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("3 of 3 rows, 3 columns")).to_be_visible()
    expect(names).to_have_text(["city", "people", "founded"])
    expect(cells).to_have_text(["Oslo", "717710", "1040", "Tromsø", "78745", "1794", "Bergen", "291940", "1070"])
    expect(chart.get_by_label("city: Tromsø; people: 78745")).to_be_visible()
    expect(chart.get_by_label("with 3 values: Oslo, Tromsø, Bergen")).to_be_visible()  # as in the file

    search = page.get_by_role("textbox", name="Search")
    search.fill("oslo")
    search.press("Enter")
    expect(page.get_by_text("1 of 3 rows, 3 columns")).to_be_visible()
    expect(cells).to_have_text(["Oslo", "717710", "1040"])
    expect(chart.get_by_label("city: Oslo; people: 717710")).to_be_visible()
    expect(chart.get_by_label("city: Tromsø; people: 78745")).to_have_count(0)
    search.fill("")
    search.press("Enter")
    page.get_by_text("Line", exact=True).click()
    expect(chart.locator(".mark-line")).to_have_count(1)
    expect(chart.get_by_label("with 3 values: Oslo, Tromsø, Bergen")).to_be_visible()
    assert visit.outside == []
    assert visit.errors == []


def test_a_static_page_makes_a_palette_of_a_color(show: Show) -> None:
    visit = show("color-palette")
    page = visit.page
    swatches = page.get_by_label("Palette").get_by_role("button")
    sample = json.loads((SPACES / "color-palette" / "sample" / "expected.json").read_text(encoding="utf-8"))
    expect(swatches).to_contain_text(sample["palette"])

    page.get_by_label("Color").fill("#F00")
    page.get_by_label("Rule").select_option("Triadic")
    expect(swatches).to_contain_text(["#ff0000", "#ff4d4d", "#00ff00", "#0000ff", "#4d4dff"])
    expect(page.get_by_label("Pick")).to_have_value("#ff0000")
    expect(swatches.nth(3)).to_have_css("background-color", "rgb(0, 0, 255)")
    swatches.nth(3).click()
    expect(page.get_by_role("status")).to_have_text("#0000ff was copied")
    assert page.evaluate("navigator.clipboard.readText()") == "#0000ff"

    page.get_by_label("Color").fill("bluish")
    expect(page.get_by_role("alert")).to_have_text("That is not a color: write it like #3b82f6")
    page.get_by_label("Pick").fill("#008000")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.get_by_label("Color")).to_have_value("#008000")
    expect(swatches.first).to_contain_text("#008000")
    expect(page.get_by_role("status")).to_have_text("")
    assert visit.outside == []
    assert visit.errors == []
