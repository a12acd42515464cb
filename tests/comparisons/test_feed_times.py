"""When entries of feeds say that they changed: whenever any byte of them did, and only then."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from lxml import etree

from comparisons.models import Comparison
from reviews.models import Review, Reviewer
from tests import factories as make
from tests.comparisons.contents import make_site
from tools.models import Attribute, Fact, Plan
from votes.deciding import freeze

pytestmark = pytest.mark.django_db
FEEDS = ("comparisons", "changes", "newsletter", "moderation")
ENTRY = "{http://www.w3.org/2005/Atom}entry"
START = datetime(2026, 6, 1, 12, tzinfo=UTC)


def read_entries(client):
    """Return the time and the other bytes of each entry of all feeds, by its id."""
    entries = {}
    for name in FEEDS:
        for entry in etree.fromstring(client.get(f"/feeds/{name}.xml").content).iter(ENTRY):
            updated = entry.find("{*}updated")
            entry.remove(updated)
            entries[entry.findtext("{*}id")] = (datetime.fromisoformat(updated.text), etree.tostring(entry))
    return entries


def save(row, **fields):
    """Change fields of a row as an editor does."""
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()


@pytest.fixture
def pair(time_machine):
    """Return a comparison with changes of every kind, an issue about all of them, and decisions about its tools."""
    time_machine.move_to(START - timedelta(days=1), tick=False)
    pair = make_site()
    alpha, beta = pair.first, pair.second
    days = [make.PAST + timedelta(days=number) for number in range(6)]
    paid = {"of": alpha, "name": "Pro", "kind": "paid", "currency": "USD", "period": "month"}
    make.plan(amount=20, added_at=days[1], superseded_at=days[2], source="https://a.example/", **paid)
    make.plan(amount=25, source="https://b.example/", **paid)
    about = make.attribute(name="Hosting", kind="number")
    make.fact(of=alpha, attribute=about, value="1", superseded_at=days[3])
    make.fact(of=alpha, attribute=about, value="2", source="https://b.example/")
    make.correction(of=alpha, made_at=days[4])
    make.decision(on=alpha)
    make.decision(on=beta)
    make.decision(on=None, first=alpha, second=beta)
    other = make.review(of=beta, by=make.reviewer(name="Other seat"))
    make.review(of=alpha, by=other.reviewer, verdict="skip")
    third = make.reviewer(seat=30_000)
    for tool in (alpha, beta):
        make.review(of=tool, by=third)
    make.prediction(of=other, outcome="right", judged_on=days[5].date(), note="It did.", source="https://c.example/")
    issue = make.issue_of_everything()
    assert {item["kind"] for item in issue.content} >= {"comparison", "flip", "price", "fact", "split"}
    return pair


def swap_seats():
    one, other = Reviewer.objects.order_by("seat")[:2]
    one.seat, other.seat = other.seat, one.seat
    with transaction.atomic():
        one.save()
        other.save()


def import_edition(*, hours: int):
    """Import an edition from some hours after the first one of the seat that flipped a day later."""
    flip = Review.objects.get(quote="It *changed*.")
    make.later_edition(
        of=flip, verdict="ship", quote=f"After {hours} hours.", published_at=make.PAST + timedelta(hours=hours)
    )


QUIET = {"nothing", "saves without a change", "votes", "freeze", "description"}
DEEDS = {
    "nothing": lambda pair: None,
    "saves without a change": lambda pair: (pair.save(), pair.first.save()),
    "votes": lambda pair: make.votes(on=pair.first, ship=90),
    "freeze": lambda pair: freeze(tool=pair.first, frozen=True, reason="other", words="So.", by=make.user()),
    "introduction": lambda pair: save(pair, introduction="Other words."),
    "name": lambda pair: save(pair.first, name="Gamma Code (beta)"),
    "short name": lambda pair: save(pair.second, short_name="Be"),
    "address": lambda pair: save(pair.first, slug="gamma"),
    "tagline": lambda pair: save(pair.first, tagline="Other words."),
    "description": lambda pair: save(pair.first, description="Other words."),
    "category's name": lambda pair: save(pair.first.category, name="Agents"),
    "another category": lambda pair: save(pair.second, category=make.category(name="Editors")),
    "order of the tools": lambda pair: save(pair, first=pair.second, second=pair.first),
    "seat's name": lambda pair: save(Reviewer.objects.first(), name="The Other"),
    "seats": lambda pair: swap_seats(),
    "attribute's name": lambda pair: save(Attribute.objects.get(name="Hosting"), name="Where it runs"),
    "source of a price": lambda pair: save(Plan.objects.current().get(name="Pro"), source="https://d.example/"),
    "source of a fact": lambda pair: save(
        Fact.objects.current().get(attribute__name="Where it runs"), source="https://d.example/"
    ),
    "edition": lambda pair: make.later_edition(of=pair.first.reviews.get(reviewer__name="Other seat")),
    "edition withdrawn": lambda pair: Review.objects.order_by("pk").last().withdraw(),
    "edition put back": lambda pair: Review.objects.order_by("pk").last().put_back(),
    "edition before a flip withdrawn": lambda pair: pair.second.reviews.get(
        verdict="ship", reviewer__name="The Other"
    ).withdraw(),
    "edition imported that a flip contradicts again": lambda pair: import_edition(hours=18),
    "edition imported between a flip and the one before": lambda pair: import_edition(hours=20),
    "tool withdrawn": lambda pair: pair.first.withdraw(),
    "tool put back": lambda pair: pair.first.put_back(),
    "comparison withdrawn": lambda pair: pair.withdraw(),
    "comparison put back": lambda pair: pair.put_back(),
}


def test_entry_changes_together_with_its_time(client, pair, time_machine):
    """Feed readers show an entry again when its time moves. Some mark it as unread when anything else does."""
    wrong = []
    before, changed = read_entries(client), set()
    for number, (deed, do) in enumerate(DEEDS.items()):
        time_machine.move_to(START + timedelta(days=number), tick=False)
        pair = Comparison.objects.get()
        do(pair)
        after = read_entries(client)
        for key in before.keys() & after.keys():
            is_other = before[key][1] != after[key][1]
            changed |= {deed} if is_other else set()
            if is_other and before[key][0] >= after[key][0]:
                wrong.append((deed, key, before[key][1], after[key][1]))
        before = after
    assert not wrong, "\n".join(map(str, wrong))
    assert DEEDS.keys() - changed == QUIET
