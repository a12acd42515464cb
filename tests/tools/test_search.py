import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from comparisons.models import Comparison
from reviews.models import Review
from tests import factories as make
from tools.models import Tool
from tools.search import CANDIDATES, HIGHLIGHT_START, HIGHLIGHT_STOP, force_custom_plans

pytestmark = pytest.mark.django_db

HIDDEN = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]
METHODS = ["matching_prefix", "resembling", "named"]


def names(tools) -> list[str]:
    return [tool.name for tool in tools]


def search(model, words: str) -> list:
    """Return public rows that match, best first."""
    objects = model.objects.in_bulk()
    return [objects[pk] for pk in model.objects.search_ids(words)]


def search_names(model, words: str) -> list[str]:
    return names(search(model, words))


# -- Tools --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    ["quill", "QUILL", "quill io", "Quillwright", "pennyfeather", "typewriters", "typewriter for poets", '"for poets"',
     "iambic rhyming", "emphasis", "linked words", "quill or zzz", "the quill", "QW-2", "qw 2", "2"],
)  # fmt: skip
def test_tool_matches_by_name_alias_tagline_and_description(words):
    make.tool(name="Other", description="Nothing of that.")
    tool = make.tool(
        name="Quill.io",
        short_name="Pennyfeather",
        aliases=["Quillwright", "QW-2"],
        tagline="A typewriter for poets",
        description="It rhymes in iambs, with *emphasis* and [linked words](https://example.com/target).",
    )
    Tool.objects.filter(pk=tool.pk).update(description=tool.description + " Iambic.")
    assert search_names(Tool, words) == ["Quill.io"]


@pytest.mark.parametrize(
    "words", ["target", "https", "poets typewriter zzz", '"poets typewriter"', "", "-", '"', "zzz"]
)
def test_search_does_not_find_other_words(words):
    make.tool(name="Quill", tagline="A typewriter for poets", description="[here](https://example.com/target)")
    assert search_names(Tool, words) == []


def test_exact_names_rank_before_names_taglines_and_descriptions():
    make.tool(name="D", description="quill")
    make.tool(name="C", tagline="quill")
    make.tool(name="Quill quill quill")
    make.tool(name="A", aliases=["QUILL"])
    assert search_names(Tool, "quill") == ["A", "Quill quill quill", "C", "D"]


def test_common_word_ranks_the_newest_rows_and_those_with_it_in_the_name():
    category = make.category()
    old = make.tool(name="Old quill", category=category)
    Tool.objects.filter(pk=old.pk).update(published_at=make.PAST.replace(year=2020))
    Tool.objects.bulk_create(
        Tool(slug=f"t{n}", name=f"T{n}", tagline="quill", category=category, published_at=make.PAST)
        for n in range(CANDIDATES + 5)
    )
    best_first = search_names(Tool, "quill")
    assert (best_first[0], len(best_first)) == ("Old quill", CANDIDATES + 1)


def test_prefixes_match_names_and_words_in_names():
    make.tool(name="Quill writer")
    make.tool(name="The quill")
    make.tool(name="Quilt")
    make.tool(name="Writer")
    make.tool(name="Mill", aliases=["quil"])
    for typed, expected in {
        "quil": ["Mill", "Quill writer", "Quilt", "The quill"],
        "qui wri": ["Quill writer"],
        "wri": ["Writer", "Quill writer"],
        "uill": [],
        "": [],
        "'": [],
        "%": [],
    }.items():
        assert names(Tool.objects.matching_prefix(typed)) == expected


@pytest.mark.parametrize(
    ("typed", "first"),
    [("mistrl", "Mistral Medium"), ("claud haiku", "Claude Haiku"), ("qdrnat", "Qdrant"), ("openwebui", "Open WebUI"),
     ("haiuk", "Claude Haiku"), ("comfi ui", "ComfyUI"), ("Мистрал", "Мистраль")],
)  # fmt: skip
def test_misspelled_names_are_found_by_similarity(typed, first):
    for name in ("Mistral Medium", "Claude Haiku", "Qdrant", "Open WebUI", "ComfyUI", "Мистраль", "Piper"):
        make.tool(name=name)
    nearest = Tool.objects.resembling(typed)[0]
    assert nearest.name == first
    assert 0.4 <= nearest.likeness <= 1


@pytest.mark.parametrize("typed", ["", "a", "ab", "?!", "zzzzzz", "\x00"])
def test_input_without_similar_names_finds_nothing(typed):
    make.tool(name="Ab initio")
    assert names(Tool.objects.resembling(typed)) == []


