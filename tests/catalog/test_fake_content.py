import json
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Count

from catalog.actions import FakeContentError, add_fake_content, import_catalog, remove_fake_content
from catalog.exporting import export_lines
from catalog.made_up.generator import FakeContent, Size, VotedTool
from comparisons.models import Comparison
from reviews.models import Review, Reviewer
from tests import factories as make
from tools.choices import AttributeKind, Grade
from tools.models import Tool
from votes.models import Vote
from votes.verifying import verify_tally

DEMO = Path(__file__).resolve().parents[2] / "demo" / "catalog.json"
DAY = date(2026, 11, 20)
SMALL = Size(tools=60, comparisons=80, reviewers=4, votes=900, categories=6)


def export() -> str:
    return "".join(export_lines())


def list_votes() -> set[tuple[Any, ...]]:
    return set(Vote.objects.values_list("tool__slug", "visitor", "choice", "created_at", "updated_at"))


# -- Generation, without a database --------------------------------------------------------------------


def generate(*, seed: int = 1, size: Size = SMALL) -> dict[str, Any]:
    return json.loads("".join(FakeContent(size=size, seed=seed, today=DAY, seats={}).generate_catalog()))


def test_content_depends_on_the_seed():
    assert generate() == generate()
    assert generate(seed=2)["tools"] != generate()["tools"]


def test_content_is_as_varied_as_real_content():
    tools = generate(size=Size(tools=600, comparisons=600, votes=0))["tools"]
    assert {3, 4, 5, 6, 7, 8} == {len({fact["attribute"] for fact in tool["facts"]}) for tool in tools}
    assert {1, 2, 3} == {len({plan["name"] for plan in tool["plans"]}) for tool in tools}
    kinds = {attribute["slug"]: attribute["kind"] for attribute in generate()["attributes"]}
    facts = [fact for tool in tools for fact in tool["facts"]]
    assert {kinds[fact["attribute"]] for fact in facts} == set(AttributeKind.values)
    assert {fact["value"] for fact in facts if kinds[fact["attribute"]] == "grade"} == set(Grade.values)
    assert any(", " in fact["value"] for fact in facts if kinds[fact["attribute"]] == "choice")
    plans = [plan for tool in tools for plan in tool["plans"]]
    assert {plan.get("period") for plan in plans} == {None, "once", "month", "year", "usage"}
    assert {plan["kind"] for plan in plans} == {"free", "paid", "contact"}
    terms = ("per_seat", "is_from", "billed_yearly", "minimum_seats", "maximum_seats", "trial_days", "rates")
    assert {term for plan in plans for term in terms if plan.get(term)} == set(terms)
    rates = [rate for plan in plans for rate in plan.get("rates", ())]
    assert {rate.get("beyond", "costs") for rate in rates} == {"costs", "stops", "slows"}
    assert {"input", "output", "image", "request"} <= {rate["meter"] for rate in rates}
    reviews = [review for tool in tools for review in tool["reviews"]]
    assert all(80 <= len(review["quote"]) <= 600 for review in reviews)
    outcomes = {claim.get("outcome", "open") for review in reviews for claim in review["predictions"]}
    assert outcomes == {"open", "right", "wrong", "void"}
    sizes = sorted(Counter(tool["category"] for tool in tools).values())
    assert sizes[-1] > 10 * sizes[0]


def test_votes_are_uneven_and_add_up_to_the_requested_number():
    tools = [VotedTool(pk, datetime(2025, 1, pk % 28 + 1, tzinfo=UTC)) for pk in range(200)]
    votes = list(FakeContent(size=Size(votes=10_000), seed=1, today=DAY, seats={}).generate_votes(tools))
    assert len(votes) == 10_000
    assert len({(tool, visitor) for tool, visitor, _, _ in votes}) == 10_000
    by_tool = Counter(tool for tool, *_ in votes)
    assert by_tool.most_common(1)[0][1] > 1_500
    assert len(by_tool) == 180
    midnight = datetime(2026, 11, 20, tzinfo=UTC)
    assert all(tools[tool].published_at <= at < midnight for tool, _, _, at in votes)


@pytest.mark.parametrize("size", [Size(tools=3, comparisons=2), Size(categories=0), Size(categories=41)])
def test_impossible_size_is_refused(size):
    with pytest.raises(ValueError, match=r"at most|categories"):
        FakeContent(size=size, seed=1, today=DAY, seats={})


