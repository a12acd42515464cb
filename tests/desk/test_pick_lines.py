"""The lines of “Pick if” on the form of a comparison, in its history, and in its preview."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from comparisons.models import Comparison
from desk.publishing import previews
from tests import factories as make
from tests.comparisons.test_editor_lines import LINES, compare
from tests.comparisons.test_picks_page import read_lines
from tests.desk.forms import change_url, fill_form, save_form
from tests.desk.people import EDITOR, make_user, sign_in
from tests.desk.test_restore import find_oldest, restore
from tools.models import Tool

pytestmark = pytest.mark.django_db
ADD = "/admin/comparisons/comparison/add/"


@pytest.fixture
def client() -> Client:
    return sign_in(make_user(*EDITOR))


def find_rows(page: str) -> list[str]:
    """Return the text of each row, with the state of its inputs."""
    rows = re.findall(r'<div class="desk-lines__row".*?</div>', page, re.S)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for row in rows]


def find_row(client: Client, pair: Comparison, key: str) -> str:
    """Return the prefix of the inputs of a computed line."""
    form = fill_form(client, pair)
    [name] = [name for name, value in form.items() if re.fullmatch(r"lines-[0-9]+-key", name) and value == key]
    return name.removesuffix("-key")


def blank_row(client: Client, pair: Comparison, number: int = 0) -> str:
    """Return the prefix of the inputs of an empty row."""
    form = fill_form(client, pair)
    names = [name for name, value in form.items() if re.fullmatch(r"lines-[0-9]+-words", name) and not value]
    return names[number].removesuffix("-words")


def save(client: Client, pair: Comparison, **changes: Any) -> list[dict[str, Any]]:
    save_form(client, pair, **changes)
    pair.refresh_from_db()
    return pair.lines


def test_form_lists_what_is_computed_and_leaves_it_alone(client):
    pair = compare()
    rows = find_rows(client.get(change_url(pair)).text)
    assert [row.split(" Place")[0] for row in rows[:5]] == [
        "Alpha: You must host it, which Beta does not offer. Hosting",
        "Alpha: The Founder’s condition to ship it holds: “It runs as `alpha serve` & is < 1 GB.” The Founder",
        "Beta: You want to start for free: Alpha starts at $9/mo. Prices",
        "Beta: You agree with The Founder: “Gist of The Founder.” The Founder",
        "neither: “Works offline” matters to you. Works offline",
    ]
    assert save(client, pair, introduction="New.") == []
    assert pair.history.count() == 2


def test_editors_hide_place_and_write_lines(client):
    pair = compare()
    changes = {
        f"{find_row(client, pair, 'hosting')}-hidden": "on",
        f"{find_row(client, pair, 'seat:founder:ship')}-place": "2",
    }
    first, second = blank_row(client, pair), blank_row(client, pair, 1)
    changes |= {f"{first}-side": "first", f"{first}-words": " you  already run Postgres ", f"{first}-place": "1"}
    changes |= {f"{second}-side": "neither", f"{second}-words": "you want both", f"{second}-link": "pricing"}
    lines = [
        {"side": "first", "words": "you already run Postgres"},
        {"key": "seat:founder:ship"},
        {"side": "neither", "words": "you want both", "link": "pricing"},
        {"key": "hosting", "hidden": True},
    ]
    assert save(client, pair, **changes) == lines
    assert read_lines(client)[:3] == [
        "Pick Alpha if",
        "You already run Postgres.",
        "The Founder’s condition to ship it holds: “It runs as alpha serve & is < 1 GB.” The Founder",
    ]
    assert save(client, pair, introduction="New.") == lines
    assert save(client, pair, **{f"{blank_row(client, pair)}-words": ""}) == lines
    hidden = find_row(client, pair, "hosting")
    form = {name: value for name, value in fill_form(client, pair).items() if name != f"{hidden}-hidden"}
    client.post(change_url(pair), {**form, "_save": "Save"})
    pair.refresh_from_db()
    assert pair.lines == lines[:3]


def test_a_line_can_be_emptied(client):
    pair = compare(lines=LINES)
    [own] = [name for name, value in fill_form(client, pair).items() if value == "you already run Postgres"]
    assert save(client, pair, **{own: "", own.replace("words", "link"): ""}) == LINES[1:]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ({"side": "first", "words": "x" * 201}, "The line has 201 characters; the maximum is 200."),
        ({"side": "fourth", "words": "x"}, "Say whether it is for the first tool"),
        ({"side": "first", "words": "", "link": "pricing"}, "Write the line, or leave all of it empty."),
        ({"side": "first", "words": "x", "link": "javascript:x"}, "is nothing on the page"),
        ({"side": "second", "words": "You already run postgres"}, "The same words stand twice."),
    ],
)
def test_invalid_line_is_shown_again_with_a_message(client, typed, message):
    pair = compare(lines=LINES)
    row = blank_row(client, pair)
    form = fill_form(client, pair, **{f"{row}-{column}": value for column, value in typed.items()})
    page = client.post(change_url(pair), {**form, "_save": "Save"})
    assert page.status_code == 200
    assert message in unescape(page.text)
    assert f'value="{typed["words"]}"' in page.text
    pair.refresh_from_db()
    assert pair.lines == LINES


def test_line_that_is_no_longer_computed_stays_and_says_so(client):
    pair = compare(lines=[{"side": "first", "words": "x", "link": "fact-gone"}, {"key": "gone", "hidden": True}])
    page = client.get(change_url(pair)).text
    assert any(row.startswith("gone: not computed at present") for row in find_rows(page))
    assert "fact-gone, not on the page at present" in page
    lines = pair.lines
    assert save(client, pair, introduction="New.") == lines


def test_swapping_the_tools_takes_the_lines_along(client):
    pair = compare(lines=LINES)
    save(client, pair, first=str(pair.second.pk), second=str(pair.first.pk))
    assert [line.get("side") for line in pair.lines] == ["second", "neither", None]
    assert "You already run Postgres. Hosting" in read_lines(client, "/compare/beta-vs-alpha/")


def test_new_comparison_can_have_lines_at_once(client):
    tools = [make.tool(name="Alpha"), make.tool(name="Beta")]
    typed = {"lines-0-side": "second", "lines-0-words": "you like it", "lines-0-place": "", "lines-0-link": ""}
    client.post(ADD, {"first": tools[0].pk, "second": tools[1].pk, "introduction": "", **typed})
    assert Comparison.objects.get().lines == [{"side": "second", "words": "you like it"}]


def test_history_shows_the_lines_and_restoring_brings_them_back(admin_client):
    pair = compare(lines=LINES)
    pair.lines = []
    pair.save()
    page = unescape(admin_client.get(change_url(pair).replace("change", "history")).text)
    assert "first: you already run Postgres (fact-hosting)" in page
    assert "seat:founder:ship hidden" in page
    restore(admin_client, pair, find_oldest(pair))
    pair.refresh_from_db()
    assert pair.lines == LINES


def test_conflict_shows_both_editors_lines(admin_client, client):
    pair = compare()
    mine = fill_form(admin_client, pair, **{"lines-5-side": "first", "lines-5-words": "mine"})
    save_form(client, pair, **{"lines-5-side": "first", "lines-5-words": "theirs"})
    page = admin_client.post(change_url(pair), {**mine, "_save": "Save"})
    assert page.status_code == 409
    report = " ".join(unescape(re.sub(r"<[^>]+>", " ", page.text)).split())
    assert "first: theirs" in report
    assert "first: mine" in report


def test_preview_shows_the_lines_of_a_draft_and_readers_do_not(client):
    pair = compare(lines=LINES, published_at=None)
    assert "You already run Postgres" in client.get(previews.preview_url(pair)).text
    assert "You already run Postgres" not in client.get("/compare/alpha-vs-beta/").text


def test_form_counts_drafts_as_the_preview_does(client):
    pair = compare(published_at=None)
    alpha = Tool.objects.get(slug="alpha")
    make.review(of=alpha, by=alpha.reviews.get().reviewer, verdict="skip", flips_if="Later.", published_at=make.FUTURE)
    assert any("“Later.”" in row for row in find_rows(client.get(change_url(pair)).text))