def test_named_is_exact_except_for_case():
    make.tool(name="Quill, the {1}st", aliases=['Say "Q"', "a\\b"])
    make.tool(name="quill")
    for wanted, expected in {
        "QUILL": ["quill"],
        "quill, the {1}ST": ["Quill, the {1}st"],
        'say "q"': ["Quill, the {1}st"],
        "A\\B": ["Quill, the {1}st"],
        "qui": [],
        "": [],
    }.items():
        assert names(Tool.objects.named(wanted)) == expected


@pytest.mark.parametrize("fields", HIDDEN)
@pytest.mark.parametrize("method", METHODS)
def test_hidden_tool_is_not_found(fields, method):
    make.tool(name="Quill", **fields)
    assert names(getattr(Tool.objects.published(), method)("quill")) == []
    assert search(Tool, "quill") == []


@given(st.text(max_size=80))
def test_no_input_raises_an_error(text):
    words = text.replace("\0", "")
    for method in METHODS:
        list(getattr(Tool.objects.published(), method)(words)[:3])
    for model in (Tool, Review, Comparison):
        model.objects.search_ids(words)
    list(Tool.objects.with_highlights(words)[:1])


def test_search_columns_are_not_loaded_with_objects():
    tool = make.tool()
    make.comparison(first=tool)
    make.review(of=tool, by=make.reviewer())
    for queryset in (
        Tool.objects.select_related("category"),
        Review.objects.select_related("tool"),
        Comparison.objects.select_related("first", "second"),
    ):
        assert "search_vector" not in str(queryset.query)
        assert "search_vector" not in queryset[0].__dict__


def test_very_long_description_is_stored_and_found():
    make.tool(name="Long", description="quill " + " ".join(f"word{n}" for n in range(200_000)))
    assert search_names(Tool, "quill") == ["Long"]


def test_custom_plans_are_forced_only_within_the_context():
    def mode() -> str:
        with connection.cursor() as cursor:
            cursor.execute("SHOW plan_cache_mode")
            return cursor.fetchone()[0]

    with force_custom_plans():
        assert mode() == "force_custom_plan"


# -- Reviews ------------------------------------------------------------------------------------------------


def test_review_matches_by_quote_and_flip_condition():
    tool, seat = make.tool(name="Quill"), make.reviewer()
    review = make.review(of=tool, by=seat, quote="It **rhymed** well.", flips_if="A metronome appears.")
    for words in ("rhyme", "metronomes", "rhymed metronome"):
        assert search(Review, words) == [review]
    assert search(Review, "quill") == []


def test_only_current_editions_are_found():
    tool, seat = make.tool(), make.reviewer()
    old = make.review(of=tool, by=seat, quote="An oldword.")
    new = make.later_edition(of=old, verdict="skip", quote="A newword.")
    make.review(of=tool, by=seat, quote="A draftword.", published_at=None)
    make.review(of=tool, by=seat, quote="A laterword.", published_at=make.FUTURE)
    for words, expected in {"oldword": [], "newword": [new], "draftword": [], "laterword": []}.items():
        assert search(Review, words) == expected
    new.withdraw()
    assert search(Review, "newword") == []
    assert search(Review, "oldword") == [old]


@pytest.mark.parametrize("fields", HIDDEN)
def test_review_of_a_hidden_tool_is_not_found(fields):
    make.review(of=make.tool(**fields), by=make.reviewer(), quote="A secretword.")
    assert search(Review, "secretword") == []


# -- Comparisons --------------------------------------------------------------------------------------------


def test_comparison_matches_by_both_names_one_name_and_introduction():
    pair = make.comparison(
        first=make.tool(name="Quill", aliases=["Feather"]),
        second=make.tool(name="Pencil"),
        introduction="Who *writes*?",
    )
    make.comparison()
    for words in ("quill pencil", "pencil quill", "feather", "write", "pencil writing"):
        assert search(Comparison, words) == [pair]


def test_comparison_is_found_by_the_current_names_of_its_tools():
    pair = make.comparison(first=make.tool(name="Quill"), second=make.tool(name="Pencil"))
    Tool.objects.filter(pk=pair.first_id).update(name="Feather")
    pair.second.aliases, pair.second.short_name = ["Graphite"], "Stub"
    pair.second.save()
    Comparison.objects.filter(pk=pair.pk).update(introduction="Ink")
    for words, expected in {"quill": [], "feather graphite stub ink": [pair]}.items():
        assert search(Comparison, words) == expected
    Comparison.objects.filter(pk=pair.pk).update(second=make.tool(name="Chalk"))
    assert search(Comparison, "pencil") == []


