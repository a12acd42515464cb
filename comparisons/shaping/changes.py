"""Changes in words: records in, one line each out, and the lines of a day together."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any, NamedTuple, cast

from django.utils.safestring import SafeString

from comparisons.addresses import reverse_slug
from comparisons.choices import ChangeKind, ChangeOrigin
from comparisons.reading.records import ChangeRecord, FlipRecord, StatedFact, StatedPlan
from tools.choices import PlanKind
from tools.prices import Price, describe_change
from tools.sourcing import site_name
from web import clock
from web.fragments import render_cached
from web.words import format_day, isolate_name

_ARROW = " → "
_LABELS = {
    ChangeKind.VERDICTS: "Verdict",
    ChangeKind.PRICES: "Price",
    ChangeKind.NO_LONGER_FREE: "No longer free",
    ChangeKind.FACTS: "Fact",
    ChangeKind.CORRECTIONS: "Correction",
    ChangeKind.TOOLS: "New tool",
}


class Difference(NamedTuple):
    """From what to what something changed, in words: `$20/mo`, ` → `, `$25/mo`, `since 3 Nov 2026`, `+25%`."""

    was: str
    joint: str
    now: str
    since: str = ""
    note: str = ""
    """By how much, and whether it turned out to be wrong."""

    @property
    def brief(self) -> str:
        """The change without its remark."""
        return f"{self.was}{self.joint}{self.now}"

    @property
    def remark(self) -> str:
        """Since when, and by how much: `since 3 Nov 2026, +25%`; "" if there is nothing to remark."""
        return ", ".join(filter(None, (self.since, self.note)))

    @property
    def words(self) -> str:
        return f"{self.brief} {self.remark}" if self.remark else self.brief


class FlipWords(NamedTuple):
    """A verdict that flipped, and what it was before."""

    name: str
    """Of the seat."""
    verdict: str
    gist: str
    quote: str
    flips_if: str
    was_verdict: str
    was_quote: str

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "FlipWords":
        return cls(**{name: record[name] for name in cls._fields})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change as a list shows it, such as `Pro: $20/mo → $25/mo since 3 Nov 2026, +25%` of a tool."""

    name: str
    """What no other change is called. It stays the same when a tool is renamed, so feeds use it."""
    kind: ChangeKind
    at: datetime
    updated_at: datetime
    tool: str
    category: str
    url: str
    subject: str = ""
    """The plan, attribute, or seat that changed; "" for a tool, and for a correction that an editor wrote."""
    difference: Difference | None = None
    text: str = ""
    """What an editor wrote in a correction, or the tagline of a new tool."""
    source: str = ""
    flip: FlipWords | None = None
    was_since: str = ""
    """The day of the edition before a flip."""

    @property
    def label(self) -> str:
        return _LABELS[self.kind]

    @property
    def is_headline(self) -> bool:
        return self.kind == ChangeKind.NO_LONGER_FREE

    @property
    def site(self) -> str:
        return site_name(self.source)

    @property
    def words(self) -> str:
        """The change in one line, without the tool."""
        return f"{self.subject}: {self.difference.words}" if self.difference else self.text

    @property
    def brief(self) -> str:
        """The change in one short line, with the tool, but without the remark."""
        return self.title.removesuffix(f" {self.difference.remark}") if self.difference else self.title

    @property
    def remark(self) -> str:
        """Since when, and by how much: `since 3 Nov 2026, +25%`; "" if there is nothing to remark."""
        return self.difference.remark if self.difference else ""

    @property
    def title(self) -> str:
        """The change in one line, with the tool."""
        tool = isolate_name(self.tool)
        if self.flip:
            return f"{self.flip.name} now {self.flip.verdict}s {tool}"
        if self.kind == ChangeKind.TOOLS:
            return f"New: {tool}"
        start = f"{self.label}: " if self.is_headline else "Corrected: " if self.kind == ChangeKind.CORRECTIONS else ""
        return f"{start}{tool}{f', {self.words}' if self.difference else ''}"


def render_days(changes: Iterable[Change]) -> list[tuple[date, list[SafeString]]]:
    """Render the changes of each day, in their order. They are cached: a change stays as it is."""
    return [
        (day, [render_cached("comparisons/_change.html", change=change) for change in of_day])
        for day, of_day in groupby(changes, key=lambda change: clock.day_of(change.at))
    ]


