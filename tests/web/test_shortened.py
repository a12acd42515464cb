import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.markdown import plain
from web.words import first_that_fits, shortened


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("one two", "one two"),
        ("one two three", "one two…"),
        ("one two, three", "one two…"),
        ("one. Two three", "one. Two…"),
        ("onetwothreefour", "onetwothr…"),
        ("", ""),
    ],
)
def test_text_is_cut_between_words(text, cut):
    assert shortened(text, 10) == cut


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_cut_text_fits_and_is_the_beginning(text, limit):
    cut = shortened(text, limit)
    assert len(cut) <= limit
    assert text.startswith(cut if cut == text else cut.removesuffix("…"))


def test_first_wording_that_fits_is_taken_and_else_the_last_is_cut():
    assert first_that_fits(5, "far too long", "fits", "yes") == "fits"
    assert first_that_fits(5, "far too long", "still too long") == "stil…"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It *holds*.", "It holds."),
        ("`a < b` & c", "a < b & c"),
        ("<b>x</b>", "<b>x</b>"),
        ("[so](https://a.example/)", "so"),
    ],
)
def test_plain_is_markdown_without_its_marks(text, words):
    assert plain(text) == words