@pytest.mark.parametrize("fields", HIDDEN)
def test_hidden_comparison_is_not_found(fields):
    make.comparison(first=make.tool(name="Quill"), **fields)
    make.comparison(first=make.tool(name="Quill", **fields))
    assert search(Comparison, "quill") == []


# -- Letters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["naive", "Naïve", "NAI\u0308VE", "nai\u0308ve", "ＮＡＩＶＥ"])
@pytest.mark.parametrize("stored", ["Naïve Bayes", "Nai\u0308ve Bayes", "Naive Bayes"])
def test_accents_and_normal_forms_do_not_matter(stored, typed):
    make.tool(name=stored)
    assert search_names(Tool, typed) == [stored]
    assert names(Tool.objects.matching_prefix(typed)) == [stored]
    assert names(Tool.objects.named(f"{typed} bayes")) == [stored]
    assert names(Tool.objects.resembling(f"{typed}s byaes")) == [stored]


@pytest.mark.parametrize(
    ("stored", "typed"),
    [("E²B Sandbox", "E2B"), ("E²B Sandbox", "e²b"), ("Ørsted AI", "orsted"), ("Straße", "strasse"), ("Łódź", "lodz"),
     ("Æsir", "aesir"), ("人工智能助手", "智能"), ("人工智能助手", "助手"), ("人工智能助手", "人工智能助手"),
     ("通义千问 Qwen", "千问 qwen"), ("東京アシスタント", "アシスタント"), ("인공지능도우미", "지능")],
)  # fmt: skip
def test_letters_of_any_script_are_found(stored, typed):
    make.tool(name=stored)
    make.tool(name="能智 手助 Other")
    assert search_names(Tool, typed) == [stored]
    assert names(Tool.objects.matching_prefix(typed)) == [stored]


def test_chinese_words_are_found_in_every_text():
    tool = make.tool(name="Alpha", description="一个人工智能助手。")
    make.review(of=tool, by=make.reviewer(), quote="这是人工智能助手。")
    make.comparison(first=tool, introduction="人工智能助手之间的比较。")
    assert [len(search(model, "智能助手")) for model in (Tool, Review, Comparison)] == [1, 1, 1]
    assert [len(search(model, "助智")) for model in (Tool, Review, Comparison)] == [0, 0, 0]


@pytest.mark.parametrize(
    ("text", "typed", "highlighted"),
    [
        ("Naïve rules", "naïve", "[Naïve] rules"),
        ("Naïve rules", "naive", "[Naïve] rules"),
        ("Naïvely ruled", "naively rules", "[Naïvely] [ruled]"),
        ("Naive rules", "naïve", "[Naive] rules"),
        ("The Ørsted of naïveté", "orsted", "The [Ørsted] of naïveté"),
        ("Über-Straße", "strasse or uber", "[Über]-[Straße]"),
        ("An “élan” of its own", "its elan", "An “[élan]” of its own"),
        ("Быстрая ЁЛКА", "елка", "Быстрая [ЁЛКА]"),
        ("人工智能助手，性能。", "智能", "人工[智能]助手，性能。"),
        ("人工智能助手 Qwen千问", "qwen千问 助手", "人工智能[助手] [Qwen][千问]"),
        ("인공지능도우미", "지능", "인공[지능]도우미"),
        ("Plain & ’quoted’ text", "naive text", "Plain & ’quoted’ [text]"),
        ("Naïve (a | b) & !c:b", "(naive & c", "[Naïve] (a | b) & ![c]:b"),
    ],
)
def test_match_is_highlighted_as_it_is_written(text, typed, highlighted):
    tool = make.tool(name=text, tagline=text, description=text, aliases=[text])
    [found] = Tool.objects.filter(pk=tool.pk).with_highlights(typed)
    for shown in ("name", "tagline", "description", "aliases"):
        marked = getattr(found, f"highlighted_{shown}")
        assert marked.replace(HIGHLIGHT_START, "[").replace(HIGHLIGHT_STOP, "]") == highlighted


@given(shown=st.text(max_size=200), words=st.text(max_size=50))
def test_highlighting_changes_no_character_and_never_fails(shown, words):
    shown, words = (text.translate({0: None, 0x1F: None, 0xE000: None, 0xE001: None}) for text in (shown, words))
    with connection.cursor() as cursor:
        options = f"StartSel={HIGHLIGHT_START}, StopSel={HIGHLIGHT_STOP}, HighlightAll=true"
        cursor.execute("SELECT highlighted(%s, %s, %s)", [shown, words, options])
        marked = cursor.fetchone()[0]
    assert marked.replace(HIGHLIGHT_START, "").replace(HIGHLIGHT_STOP, "") == shown
