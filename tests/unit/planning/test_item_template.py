import pytest
from hypothesis import given
from hypothesis import strategies as st

from hf_spaces_runner.planning.item_template import TemplateError, as_text, parse_template


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("no columns", "no columns"),
        ("{city}", "Bern"),
        ("A map of { city } in {year}: {city}", "A map of Bern in 1848: Bern"),
        ("{two words}", "yes"),
        ("{{city}} {{}} {{{city}}}", "{city} {} {Bern}"),
        ('JSON {{"a": {year}}}', 'JSON {"a": 1848}'),
        ("{nothing}.", "."),
        ("{flag} {list} {text}", 'true ["ä"] {city}'),
    ],
)
def test_columns_are_filled_in_and_what_they_hold_is_not_looked_at_again(text: str, expected: str) -> None:
    row = {"city": "Bern", "year": 1848, "two words": "yes", "nothing": None, "flag": True, "list": ["ä"]}
    assert parse_template(text).fill({**row, "text": "{city}"}) == expected


@pytest.mark.parametrize("text", ["{", "}", "a {city", "city} b", "{}", "{a\nb}", "{{}", "{a{b}", '{"a": 1}'])
def test_a_brace_alone_is_no_template(text: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(text)


@pytest.mark.parametrize("text", ["{city.upper}", "{city!r}", "{city:>9}", "{0}", "{city[0]}", "{__class__}"])
def test_a_name_is_a_name_and_nothing_is_evaluated(text: str) -> None:
    template = parse_template(text)
    with pytest.raises(TemplateError, match="no column"):
        template.fill({"city": "Bern"})
    assert template.fill({text[1:-1]: "as it stands"}) == "as it stands"


def test_the_message_names_the_column_and_those_that_there_are() -> None:
    with pytest.raises(TemplateError, match=r"no column 'town' for \{town\}: the columns are city, year"):
        parse_template("{town}").check(["city", "year"])
    with pytest.raises(TemplateError, match="there are no columns"):
        parse_template("{town}").check([])


@given(st.text())
def test_any_text_survives_with_its_braces_doubled(text: str) -> None:
    assert parse_template(text.replace("{", "{{").replace("}", "}}")).fill({}) == text


@given(st.text(), st.text())
def test_any_value_stands_in_the_text_as_it_is(value: str, other: str) -> None:
    filled = parse_template("<{a}|{b}>").fill({"a": value, "b": other})
    assert filled == f"<{value}|{other}>"


@pytest.mark.parametrize(("value", "expected"), [("x", "x"), (None, ""), (1.5, "1.5"), (False, "false"), ({}, "{}")])
def test_values_as_text(value: object, expected: str) -> None:
    assert as_text(value) == expected