# -- Adding and removing --------------------------------------------------------------------------------------------

pytestmark = pytest.mark.django_db


def test_adding_creates_the_requested_content_and_a_correct_tally():
    add_fake_content(size=SMALL, seed=1, today=DAY)
    assert (Tool.objects.count(), Comparison.objects.count(), Vote.objects.count()) == (60, 80, 900)
    seats = Review.objects.values("tool").annotate(seats=Count("reviewer", distinct=True))
    assert set(seats.values_list("seats", flat=True)) == {4}
    assert Review.objects.count() > 240
    assert verify_tally() == []


def test_same_seed_gives_the_same_site():
    add_fake_content(size=SMALL, seed=7, today=DAY)
    before, votes = export(), list_votes()
    remove_fake_content()
    add_fake_content(size=SMALL, seed=7, today=DAY)
    assert (export(), list_votes()) == (before, votes)


def test_removing_leaves_the_site_s_own_content_unchanged():
    import_catalog(content=DEMO.read_bytes())
    mine = make.tool(slug="load-balancer-2", name="Load Balancer")
    make.votes(on=mine, ship=3)
    before = export()
    add_fake_content(size=Size(tools=60, comparisons=80, reviewers=6, votes=900, categories=6), seed=1)
    assert Reviewer.objects.count() == 6
    # Visitors and editors have used the site in the meantime.
    visited = Tool.objects.filter(slug__startswith="load-0").first()
    make.votes(on=visited, skip=2)
    make.comparison(first=mine, second=visited)
    assert remove_fake_content() == 60
    assert export() == before
    assert Vote.objects.count() == 3
    assert verify_tally() == []


def test_fake_content_is_not_added_twice():
    add_fake_content(size=SMALL, seed=1)
    with pytest.raises(FakeContentError, match="already"):
        add_fake_content(size=SMALL, seed=2)


def test_published_fake_pages_exist_and_hidden_ones_do_not(client):
    add_fake_content(size=Size(tools=150, comparisons=80, votes=900, categories=6), seed=1)
    published = Tool.objects.published()
    hidden = Tool.objects.exclude(pk__in=published)
    for tool in published[:5]:
        assert client.get(tool.get_absolute_url()).status_code == 200
    pair = Comparison.objects.published().select_related("first", "second").first()
    assert client.get(pair.get_absolute_url()).status_code == 200
    assert {tool.state for tool in hidden} == {"draft", "scheduled", "withdrawn"}
    for tool in hidden:
        assert client.get(tool.get_absolute_url()).status_code == 404
        assert tool.slug not in client.get(f"/categories/{tool.category.slug}/").content.decode()
    assert not Vote.objects.filter(tool__published_at=None).exists()


# -- The command --------------------------------------------------------------------------------------------

FEW = ["--tools", "10", "--comparisons", "10", "--votes", "50", "--categories", "2"]


def test_command_adds_and_removes(capsys):
    call_command("make_fake_content", *FEW, "--seed", "3", "--today", "2026-11-20", "--yes")
    assert "tools: 10 added\nvotes: 50 added\n" in capsys.readouterr().out
    call_command("make_fake_content", "--remove", "--yes")
    assert (Tool.objects.count(), Vote.objects.count()) == (0, 0)


def test_command_requires_yes_without_debug():
    with pytest.raises(CommandError, match="without DEBUG"):
        call_command("make_fake_content", *FEW)
    with pytest.raises(CommandError, match="without DEBUG"):
        call_command("make_fake_content", "--remove")
    assert Tool.objects.count() == 0


def test_command_refuses_a_public_site(settings):
    settings.HTTPS, settings.SITE_URL = True, "https://shipside.example"
    with pytest.raises(CommandError, match="public site"):
        call_command("make_fake_content", *FEW, "--yes")
    call_command("make_fake_content", "--remove", "--yes")


@pytest.mark.parametrize("arguments", [["--tools", "-1"], ["--votes", "many"], ["--today", "soon"]])
def test_command_reports_invalid_arguments(arguments):
    with pytest.raises(CommandError, match=f"argument {arguments[0]}: invalid"):
        call_command("make_fake_content", *arguments)
