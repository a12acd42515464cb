"""Made-up content of any size for trying the site under load: the same for the same seed, size and day. No queries.

All of it can be told apart by its slugs (`SLUG`), and so `catalog.actions.remove_load` finds it again.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import Any

from catalog.made_up import vocabulary as words
from catalog.schema import FORMAT
from tools.slugs import slug_from_name

# Six digits, so that a tool somebody really calls "Load Balancer 2" is not taken for made up.
SLUG = r"^load-[0-9]{6}-"
DAYS = 730  # over which publication times are spread
LONGEST_QUOTE = 600  # characters
FACTS_KNOWN = 8  # attributes a category has

type Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How much to make. Reviews come to `reviewers` a tool, and some later editions on top."""

    tools: int = 10_000
    comparisons: int = 10_000
    reviewers: int = 4
    votes: int = 1_000_000
    categories: int = 40


@dataclass(frozen=True, slots=True)
class VotedTool:
    """A tool that votes can be cast on: its id, and since when it is public."""

    pk: int
    published_at: datetime


class Load:
    """The made-up content of one seed, size and day.

    `seats` are the slugs of the site's own reviewers by seat. The first of them judge, and where they are too few,
    made-up ones sit behind them. Raises ValueError for a size that cannot be.
    """

    def __init__(self, *, size: Size, seed: int, today: date, seats: Mapping[int, str]) -> None:
        pairs = size.tools * (size.tools - 1) // 2
        if not 1 <= size.categories <= len(words.FIELDS):
            raise ValueError(f"there are 1 to {len(words.FIELDS)} categories")
        if size.comparisons > pairs // 2:
            raise ValueError(f"{size.tools} tools allow {pairs // 2} comparisons at most")
        self.size, self.seed = size, seed
        own = [slug for _, slug in sorted(seats.items())][: size.reviewers]
        places = range(max(seats, default=0) + 1, max(seats, default=0) + 1 + size.reviewers - len(own))
        self.made_up_seats = {seat: f"load-{seat:06}-seat" for seat in places}
        self.reviewers = [*own, *self.made_up_seats.values()]
        self.midnight = datetime.combine(today, time(), UTC)
        rng = self._random("names")
        self.categories = [f"load-{n:06}-{slug_from_name(words.FIELDS[n])}" for n in range(size.categories)]
        self.attributes = [f"load-{n:06}-{slug_from_name(name)}" for n, name in enumerate(words.ATTRIBUTES)]
        # The first category is the largest, about as many times larger than the fortieth as 40 ** 0.8.
        self.category_of = rng.choices(
            range(size.categories), [1 / (n + 1) ** 0.8 for n in range(size.categories)], k=size.tools
        )
        self.members: list[list[int]] = [[] for _ in range(size.categories)]
        for tool, category in enumerate(self.category_of):
            self.members[category].append(tool)
        self.names = [_name(rng) for _ in range(size.tools)]
        self.slugs = [f"load-{n:06}-{slug_from_name(name)[:80].strip('-')}" for n, name in enumerate(self.names)]

    def _random(self, *what: object) -> Random:
        """Chance of its own for each thing, so that none depends on what else is made, or in which order."""
        return Random(":".join(map(str, (self.seed, *what))))  # noqa: S311 (nothing secret comes of it)

    def catalog_text(self) -> Iterator[str]:
        """Yield all but the votes as a catalog file, in pieces of text, one an object."""
        yield f'{{"format": "{FORMAT}"'
        sections: dict[str, Iterator[Object]] = {
            "categories": self._categories(),
            "attributes": self._attributes(),
            "reviewers": self._reviewers(),
            "tools": map(self._tool, range(self.size.tools)),
            "comparisons": self._comparisons(),
        }
        for section, objects in sections.items():
            yield f', "{section}": ['
            for index, item in enumerate(objects):
                yield ("," if index else "") + json.dumps(item, ensure_ascii=False)
            yield "]"
        yield "}"

    def _categories(self) -> Iterator[Object]:
        for slug, name in zip(self.categories, words.FIELDS, strict=False):
            yield {"slug": slug, "name": f"Load: {name}", "description": "Made-up content for load tests."}

    def _known(self, category: int) -> list[int]:
        """The attributes that say something of a category's tools."""
        return [(category + n) % len(self.attributes) for n in range(FACTS_KNOWN)]

    def _attributes(self) -> Iterator[Object]:
        for n, (slug, name) in enumerate(zip(self.attributes, words.ATTRIBUTES, strict=True)):
            known = [
                self.categories[category] for category in range(self.size.categories) if n in self._known(category)
            ]
            yield {"slug": slug, "name": f"Load: {name}", "categories": known}

    def _reviewers(self) -> Iterator[Object]:
        for seat, slug in self.made_up_seats.items():
            yield {
                "slug": slug, "name": f"Load: Seat {seat}", "lens": "Does it carry?", "seat": seat,
                "disclosure": words.DISCLOSURE,
            }  # fmt: skip

    def _instant(self, rng: Random, *, earliest: datetime | None = None) -> datetime:
        """Some second of the last two years, or since `earliest`."""
        earliest = earliest or self.midnight - timedelta(days=DAYS)
        return earliest + timedelta(seconds=rng.randrange(max(1, int((self.midnight - earliest).total_seconds()))))

    def _publishing(self, rng: Random) -> Object:
        """Of 100 about 3 are drafts, 2 are scheduled and 2 are withdrawn."""
        published_at = self._instant(rng)
        match rng.randrange(100):
            case 0 | 1 | 2:
                return {"published_at": None}
            case 3 | 4:
                return {"published_at": _z(self.midnight + timedelta(days=rng.randint(2, 400)))}
            case 5 | 6:
                return {"published_at": _z(published_at), "withdrawn_at": _z(self._instant(rng, earliest=published_at))}
        return {"published_at": _z(published_at)}

    def _verified_on(self, rng: Random) -> str | None:
        """A day of the last 200, so that about half are stale; now and then none."""
        return (self.midnight.date() - timedelta(days=rng.randrange(200))).isoformat() if rng.random() < 0.9 else None

    def _tool(self, n: int) -> Object:
        rng = self._random("tool", n)
        publishing = self._publishing(rng)
        website = f"https://{self.slugs[n][12:60].strip('-') or 'tool'}.example/"
        doing = rng.choice(words.DOING)
        return {
            "slug": self.slugs[n],
            "name": self.names[n],
            "category": self.categories[self.category_of[n]],
            "tagline": f"{doing.capitalize()} {rng.choice(words.MANNER)}",
            "description": f"{self.names[n]} {doing} {rng.choice(words.MANNER)}. " + " ".join(
                rng.sample(words.REMARKS, rng.randint(1, 4))
            ),
            "website": website,
            "aliases": [self.names[n].split()[0] + rng.choice(("AI", "HQ", "App"))] if rng.random() < 0.2 else [],
            **publishing,
            "plans": list(self._plans(rng, website)),
            "facts": list(self._facts(rng, self.category_of[n], website)),
            "reviews": list(self._reviews(rng, n, publishing)),
        }  # fmt: skip

    def _sourced(self, rng: Random, website: str, page: str) -> Object:
        return {"source": website + page if rng.random() < 0.9 else "", "verified_on": self._verified_on(rng)}

    def _plans(self, rng: Random, website: str) -> Iterator[Object]:
        for name in rng.sample(words.PLANS, rng.randint(1, 3)):
            price = _price(rng)
            yield {"name": name, **price, **self._sourced(rng, website, "pricing")}
            if price["kind"] == "paid" and rng.random() < 0.1:
                yield {
                    "name": name,
                    **price,
                    "amount": round(price["amount"] + 1, 2),
                    **self._sourced(rng, website, "pricing"),
                    "superseded_at": _z(self._instant(rng)),
                }

    def _facts(self, rng: Random, category: int, website: str) -> Iterator[Object]:
        values = list(words.ATTRIBUTES.values())
        for attribute in rng.sample(self._known(category), rng.randint(3, FACTS_KNOWN)):
            now, before = rng.sample(values[attribute], 2)
            yield {
                "attribute": self.attributes[attribute],
                "value": now,
                **self._sourced(rng, website, "docs"),
            }
            if rng.random() < 0.05:
                yield {
                    "attribute": self.attributes[attribute],
                    "value": before,
                    **self._sourced(rng, website, "docs"),
                    "superseded_at": _z(self._instant(rng)),
                }

    def _reviews(self, rng: Random, n: int, publishing: Object) -> Iterator[Object]:
        """One of each seat, as drafts while the tool is one; of each tenth seat a later edition that turns round."""
        quality = rng.betavariate(2, 1.6)
        start = publishing["published_at"] and datetime.fromisoformat(publishing["published_at"])
        for reviewer in self.reviewers:
            verdict = "ship" if rng.random() < quality else "skip"
            if start is None or start > self.midnight:
                yield self._review(rng, n, reviewer, verdict, start)
                continue
            first = self._instant(rng, earliest=start)
            yield self._review(rng, n, reviewer, verdict, first)
            if rng.random() < 0.1:
                turned = "skip" if verdict == "ship" else "ship"
                later = self._instant(rng, earliest=first) + timedelta(seconds=1)
                match rng.randrange(10):
                    case 0:  # written and not out
                        yield self._review(rng, n, reviewer, turned, None)
                    case 1:
                        yield self._review(rng, n, reviewer, turned, self.midnight + timedelta(days=rng.randint(2, 60)))
                    case 2:
                        withdrawn_at = _z(self._instant(rng, earliest=later))
                        yield self._review(rng, n, reviewer, turned, later) | {"withdrawn_at": withdrawn_at}
                    case _:
                        yield self._review(rng, n, reviewer, turned, later)

    def _review(self, rng: Random, n: int, reviewer: str, verdict: str, at: datetime | None) -> Object:
        neighbours = self.members[self.category_of[n]]
        return {
            "reviewer": reviewer,
            "verdict": verdict,
            "quote": _quote(rng, verdict, self.names[rng.choice(neighbours)]),
            "flips_if": rng.choice(words.FLIPS[verdict]) if rng.random() < 0.4 else "",
            "published_at": _z(at) if at else None,
            "predictions": list(self._predictions(rng, at)) if rng.random() < 0.25 else [],
        }

    def _predictions(self, rng: Random, at: datetime | None) -> Iterator[Object]:
        """One or two; of those that are due two thirds are judged."""
        for claim in rng.sample(words.CLAIMS, rng.choice((1, 1, 2))):
            due_on = (at or self.midnight).date() + timedelta(days=rng.randint(60, 700))
            prediction: Object = {"claim": claim, "due_on": due_on.isoformat()}
            if due_on < self.midnight.date() and rng.random() < 0.67:
                judged_on = min(due_on + timedelta(days=rng.randint(0, 40)), self.midnight.date())
                prediction |= {
                    "outcome": rng.choice(("right", "right", "wrong", "wrong", "void")),
                    "note": rng.choice(words.NOTES),
                    "source": "https://news.example/" if rng.random() < 0.5 else "",
                    "judged_on": judged_on.isoformat(),
                }
            yield prediction

    def _comparisons(self) -> Iterator[Object]:
        """Distinct pairs, nine of ten within a category; the first tools of each are compared most."""
        rng = self._random("comparisons")
        seen: set[frozenset[int]] = set()
        everybody = range(self.size.tools)
        while len(seen) < self.size.comparisons:
            home = self.members[self.category_of[rng.randrange(self.size.tools)]]
            first = home[int(len(home) * rng.random() ** 2)]
            second = rng.choice(home if rng.random() < 0.9 else everybody)
            pair = frozenset((first, second))
            if len(pair) < 2 or pair in seen:
                continue
            seen.add(pair)
            remarks = rng.sample(words.REMARKS, rng.randint(0, 2))
            yield {
                "tools": [self.slugs[first], self.slugs[second]],
                "introduction": " ".join(remarks),
                **self._publishing(rng),
            }

    def votes_on(self, tools: Sequence[VotedTool]) -> Iterator[tuple[int, str, str, datetime]]:
        """Yield (tool's id, visitor's id in hexadecimal, choice, when) of each vote, a tool after the other.

        A few tools get most of the votes, many fewer than ten, and each tenth none. A visitor votes once on a tool, and
        on about four tools.
        """
        counts = _spread(self.size.votes, len(tools), self._random("popularity"))
        visitors = max([self.size.votes // 4, *(count + 1 for count in counts)])
        for n, (tool, count) in enumerate(zip(tools, counts, strict=True)):
            rng = self._random("votes", n)
            quality = rng.betavariate(2, 1.6)
            seconds = max(1, int((self.midnight - tool.published_at).total_seconds()))
            for visitor in rng.sample(range(visitors), count):
                choice = "ship" if rng.random() < quality else "skip"
                at = tool.published_at + timedelta(seconds=int(rng.random() * seconds))
                yield tool.pk, _visitor(self.seed, visitor), choice, at


def _spread(votes: int, tools: int, rng: Random) -> list[int]:
    """How many votes each tool gets, `votes` in all: by its place in a shuffled order, n ** -1.1, each tenth none."""
    weights = [0.0 if place % 10 == 9 else 1 / (place + 1) ** 1.1 for place in range(tools)]
    total = sum(weights)
    # Rounded sums, so that the parts come to exactly the whole.
    upto = [round(votes * share / total) for share in accumulate(weights)] if total else []
    counts = [high - low for low, high in zip([0, *upto], upto, strict=False)]
    rng.shuffle(counts)
    return counts


def _visitor(seed: int, number: int) -> str:
    return blake2b(f"{seed}:{number}".encode(), digest_size=16).hexdigest()


def _z(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


def _name(rng: Random) -> str:
    """One to three words, now and then with a version."""
    name = "".join(rng.choices(words.SYLLABLES, k=rng.randint(2, 4))).capitalize()
    if rng.random() < 0.4:
        name += f" {rng.choice(words.SURNAMES)}"
    if rng.random() < 0.3:
        name += f" {rng.randint(1, 9)}"
        if rng.random() < 0.5:
            name += f".{rng.randint(0, 9)}"
    return name


def _price(rng: Random) -> Object:
    kind = rng.choice(("free", "free", "paid", "paid", "paid", "contact"))
    if kind != "paid":
        return {"kind": kind}
    period = rng.choice(("month", "month", "month", "year", "usage", "once"))
    amount = rng.randint(5, 900) / 100 if period == "usage" else rng.choice((5, 9, 12, 20, 29, 49, 99, 249))
    unit = rng.choice(words.UNITS) if period == "usage" else ""
    return {
        "kind": kind,
        "amount": amount,
        "currency": rng.choice(("USD", "USD", "EUR")),
        "period": period,
        "unit": unit,
    }


def _quote(rng: Random, verdict: str, rival: str) -> str:
    """80 to 600 characters of reasons, that now and then name a neighbour."""
    trial = rng.choice(words.TRIALS).format(corpus=rng.choice(words.CORPORA), span=rng.choice(words.SPANS))
    outcome = rng.choice(words.GOOD if verdict == "ship" else words.BAD)
    said, ending = f"{trial}, and {outcome}.", rng.choice(words.ENDINGS[verdict])
    more = rng.sample(words.REMARKS, rng.randint(0, 8))
    if rng.random() < 0.3:
        more.insert(0, rng.choice(words.RIVALRY).format(rival=rival))
    for sentence in more:
        if len(said) + len(sentence) + len(ending) + 2 <= LONGEST_QUOTE:
            said += f" {sentence}"
    return f"{said} {ending}"
