"""Fake content of any size for load tests, deterministic per seed, size, and day. No queries.

SLUG_PATTERN matches the slugs of all of it, and `catalog.actions.remove_fake_content` finds it by them.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import Any

from catalog.made_up import vocabulary as words
from catalog.schema import FORMAT
from reviews.models import MAX_GIST_LENGTH
from tools.slugs import slug_from_name
from tools.values import SEPARATOR, slug_choice
from web import clock

# Six digits, so that a real tool called "Load Balancer 2" is not mistaken for a fake one.
SLUG_PATTERN = r"^load-[0-9]{6}-"
PUBLICATION_DAYS = 730  # before today, over which publication times are spread
MAX_QUOTE_LENGTH = 600  # characters
ATTRIBUTES_PER_CATEGORY = 8

type Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much content to generate. Each tool gets one review per reviewer, and a few later editions."""

    tools: int = 10_000
    comparisons: int = 10_000
    reviewers: int = 4
    votes: int = 1_000_000
    categories: int = 40


@dataclass(frozen=True, slots=True)
class VotedTool:
    """A tool that gets votes: its id, and when it was published."""

    pk: int
    published_at: datetime


class FakeContent:
    """The fake content of one seed, size, and day.

    `seats` are the slugs of the site's own reviewers by seat. The first of them write the reviews. If there are too
    few, fake reviewers take the next seats. Raises ValueError for an impossible size.
    """

    def __init__(self, *, size: Size, seed: int, today: date, seats: Mapping[int, str]) -> None:
        pairs = size.tools * (size.tools - 1) // 2
        if not 1 <= size.categories <= len(words.FIELDS):
            raise ValueError(f"there can be 1 to {len(words.FIELDS)} categories")
        if size.comparisons > pairs // 2:
            raise ValueError(f"{size.tools} tools allow {pairs // 2} comparisons at most")
        self.size, self.seed = size, seed
        own = [slug for _, slug in sorted(seats.items())][: size.reviewers]
        places = range(max(seats, default=0) + 1, max(seats, default=0) + 1 + size.reviewers - len(own))
        self.fake_seats = {seat: f"load-{seat:06}-seat" for seat in places}
        self.reviewers = [*own, *self.fake_seats.values()]
        self.midnight = clock.start_of(today)
        rng = self._get_random("names")
        self.categories = [f"load-{n:06}-{slug_from_name(words.FIELDS[n])}" for n in range(size.categories)]
        self.attributes = [f"load-{n:06}-{slug_from_name(each.name)}" for n, each in enumerate(words.ATTRIBUTES)]
        # The first category is the largest, about as many times larger than the fortieth as 40 ** 0.8.
        self.category_of = rng.choices(
            range(size.categories), [1 / (n + 1) ** 0.8 for n in range(size.categories)], k=size.tools
        )
        self.members: list[list[int]] = [[] for _ in range(size.categories)]
        for tool, category in enumerate(self.category_of):
            self.members[category].append(tool)
        self.names = [_make_name(rng) for _ in range(size.tools)]
        self.slugs = [f"load-{n:06}-{slug_from_name(name)[:80].strip('-')}" for n, name in enumerate(self.names)]

    def _get_random(self, *key: object) -> Random:
        """Return a generator of random numbers per object, so that none depends on which others are made, or when."""
        return Random(":".join(map(str, (self.seed, *key))))  # noqa: S311 (not for security)

    def generate_catalog(self) -> Iterator[str]:
        """Yield everything except votes as the text of a catalog file, one object at a time."""
        yield f'{{"format": "{FORMAT}"'
        sections: dict[str, Iterator[Object]] = {
            "categories": self._generate_categories(),
            "attributes": self._generate_attributes(),
            "reviewers": self._generate_reviewers(),
            "tools": map(self._make_tool, range(self.size.tools)),
            "comparisons": self._generate_comparisons(),
        }
        for section, objects in sections.items():
            yield f', "{section}": ['
            for index, item in enumerate(objects):
                yield ("," if index else "") + json.dumps(item, ensure_ascii=False)
            yield "]"
        yield "}"

    def _generate_categories(self) -> Iterator[Object]:
        for slug, name in zip(self.categories, words.FIELDS, strict=False):
            yield {"slug": slug, "name": f"Load: {name}", "description": "Made-up content for load tests."}

    def _get_attributes_of(self, category: int) -> list[int]:
        """Return the indexes of the attributes that the tools of a category have facts for."""
        return [(category + n) % len(self.attributes) for n in range(ATTRIBUTES_PER_CATEGORY)]

    def _generate_attributes(self) -> Iterator[Object]:
        for n, (slug, attribute) in enumerate(zip(self.attributes, words.ATTRIBUTES, strict=True)):
            categories = [
                self.categories[category]
                for category in range(self.size.categories)
                if n in self._get_attributes_of(category)
            ]
            choices = attribute.values if attribute.kind == "choice" else ()
            yield {
                "slug": slug,
                "name": f"Load: {attribute.name}",
                "categories": categories,
                "kind": attribute.kind,
                "explanation": "Made up for load tests." if n % 2 else "",
                "heading": words.HEADINGS[n % len(words.HEADINGS)],
                "decides": n % 3 == 0,
                "several": attribute.several,
                "choices": [{"slug": slug_choice(name), "name": name} for name in choices],
                "unit": attribute.unit,
                "better": attribute.better,
            }

    def _generate_reviewers(self) -> Iterator[Object]:
        for seat, slug in self.fake_seats.items():
            yield {
                "slug": slug, "name": f"Load: Seat {seat}", "lens": "Does it carry?", "seat": seat,
                "disclosure": words.DISCLOSURE,
            }  # fmt: skip

    def _pick_instant(self, rng: Random, *, earliest: datetime | None = None) -> datetime:
        """Return a random second of the last two years, or since `earliest`."""
        earliest = earliest or self.midnight - timedelta(days=PUBLICATION_DAYS)
        return earliest + timedelta(seconds=rng.randrange(max(1, int((self.midnight - earliest).total_seconds()))))

    def _pick_publication(self, rng: Random) -> Object:
        """Return publication fields: about 3% drafts, 2% scheduled, 2% withdrawn, and the rest published."""
        published_at = self._pick_instant(rng)
        match rng.randrange(100):
            case 0 | 1 | 2:
                return {"published_at": None}
            case 3 | 4:
                return {"published_at": _format_instant(self.midnight + timedelta(days=rng.randint(2, 400)))}
            case 5 | 6:
                return {
                    "published_at": _format_instant(published_at),
                    "withdrawn_at": _format_instant(self._pick_instant(rng, earliest=published_at)),
                }
        return {"published_at": _format_instant(published_at)}

    def _pick_verification_day(self, rng: Random) -> str | None:
        """Return one of the last 200 days, so that about half are stale; None for a tenth."""
        return (self.midnight.date() - timedelta(days=rng.randrange(200))).isoformat() if rng.random() < 0.9 else None

    def _make_tool(self, n: int) -> Object:
        rng = self._get_random("tool", n)
        publication = self._pick_publication(rng)
        website = f"https://{self.slugs[n][12:60].strip('-') or 'tool'}.example/"
        doing = rng.choice(words.DOING)
        return {
            "slug": self.slugs[n],
            "name": self.names[n],
            "short_name": self.names[n].split()[0] if rng.random() < 0.1 else "",
            "category": self.categories[self.category_of[n]],
            "tagline": f"{doing.capitalize()} {rng.choice(words.MANNER)}",
            "description": f"{self.names[n]} {doing} {rng.choice(words.MANNER)}. " + " ".join(
                rng.sample(words.REMARKS, rng.randint(1, 4))
            ),
            "website": website,
            "aliases": [self.names[n].split()[0] + rng.choice(("AI", "HQ", "App"))] if rng.random() < 0.2 else [],
            **publication,
            "plans": list(self._generate_plans(rng, website)),
            "facts": list(self._generate_facts(rng, self.category_of[n], website)),
            "reviews": list(self._generate_reviews(rng, n, publication)),
        }  # fmt: skip

    def _make_source(self, rng: Random, website: str, page: str) -> Object:
        return {"source": website + page if rng.random() < 0.9 else "", "verified_on": self._pick_verification_day(rng)}

    def _generate_plans(self, rng: Random, website: str) -> Iterator[Object]:
        for name in rng.sample(words.PLANS, rng.randint(1, 3)):
            price = _make_price(rng)
            yield {"name": name, **price, **self._make_source(rng, website, "pricing")}
            if price["kind"] == "paid" and rng.random() < 0.1:
                yield {
                    "name": name,
                    **_raise(price),
                    **self._make_source(rng, website, "pricing"),
                    "superseded_at": _format_instant(self._pick_instant(rng)),
                }

    def _generate_facts(self, rng: Random, category: int, website: str) -> Iterator[Object]:
        for attribute in rng.sample(self._get_attributes_of(category), rng.randint(3, ATTRIBUTES_PER_CATEGORY)):
            now, before = _pick_values(rng, words.ATTRIBUTES[attribute])
            yield {
                "attribute": self.attributes[attribute],
                "value": now,
                "note": rng.choice(words.NOTES_ON_FACTS) if rng.random() < 0.2 else "",
                **self._make_source(rng, website, "docs"),
            }
            if rng.random() < 0.05:
                yield {
                    "attribute": self.attributes[attribute],
                    "value": before,
                    **self._make_source(rng, website, "docs"),
                    "superseded_at": _format_instant(self._pick_instant(rng)),
                }

    def _generate_reviews(self, rng: Random, n: int, publication: Object) -> Iterator[Object]:
        """Yield one review per seat, drafts if the tool is one, and a later edition that flips for a tenth of them."""
        quality = rng.betavariate(2, 1.6)
        start = publication["published_at"] and datetime.fromisoformat(publication["published_at"])
        for reviewer in self.reviewers:
            verdict = "ship" if rng.random() < quality else "skip"
            if start is None or start > self.midnight:
                yield self._make_review(rng, n, reviewer, verdict, start)
                continue
            first = self._pick_instant(rng, earliest=start)
            yield self._make_review(rng, n, reviewer, verdict, first)
            if rng.random() < 0.1:
                flipped = "skip" if verdict == "ship" else "ship"
                later = self._pick_instant(rng, earliest=first) + timedelta(seconds=1)
                match rng.randrange(10):
                    case 0:  # a draft
                        yield self._make_review(rng, n, reviewer, flipped, None)
                    case 1:
                        yield self._make_review(
                            rng, n, reviewer, flipped, self.midnight + timedelta(days=rng.randint(2, 60))
                        )
                    case 2:
                        withdrawn_at = _format_instant(self._pick_instant(rng, earliest=later))
                        yield self._make_review(rng, n, reviewer, flipped, later) | {"withdrawn_at": withdrawn_at}
                    case _:
                        yield self._make_review(rng, n, reviewer, flipped, later)

    def _make_review(self, rng: Random, n: int, reviewer: str, verdict: str, at: datetime | None) -> Object:
        neighbors = self.members[self.category_of[n]]
        return {
            "reviewer": reviewer,
            "verdict": verdict,
            "gist": _make_gist(rng, verdict),
            "quote": _make_quote(rng, verdict, self.names[rng.choice(neighbors)]),
            "flips_if": rng.choice(words.FLIPS[verdict]) if rng.random() < 0.4 else "",
            **_make_basis(rng),
            "published_at": _format_instant(at) if at else None,
            "predictions": list(self._generate_predictions(rng, at)) if rng.random() < 0.25 else [],
        }

    def _generate_predictions(self, rng: Random, at: datetime | None) -> Iterator[Object]:
        """Yield one or two predictions. Two thirds of the due ones are judged."""
        for claim in rng.sample(words.CLAIMS, rng.choice((1, 1, 2))):
            due_on = (at or self.midnight).date() + timedelta(days=rng.randint(60, 700))
            prediction: Object = {"claim": claim, "due_on": due_on.isoformat()}
            if due_on < self.midnight.date() and rng.random() < 0.67:
                judged_on = min(due_on + timedelta(days=rng.randint(0, 40)), self.midnight.date())
                outcome = rng.choice(("right", "right", "wrong", "wrong", "void"))
                prediction |= {
                    "outcome": outcome,
                    "note": rng.choice(words.NOTES),
                    "source": "https://news.example/" if rng.random() < 0.5 or outcome != "void" else "",
                    "judged_on": judged_on.isoformat(),
                }
            yield prediction

    def _generate_comparisons(self) -> Iterator[Object]:
        """Yield distinct pairs, nine in ten within a category. The first tools of each category are compared most."""
        rng = self._get_random("comparisons")
        seen: set[frozenset[int]] = set()
        all_tools = range(self.size.tools)
        while len(seen) < self.size.comparisons:
            category = self.members[self.category_of[rng.randrange(self.size.tools)]]
            first = category[int(len(category) * rng.random() ** 2)]
            second = rng.choice(category if rng.random() < 0.9 else all_tools)
            pair = frozenset((first, second))
            if len(pair) < 2 or pair in seen:
                continue
            seen.add(pair)
            remarks = rng.sample(words.REMARKS, rng.randint(0, 2))
            yield {
                "tools": [self.slugs[first], self.slugs[second]],
                "introduction": " ".join(remarks),
                **self._pick_publication(rng),
            }

    def generate_votes(self, tools: Sequence[VotedTool]) -> Iterator[tuple[int, str, str, datetime]]:
        """Yield (tool's id, visitor's id in hexadecimal, choice, time) of each vote, tool by tool.

        A few tools get most of the votes, many get fewer than ten, and a tenth get none. A visitor votes at most once
        on a tool, and on about four tools.
        """
        counts = _distribute_votes(self.size.votes, len(tools), self._get_random("popularity"))
        visitors = max([self.size.votes // 4, *(count + 1 for count in counts)])
        for n, (tool, count) in enumerate(zip(tools, counts, strict=True)):
            rng = self._get_random("votes", n)
            quality = rng.betavariate(2, 1.6)
            seconds = max(1, int((self.midnight - tool.published_at).total_seconds()))
            for visitor in rng.sample(range(visitors), count):
                choice = "ship" if rng.random() < quality else "skip"
                at = tool.published_at + timedelta(seconds=int(rng.random() * seconds))
                yield tool.pk, _make_visitor(self.seed, visitor), choice, at


def _distribute_votes(votes: int, tools: int, rng: Random) -> list[int]:
    """Return how many votes each tool gets: n ** -1.1 of the total in a shuffled order, and none for a tenth."""
    weights = [0.0 if place % 10 == 9 else 1 / (place + 1) ** 1.1 for place in range(tools)]
    total = sum(weights)
    # Rounding the running sums, not the parts, makes the parts add up to `votes` exactly.
    sums = [round(votes * share / total) for share in accumulate(weights)] if total else []
    counts = [high - low for low, high in zip([0, *sums], sums, strict=False)]
    rng.shuffle(counts)
    return counts


def _make_visitor(seed: int, number: int) -> str:
    return blake2b(f"{seed}:{number}".encode(), digest_size=16).hexdigest()


def _format_instant(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _make_name(rng: Random) -> str:
    """Return a name of one to three words, sometimes with a version."""
    name = "".join(rng.choices(words.SYLLABLES, k=rng.randint(2, 4))).capitalize()
    if rng.random() < 0.4:
        name += f" {rng.choice(words.SURNAMES)}"
    if rng.random() < 0.3:
        name += f" {rng.randint(1, 9)}"
        if rng.random() < 0.5:
            name += f".{rng.randint(0, 9)}"
    return name


def _make_price(rng: Random) -> Object:
    """Return a price of any shape: free, on request, flat, per seat, with an allowance, or by usage."""
    kind = rng.choice(("free", "free", "paid", "paid", "paid", "contact"))
    if kind != "paid":
        return {"kind": kind, **({"rates": [_make_allowance(rng)]} if kind == "free" and rng.random() < 0.3 else {})}
    period = rng.choice(("month", "month", "month", "year", "usage", "once"))
    price = {"kind": kind, "currency": rng.choice(("USD", "USD", "EUR")), "period": period}
    if period != "usage":
        return {**price, "amount": rng.choice((5, 9, 12, 20, 29, 49, 99, 249)), **_make_terms(rng, period)}
    if rng.random() < 0.5:
        return {**price, "rates": _make_rates(rng)}
    return {**price, "amount": rng.randint(5, 900) / 100, "unit": rng.choice(words.UNITS)}


def _make_terms(rng: Random, period: str) -> Object:
    """Return what a price per month or year, or once, says beyond its amount."""
    terms: Object = {"per_seat": rng.random() < 0.4, "is_from": rng.random() < 0.1}
    if terms["per_seat"]:
        terms["minimum_seats"] = rng.choice((None, None, 2, 5))
        terms["maximum_seats"] = rng.choice((None, None, 50))
    elif rng.random() < 0.3:
        terms["maximum_seats"] = 1
    if period == "month":
        terms["billed_yearly"] = rng.random() < 0.2
        terms["trial_days"] = rng.choice((None, None, 14, 30))
        terms["rates"] = [_make_allowance(rng)] if rng.random() < 0.3 else []
    return terms


def _make_rates(rng: Random) -> list[Object]:
    """Return rates of tokens, or of one other meter."""
    if rng.random() < 0.5:
        cost = rng.randint(5, 300) / 100
        return [
            {"meter": meter, "amount": round(cost * factor, 4), "per": 1_000_000}
            for meter, factor in (("input", 1), ("cached-input", 0.1), ("output", 4))
        ]
    meter, per = rng.choice((("image", 1), ("minute", 60), ("request", 1_000), ("gpu-hour", 1)))
    return [{"meter": meter, "amount": rng.randint(1, 400) / 100, "per": per, "included": rng.choice((0, 0, 100))}]


def _make_allowance(rng: Random) -> Object:
    """Return what a plan includes each month, beyond which it stops or slows down."""
    meter, most = rng.choice((("request", 2_000), ("credit", 500), ("minute", 600), ("gigabyte", 10)))
    return {"meter": meter, "included": most, "beyond": rng.choice(("stops", "slows"))}


def _raise(price: Object) -> Object:
    """Return a paid price with every amount in it raised by one."""
    if "amount" in price:
        return {**price, "amount": round(price["amount"] + 1, 2)}
    return {**price, "rates": [{**rate, "amount": round(rate["amount"] + 1, 4)} for rate in price["rates"]]}


def _pick_values(rng: Random, attribute: words.MadeUpAttribute) -> tuple[str, str]:
    """Return two different values in canonical form. Some facts have several choices, where that is possible."""
    now, before = rng.sample(attribute.values, 2)
    if attribute.kind != "choice":
        return now, before
    both = attribute.several and rng.random() < 0.2
    chosen = [name for name in attribute.values if name == now or (both and name == before)]
    return SEPARATOR.join(map(slug_choice, chosen)), slug_choice(before)


def _make_gist(rng: Random, verdict: str) -> str:
    """Return a gist, which a twentieth of the reviews lack, as editions from before."""
    gist = rng.choice(words.GOOD if verdict == "ship" else words.BAD)
    return "" if rng.random() < 0.05 else f"{gist[0].upper()}{gist[1:]}."[:MAX_GIST_LENGTH]


def _make_basis(rng: Random) -> Object:
    """Return how a seat knows: half have only read, and a twentieth did not record it."""
    basis = rng.choices(("read", "tried", "production", ""), (10, 6, 3, 1))[0]
    if basis != "tried":
        return {"basis": basis}
    return {
        "basis": basis,
        "basis_version": f"{rng.randint(0, 4)}.{rng.randint(0, 20)}",
        "basis_days": rng.randint(1, 60),
    }


def _make_quote(rng: Random, verdict: str, rival: str) -> str:
    """Return a quote of 80 to 600 characters, which sometimes names a rival of the same category."""
    trial = rng.choice(words.TRIALS).format(corpus=rng.choice(words.CORPORA), span=rng.choice(words.SPANS))
    outcome = rng.choice(words.GOOD if verdict == "ship" else words.BAD)
    quote, ending = f"{trial}, and {outcome}.", rng.choice(words.ENDINGS[verdict])
    more = rng.sample(words.REMARKS, rng.randint(0, 8))
    if rng.random() < 0.3:
        more.insert(0, rng.choice(words.RIVALRY).format(rival=rival))
    for sentence in more:
        if len(quote) + len(sentence) + len(ending) + 2 <= MAX_QUOTE_LENGTH:
            quote += f" {sentence}"
    return f"{quote} {ending}"
