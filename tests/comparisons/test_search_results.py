"""Queries and highlights of a search, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.forms import SearchForm, clean_all
from comparisons.shaping import search_results
from tools.search import HIGHLIGHT_START, HIGHLIGHT_STOP, MAX_QUERY_LENGTH


def test_highlight_escapes_everything_else():
    text = f"<b>a</b> {HIGHLIGHT_START}x<i>{HIGHLIGHT_STOP} & {HIGHLIGHT_START}y{HIGHLIGHT_STOP}"
    assert search_results.highlight(text) == "&lt;b&gt;a&lt;/b&gt; <mark>x&lt;i&gt;</mark> &amp; <mark>y</mark>"


@pytest.mark.parametrize(
    ("text", "beside", "lines"),
    [
        ("License: {MIT}\nPlans: Pro", "Quill", ["License: {MIT}"]),
        ("License: {MIT}\nPlans: Pro", "An {MIT} tool", []),
        ("License: {MIT}\nOther: {MIT} of {sorts}", "An {mit} tool", ["Other: {MIT} of {sorts}"]),
        ("A: {x}\nB: {x}\nC: {X} {x}\nD: {x}", "", ["A: {x}", "B: {x}", "C: {X} {x}"]),
        ("License: MIT", "Quill", []),
        ("", "", []),
    ],
)
def test_lines_with_the_most_words_are_chosen(text, beside, lines):
    def mark(words: str) -> str:
        return words.replace("{", HIGHLIGHT_START).replace("}", HIGHLIGHT_STOP)

    assert search_results.choose_lines(mark(text), beside=[mark(beside)]) == [mark(line) for line in lines]


@given(st.text(alphabet=["a", "<", "&", HIGHLIGHT_START, HIGHLIGHT_STOP]))
def test_highlight_is_balanced_for_any_text(text):
    html = search_results.highlight(text)
    assert html.count("<mark>") == html.count("</mark>") == text.count(HIGHLIGHT_START)
    assert "<" not in html.replace("<mark>", "").replace("</mark>", "")


@given(st.text())
def test_search_form_cleans_any_text_to_one_line(text):
    words = clean_all(SearchForm({"q": text}))["q"]
    assert len(words) <= MAX_QUERY_LENGTH
    assert words == " ".join(words.split())
    assert clean_all(SearchForm({"q": words}))["q"] == words
    assert not {"\0", HIGHLIGHT_START, HIGHLIGHT_STOP, "\u202e", "\u200b", "\n"} & set(words)


def test_search_form_truncates_the_query():
    assert clean_all(SearchForm({"q": "a" * 10_000, "kind": "cats", "page": "x"})) == {
        "q": "a" * MAX_QUERY_LENGTH,
        "kind": "",
        "page": "x",
    }
