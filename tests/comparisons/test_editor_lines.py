"""What editors say about the lines of “Pick if”: their own lines, an order, and what to hide."""

import json
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from catalog.actions import import_catalog
from catalog.problems import CatalogError
from comparisons import editor_lines
from comparisons.models import Comparison
from comparisons.shaping.picks import Line, Picks, choose_lines
from tests import factories as make
from tests.comparisons.test_picks_page import make_pair, read_lines
from tools.models import Tool

pytestmark = pytest.mark.django_db
OWN = {"side": "first", "words": "you already run Postgres", "link": "fact-hosting"}
PAGE = "/compare/alpha-vs-beta/"


def computed(*keys: str) -> tuple[Line, ...]:
    return tuple(Line(key, f"need {key}", f"#{key}", key) for key in keys)


def choose(*stored: dict[str, Any]) -> list[list[str]]:
    found = Picks(computed("a", "b", "c", "d", "e", "seat:x"), computed("f"), computed("g", "h", "i", "j"))
    chosen = choose_lines(found, editor_lines.read_lines(stored), {"pricing": "Prices"})
    return [[line.key or line.words for line in lines] for lines in chosen]


@pytest.mark.parametrize(
    ("stored", "lines"),
    [
        ([], [["a", "b", "c", "seat:x"], ["f"], ["g", "h", "i"]]),
        ([{"key": "b", "hidden": True}], [["a", "c", "d", "seat:x"], ["f"], ["g", "h", "i"]]),
        ([{"key": "e"}, {"key": "c"}], [["e", "c", "a", "seat:x"], ["f"], ["g", "h", "i"]]),
        ([{"key": "j"}, {"key": "h", "hidden": True}, {"key": "gone"}],
         [["a", "b", "c", "seat:x"], ["f"], ["j", "g", "i"]]),
        ([{"side": "second", "words": "own."}, {"key": "f"}],
         [["a", "b", "c", "seat:x"], ["own", "f"], ["g", "h", "i"]]),
        ([{"key": "seat:x"}, {"side": "first", "words": "own"}], [["seat:x", "own", "a", "b"], ["f"], ["g", "h", "i"]]),
        ([{"side": "first", "words": str(n)} for n in range(4)], [["0", "1", "2", "3"], ["f"], ["g", "h", "i"]]),
        ([{"side": "neither", "words": "own"}], [["a", "b", "c", "seat:x"], ["f"], ["own", "g", "h"]]),
    ],
)  # fmt: skip
def test_editors_write_place_and_hide_lines(stored, lines):
    assert choose(*stored) == lines


def test_own_line_links_only_to_what_the_page_shows():
    found = Picks()
    lines = editor_lines.read_lines([{"side": "first", "words": f"w{n}", "link": link}
                                     for n, link in enumerate(["pricing", "fact-gone", ""])])  # fmt: skip
    first = choose_lines(found, lines, {"pricing": "Prices"}).first
    assert [(line.url, line.source) for line in first] == [("#pricing", "Prices"), ("", ""), ("", "")]


SOUND: list[Any] = [
    [],
    [OWN],
    [{"side": "neither", "words": "x"}, {"key": "seat:a:ship", "hidden": True}, {"key": "license:mit"}],
    [{"side": "second", "words": "x", "link": "pricing"}],
]
UNSOUND: list[Any] = [
    {},
    "x",
    ["x"],
    [[]],
    [{}],
    [{"side": "first"}],
    [{"side": "third", "words": "x"}],
    [{"side": "first", "words": "  "}],
    [{"side": "first", "words": "x", "link": "javascript:alert(1)"}],
    [{"side": "first", "words": "x", "hidden": True}],
    [{"side": "first", "words": 7}],
    [{"key": ""}],
    [{"key": "a", "words": "x"}],
    [{"key": "a", "hidden": "yes"}],
    [{"key": "a", "more": 1}],
]


@pytest.mark.parametrize("stored", SOUND)
def test_sound_lines_are_accepted(stored):
    pair = make.comparison(lines=stored)
    pair.full_clean()
    assert [line.stored for line in editor_lines.read_lines(stored)] == stored


@pytest.mark.parametrize("stored", UNSOUND)
def test_other_values_are_refused_by_the_model_and_by_the_database(stored):
    pair = make.comparison()
    pair.lines = stored
    with pytest.raises(ValidationError, match=r"[Ll]ine"):
        pair.full_clean()
    with pytest.raises(IntegrityError, match="comparisons_lines_sound"), transaction.atomic():
        pair.save()


@pytest.mark.parametrize(
    ("stored", "message"),
    [
        ([OWN, {**OWN, "side": "second", "words": "You already run Postgres"}], "The same words stand twice."),
        ([{"key": "a"}, {"key": "a", "hidden": True}], "This line stands twice."),
        ([{"side": "first", "words": str(n)} for n in range(5)], "A side has at most 4 lines of your own."),
        ([{"side": "first", "words": "x" * 201}], "The line has 201 characters; the maximum is 200."),
        ([{"key": str(n)} for n in range(41)], "A comparison has at most 40 lines."),
    ],
)
def test_lines_that_contradict_each_other_are_refused(stored, message):
    assert list(editor_lines.find_line_errors(editor_lines.read_lines(stored)).values()) == [message]


