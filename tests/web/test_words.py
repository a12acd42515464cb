from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.markdown import to_plain_text
from web.words import (
    bind_numbers,
    choose_fitting,
    fit_sentences,
    format_moment,
    join_shortened,
    join_words,
    shorten,
    split_sentences,
)


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
def test_shorten_cuts_between_words(text, cut):
    assert shorten(text, 10) == cut


@given(st.text(), st.integers(min_value=1, max_value=50))
def test_shortened_text_fits_and_is_a_prefix(text, limit):
    cut = shorten(text, limit)
    assert len(cut) <= limit
    assert text.startswith(cut if cut == text else cut.removesuffix("…"))


@given(st.text(max_size=60), st.text(max_size=60), st.integers(min_value=6, max_value=50))
def test_joined_texts_share_the_room(first, second, limit):
    joined = join_shortened(first, ": ", second, limit=limit)
    assert len(joined) <= limit
    assert ": " in joined
    half = (limit - 2) // 2
    if len(second) <= half:
        assert joined.endswith(f": {second}")
    if len(first) <= half:
        assert joined.startswith(f"{first}: ")


def test_sentences_are_split_at_their_ends():
    assert split_sentences("One. Two!  “Three?” Four 1.5 five. ") == [
        "One.",
        "Two!",
        "“Three?”",
        "Four 1.5 five.",
    ]
    assert split_sentences(" ") == []


def test_fit_sentences_keeps_whole_sentences():
    assert fit_sentences(9, "One.", "Two.", "Three.") == "One. Two."
    assert fit_sentences(8, "One.", "Two.", "Three.") == "One."
    assert fit_sentences(8, "One.", "Far too long.", "Two.") == "One."
    assert fit_sentences(8, "Far too long.", "One.") == "Far too…"
    assert fit_sentences(8) == ""


def test_choose_fitting_returns_the_first_that_fits_or_shortens_the_last():
    assert choose_fitting(5, "far too long", "fits", "yes") == "fits"
    assert choose_fitting(5, "far too long", "still too long") == "stil…"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It *holds*.", "It holds."),
        ("`a < b` & c", "a < b & c"),
        ("<b>x</b>", "<b>x</b>"),
        ("[so](https://a.example/)", "so"),
    ],
)
def test_plain_text_has_no_markup(text, words):
    assert to_plain_text(text) == words


@pytest.mark.parametrize(
    ("items", "words"),
    [(["a"], "a"), (["a", "b"], "a or b"), (["a", "b", "c"], "a, b, or c"), (["a", "b", "c", "d"], "a, b, c, or d")],
)
def test_words_are_joined_with_a_serial_comma(items, words):
    assert (join_words(items, "or"), join_words(items)) == (words, words.replace("or", "and"))


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("Mistral Medium 3 leads, 3 to 2.", "Mistral Medium\u00a03 leads, 3 to\u00a02."),
        ("verified Nov 20, 2026", "verified Nov\u00a020, 2026"),
        ("GPT-5 mini", "GPT-5 mini"),
    ],
)
def test_number_stays_with_the_word_before_it(text, bound):
    assert bind_numbers(text) == bound


def test_moment_is_in_utc():
    noon = datetime(2026, 8, 3, 12, 0, 5, tzinfo=UTC)
    assert format_moment(noon) == "Aug 3, 2026, 12:00 UTC"
    assert format_moment(noon.astimezone(timezone(timedelta(hours=14)))) == "Aug 3, 2026, 12:00 UTC"
    assert format_moment(noon, with_seconds=True) == "Aug 3, 2026, 12:00:05 UTC"