def shape_change(record: ChangeRecord) -> Change:
    """Return a change as lists show it."""
    at, pk = datetime.fromisoformat(record["at"]), record["id"]
    flip, old, new = record["flip"], record["old"], record["new"]
    url = reverse_slug("tool", record["tool_slug"])
    shared: dict[str, Any] = {
        "at": at,
        "updated_at": datetime.fromisoformat(record["updated_at"] or record["at"]),
        "tool": record["tool_name"],
        "category": record["category"],
    }
    match ChangeOrigin(record["origin"]):
        case ChangeOrigin.TOOL:
            own: dict[str, Any] = {
                "name": f"tool/{pk}",
                "kind": ChangeKind.TOOLS,
                "url": url,
                "text": record["tagline"],
            }
        case ChangeOrigin.NOTE:
            own = {
                "name": f"correction/{pk}",
                "kind": ChangeKind.CORRECTIONS,
                "url": f"{url}#corrections",
                "text": record["note"] or "",
            }
        case ChangeOrigin.FLIP:
            own = {"name": f"review/{pk}", "url": f"{url}#edition-{pk}", **_describe_flip(cast("FlipRecord", flip))}
        case ChangeOrigin.FACT:
            own = {
                "name": f"fact/{pk}",
                "kind": ChangeKind.CORRECTIONS if old["correction"] else ChangeKind.FACTS,
                "url": f"{url}#facts",
                "subject": record["attribute"] or "",
                "difference": describe_fact_change(old, new, on=at.date()),
                "source": (new or old)["source"],
            }
        case ChangeOrigin.PLAN | ChangeOrigin.NEW_PLAN:
            own = {
                "name": f"plan/{pk}" if old else f"plan/{pk}/new",
                "kind": find_price_kind(old, new),
                "url": f"{url}#pricing",
                "subject": name_plan(old, new),
                "difference": describe_price_change(old, new, on=at.date()),
                "source": (new or old)["source"],
            }
    return Change(**shared, **own)


def _describe_flip(flip: FlipRecord) -> dict[str, Any]:
    return {
        "kind": ChangeKind.VERDICTS,
        "subject": flip["name"],
        "difference": Difference(flip["was_verdict"], _ARROW, flip["verdict"]),
        "flip": FlipWords.of_record(flip),
        "was_since": format_day(datetime.fromisoformat(flip["was_published_at"]).date()),
    }


def find_price_kind(old: StatedPlan | None, new: StatedPlan | None) -> ChangeKind:
    """Return the kind of a change of a plan: from `old`, None for a new one, to `new`, None for one that ended."""
    if old and old["correction"]:
        return ChangeKind.CORRECTIONS
    was_free = old is not None and read_price(old).kind == PlanKind.FREE
    is_free = new is not None and read_price(new).kind == PlanKind.FREE
    return ChangeKind.NO_LONGER_FREE if was_free and not is_free else ChangeKind.PRICES


def name_plan(old: StatedPlan | None, new: StatedPlan | None) -> str:
    """Return the name of a plan that changed: `Pro`, or `Pro, now Plus`."""
    names = dict.fromkeys(plan["name"] for plan in (old, new) if plan)
    return ", now ".join(names)


def describe_price_change(old: StatedPlan | None, new: StatedPlan | None, *, on: date) -> Difference:
    """Return how a plan changed on a day; arguments as in `find_price_kind`."""
    was, now = old and read_price(old), new and read_price(new)
    old_words, new_words = _write_prices(was, now)
    if old and old["correction"]:
        return _describe_correction(old_words, new_words, if_none="there is no such plan")
    return _describe_difference(
        old_words or "not listed",
        new_words or "no longer offered",
        percent=describe_change(was, now) if was and now else "",
        on=on,
        new=new,
    )


def describe_fact_change(old: StatedFact, new: StatedFact | None, *, on: date) -> Difference:
    """Return how a fact changed on a day, to nothing if `new` is None."""
    was, now = _write_fact(old), _write_fact(new) if new else ""
    if old["correction"]:
        return _describe_correction(was, now, if_none="that is not known")
    return _describe_difference(was, now or "no longer stated", on=on, new=new)


def read_price(plan: StatedPlan) -> Price:
    """Return the price of a plan as it is stored."""
    return Price.of_record(plan)


def _write_prices(was: Price | None, now: Price | None) -> tuple[str, str]:
    """Return two prices in words, with their details if the words alone are the same; "" for None."""
    if was and now and was.words == now.words and was.details != now.details:
        return _add_details(was), _add_details(now)
    return was.words if was else "", now.words if now else ""


def _add_details(price: Price) -> str:
    return f"{price.words} ({', '.join(price.details)})" if price.details else price.words


def _write_fact(fact: StatedFact) -> str:
    return f"{fact['words']} ({fact['note']})" if fact["note"] else fact["words"]


def _describe_correction(was: str, now: str, *, if_none: str) -> Difference:
    return Difference(f"we said {was}", "; ", f"it is {now}" if now else if_none)


def _describe_difference(
    was: str, now: str, *, percent: str = "", on: date, new: StatedPlan | StatedFact | None
) -> Difference:
    """Return a change on a day in words. What it led to, `new`, may have turned out to be wrong since."""
    notes = [percent]
    if new and new["correction"] and new["superseded_at"]:
        notes.append(f"which we corrected on {format_day(datetime.fromisoformat(new['superseded_at']).date())}")
    since, note = f"since {format_day(on)}", ", ".join(filter(None, notes))
    return Difference("", "", f"still {now}", since, note) if was == now else Difference(was, _ARROW, now, since, note)
