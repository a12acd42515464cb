"""Monograms: what stands in the place of a logo."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tools.monograms import HUES, choose_hue, write_monogram


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Qdrant", "Qd"),
        ("vLLM", "Vl"),
        ("faster-whisper", "FW"),
        ("llama.cpp", "LC"),
        ("Mistral Medium 3 (72B Instruct)", "MM"),
        ("(unnamed)", "Un"),
        ("R", "R"),
        ("!?", "!"),
        ("日本語", "日本"),
    ],
)
def test_monogram_is_initials_or_the_first_two_letters(name, letters):
    assert write_monogram(name) == letters


@given(st.text(min_size=1), st.text())
def test_every_name_has_a_short_monogram_and_every_slug_a_hue(name, slug):
    assert 1 <= len(write_monogram(name)) <= 6  # some letters have long capitals
    assert 0 <= choose_hue(slug) < HUES
