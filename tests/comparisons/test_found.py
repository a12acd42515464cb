import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparisons.forms import SearchForm, cleaned
from comparisons.shaping import search_results
from tools.search import LONGEST, START, STOP


def test_what_was_found_is_marked_and_everything_is_escaped():
    text = f"<b>a</b> {START}x<i>{STOP} & {START}y{STOP}"
    assert search_results.marked(text) == "&lt;b&gt;a&lt;/b&gt; <mark>x&lt;i&gt;</mark> &amp; <mark>y</mark>"


@given(st.text(alphabet=["a", "<", "&", START, STOP]))
def test_marks_are_balanced_whatever_the_text_holds(text):
    html = search_results.marked(text)
    assert html.count("<mark>") == html.count("</mark>") == text.count(START)
    assert "<" not in html.replace("<mark>", "").replace("</mark>", "")


@pytest.mark.parametrize(
    ("words", "sides", "either", "both"),
    [
        ("aider vs cline", ("aider", "cline"), "aider  or  cline", "aider   cline"),
        ("aider-vs-cline", ("aider", "cline"), "aider- or -cline", "aider- -cline"),
        ("Aider VERSUS Cline", ("Aider", "Cline"), "Aider  or  Cline", "Aider   Cline"),
        ("aider vs. cline", ("aider", "cline"), "aider  or  cline", "aider   cline"),
        ("aider cline", None, "aider cline", "aider cline"),
        ("vs", None, " or ", " "),
        ("a vs b vs c", None, "a  or  b  or  c", "a   b   c"),
        ("vsx", None, "vsx", "vsx"),
    ],
)
def test_two_sides_of_a_query(words, sides, either, both):
    assert (search_results.sides(words), search_results.either(words), search_results.both(words)) == (
        sides,
        either,
        both,
    )


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("mistrl", "mistral"),
        ("claud haiku", "claude haiku"),
        ("openwebui", "open webui"),
        ("zzz haiuk", "haiku"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_mistyped_words_are_replaced_by_those_that_were_meant(words, meant):
    assert search_results.meant(words, ["Mistral Medium 3", "Claude Haiku", "Open WebUI"]) == meant


@given(st.text())
def test_what_is_typed_becomes_one_clean_line(text):
    words = cleaned(SearchForm({"q": text}))["q"]
    assert len(words) <= LONGEST
    assert words == " ".join(words.split())
    assert cleaned(SearchForm({"q": words}))["q"] == words
    assert not {"\0", START, STOP, "\u202e", "\u200b", "\n"} & set(words)


def test_query_is_cut():
    assert cleaned(SearchForm({"q": "a" * 10_000, "kind": "cats", "page": "x"})) == {
        "q": "a" * LONGEST,
        "kind": "",
        "page": "x",
    }
