"""What a card says about prices that changed lately."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from comparisons.shaping.recent_prices import PastPrice, PricedPlan, describe_recent_change
from tests import factories as make
from tools.prices import Price

TODAY = date(2026, 11, 22)
DAY = timedelta(days=1)
FREE, CONTACT = Price("free"), Price("contact")


def paid(amount: int, currency: str = "USD") -> Price:
    return Price("paid", Decimal(amount), currency, "month")


def past(price: Price, days_ago: int, *, was_wrong: bool = False) -> PastPrice:
    return PastPrice(price, datetime(2026, 11, 22, 12, tzinfo=UTC) - days_ago * DAY, was_wrong)


@pytest.mark.parametrize(
    ("plans", "words"),
    [
        ([PricedPlan("Pro", paid(25), [past(paid(20), 30)])], "Pro +25% in the last 30 days"),
        ([PricedPlan("Pro", paid(25), [past(paid(20), 31)])], ""),
        (
            [PricedPlan("Pro", paid(30), [past(paid(25), 2), past(paid(20), 9), past(paid(5), 90)])],
            "Pro +50% in the last 30 days",
        ),
        ([PricedPlan("Pro", paid(20), [past(paid(25), 2), past(paid(20), 9)])], ""),  # and back again
        ([PricedPlan("Pro", paid(25), [past(paid(20), 2, was_wrong=True)])], ""),
        (
            [PricedPlan("Pro", paid(25), [past(paid(250), 2, was_wrong=True), past(paid(20), 9)])],
            "Pro +25% in the last 30 days",
        ),
        ([PricedPlan("Pro", paid(10), [past(FREE, 2)])], "Pro is no longer free"),
        ([PricedPlan("Pro", CONTACT, [past(FREE, 2)])], "Pro is no longer free"),
        ([PricedPlan("Pro", FREE, [past(paid(10), 2)])], ""),
        ([PricedPlan("Pro", paid(20, "EUR"), [past(paid(20), 2)])], ""),
        (
            [PricedPlan("Team", paid(50), [past(paid(40), 2)]), PricedPlan("Pro", paid(18), [past(paid(20), 2)])],
            "Pro −10% in the last 30 days",
        ),
        ([], ""),
    ],
)
def test_card_says_how_the_cheapest_price_that_changed_did(plans, words):
    assert describe_recent_change(plans, today=TODAY) == words


@pytest.mark.django_db
def test_cards_say_it_for_thirty_days(client, time_machine):
    time_machine.move_to("2026-11-22T12:00Z")
    category = make.category(slug="things")
    one, *_ = [make.tool(slug=slug, category=category) for slug in ("alpha", "beta", "gamma")]
    row = make.plan(of=one, name="Plus", kind="paid", amount=20, currency="USD", period="month")
    row = row.supersede(name="Pro", amount=25)
    pages = (
        "/tools/",
        "/categories/things/",
        "/tools/alpha/",
        "/compare/alpha-vs-beta/",
        "/compare/custom/?t=alpha&t=beta&t=gamma",
    )
    words = "Pro +25% in the last 30 days"
    before = {page: client.get(page) for page in pages}
    assert [before[page].content.decode().count(words) for page in pages] == [1] * len(pages)
    assert client.get("/tools/alpha.json").json()["price_change"] == words
    time_machine.move_to("2026-12-22T23:59Z")
    assert words in client.get("/compare/alpha-vs-beta/").content.decode()
    time_machine.move_to("2026-12-23T00:01Z")
    for page in pages:
        after = client.get(page, headers={"if-none-match": before[page].headers["ETag"]})
        assert (after.status_code, words in after.content.decode()) == (200, False)