def test_sides_swap_with_the_tools():
    stored = [{"side": "first", "words": "a"}, {"side": "second", "words": "b"}, {"side": "neither", "words": "c"},
              {"key": "d"}]  # fmt: skip
    swapped = editor_lines.swap_sides(stored)
    assert [line.get("side") for line in swapped] == ["second", "first", "neither", None]
    assert editor_lines.swap_sides(swapped) == stored


# -- On the page --------------------------------------------------------------------------------------------


def compare(**fields: Any) -> Comparison:
    make_pair()
    tools = [Tool.objects.get(slug=slug) for slug in ("alpha", "beta")]
    return make.comparison(first=tools[0], second=tools[1], **fields)


LINES = [OWN, {"side": "neither", "words": "you want <both>"}, {"key": "seat:founder:ship", "hidden": True}]


def test_page_and_document_show_what_editors_chose(client):
    compare(lines=LINES)
    assert read_lines(client) == [
        "Pick Alpha if",
        "You already run Postgres. Hosting",
        "You must host it, which Beta does not offer. Hosting",
        "Pick Beta if",
        "You want to start for free: Alpha starts at $9/mo. Prices",
        "You agree with The Founder: “Gist of The Founder.” The Founder",
        "Neither if you want <both>; “Works offline” matters to you (Works offline).",
    ]
    picks = client.get("/compare/alpha-vs-beta.json").json()["picks"]
    assert picks[0] == {"for": "first", "text": "You already run Postgres.", "source": "Hosting",
                        "url": f"http://127.0.0.1:8000{PAGE}#fact-hosting"}  # fmt: skip
    assert [(line["source"], line["url"]) for line in picks if line["text"] == "You want <both>."] == [("", "")]


def test_change_of_the_lines_is_a_change_of_the_page(client):
    pair = compare()
    etags = [client.get(url).headers["ETag"] for url in (PAGE, "/compare/alpha-vs-beta.json")]
    pair.lines = LINES
    pair.save()
    assert "You already run Postgres" in client.get(PAGE, headers={"if-none-match": etags[0]}).text
    document = client.get("/compare/alpha-vs-beta.json", headers={"if-none-match": etags[1]})
    assert "You already run Postgres" in document.text


@pytest.mark.parametrize("fields", [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}])
def test_lines_of_comparisons_that_are_not_public_do_not_leak(client, fields):
    compare(lines=LINES, **fields)
    assert "You already run Postgres" not in client.get(PAGE).text
    assert "You already run Postgres" not in client.get("/compare/alpha-vs-beta.json").text
    assert "The Founder’s condition to ship it holds" in client.get(PAGE).text


# -- In the catalog file ------------------------------------------------------------------------------------


def file_of(*slugs: str, **fields: Any) -> bytes:
    comparison = {"tools": slugs, **fields}
    return json.dumps({"format": "shipside-catalog/2", "comparisons": [comparison]}).encode()


def test_file_carries_lines_and_what_it_does_not_say_stays():
    pair = compare()
    import_catalog(content=file_of("alpha", "beta", lines=[LINES[2], *LINES[:2]]))
    pair.refresh_from_db()
    assert pair.lines == LINES
    assert pair.history.first().lines == LINES
    import_catalog(content=file_of("alpha", "beta", introduction="New."))
    pair.refresh_from_db()
    assert (pair.lines, pair.introduction) == (LINES, "New.")


def test_lines_stay_with_their_tools_when_a_file_turns_the_pair_around():
    pair = compare(lines=LINES)
    import_catalog(content=file_of("beta", "alpha"))
    pair.refresh_from_db()
    assert (pair.first.slug, pair.lines) == ("beta", editor_lines.swap_sides(LINES))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([{"side": "third", "words": "x"}], "Say whether it is for the first tool"),
        ([{"side": "first", "word": "x"}], "is not a known key"),
        ([{"key": "a"}, {"key": "a"}], "Line 2: This line stands twice."),
        ("x", "must be a list"),
    ],
)
def test_file_with_unsound_lines_is_refused_with_the_place(lines, message):
    compare()
    with pytest.raises(CatalogError) as error:
        import_catalog(content=file_of("alpha", "beta", lines=lines))
    [problem] = error.value.problems
    assert str(problem).startswith("comparisons[0].lines")
    assert message in str(problem)


def test_database_function_and_model_agree():
    with connection.cursor() as cursor:
        for stored in (*SOUND, *UNSOUND):
            cursor.execute("SELECT are_editor_lines(%s::jsonb)", [json.dumps(stored)])
            assert cursor.fetchone()[0] == (stored in SOUND)
