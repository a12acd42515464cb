"""Content with everything that could leak, for the tests of documents for programs."""

from datetime import timedelta

from comparisons.models import Comparison
from tests import factories as make

DAY = timedelta(days=1)
SECRET = "Secret"  # in every text that must stay hidden, and "secret" in every slug
UNSEEN = [{"published_at": None}, {"published_at": make.FUTURE}, {"withdrawn_at": make.PAST}]


def make_site(things: int = 1) -> Comparison:
    """Make published pairs, each with a flip, a price, a fact, and votes. Return the first, alpha vs beta."""
    made = []
    for number in range(things):
        category, seat, attribute = make.category(), make.reviewer(), make.attribute()
        tools = [
            make.tool(slug=f"{name}{number or ''}", name=f"{name.title()} {number}", category=category)
            for name in ("alpha", "beta")
        ]
        for tool in tools:
            make.prediction(of=make.review(of=tool, by=seat, verdict="ship"))
            make.plan(of=tool)
            make.fact(of=tool, attribute=attribute)
            make.votes(on=tool, ship=7, skip=5)
        make.prediction(
            of=make.review(
                of=tools[0], by=seat, verdict="skip", quote="It *changed*.", published_at=make.PAST + number * DAY + DAY
            )
        )
        made.append(make.comparison(first=tools[0], second=tools[1], introduction="Hello *you*."))
    return made[0]


def add_hidden_content(pair: Comparison) -> None:
    """Add a draft, a scheduled, and a withdrawn object of every kind to the site of `make_site`."""
    for number, fields in enumerate(UNSEEN):
        hidden = make.tool(
            slug=f"secret-{number}", name=f"{SECRET} {number}", category=pair.first.category, tagline=SECRET, **fields
        )
        seat = make.reviewer()
        make.review(of=hidden, by=seat, quote=SECRET)
        make.review(of=hidden, by=seat, verdict="skip", quote=SECRET, published_at=make.PAST + DAY)
        make.prediction(of=make.review(of=pair.first, by=seat, quote=SECRET, **_later(fields)), claim=SECRET)
        make.comparison(first=hidden, second=pair.second, introduction=SECRET)
        shown = make.tool(slug=f"shown-{number}", name=f"Shown {number}")
        make.comparison(first=pair.first, second=shown, introduction=SECRET, **fields)
        turning = pair.second.reviews.first().reviewer
        make.review(of=pair.second, by=turning, verdict="skip", quote=SECRET, **_later(fields))


def _later(fields: dict) -> dict:
    return {"published_at": make.PAST + 9 * DAY, **fields}
