"""This week's issue, from the site's data: what came out after the last one, in plain words."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain

from django.db.models import Count, Q
from django.db.models.functions import Greatest

from comparisons.models import Comparison, Split
from comparisons.shaping import splits
from comparisons.shaping.sentences import write_card_verdict
from comparisons.shaping.tool_columns import build_card
from newsletter.content import Entry, has_news
from newsletter.models import Issue
from reviews.models import Prediction, Review
from tools.models import Tool
from tools.publishing import is_published
from votes.models import PairChoice, PairVote, Vote
from web import markdown
from web.words import count_of, format_day, isolate_name, shorten, spell_number

FIRST_ISSUE = timedelta(days=7)  # how far back an issue looks that has none before it
MOST = 100  # entries of a kind that an issue keeps
LONGEST_WORDS = 320  # characters of a quote or a note
LONGEST_SENTENCE = 700
PAIR_VOTES = 5  # from how many new pair votes on a tool it can be the one to watch
EARLIER_SPLITS = 26  # issues whose split is not told again


def since(*, at: datetime) -> datetime:
    """From when on news count: when the newest issue was composed that is not a draft."""
    last = Issue.objects.exclude(state="draft").order_by("-composed_at").first()
    return last.composed_at if last else at - FIRST_ISSUE


def composed(*, since: datetime, at: datetime) -> list[Entry]:
    """The entries of an issue: what came out after one instant and until another. None at all where nothing is new: a
    split or a tool to watch alone makes no issue.
    """
    earlier = [
        record
        for issue in Issue.objects.newest_first().exclude(state="draft")[:EARLIER_SPLITS]
        for record in issue.content
    ]
    told = {(record["kind"], record["object"]) for record in earlier}
    entries = list(chain(_comparisons(since, at), _flips(since, at), _predictions(since, at, told)))
    if not has_news(entries):
        return []
    return [*entries, *_split(at, told), *_watch(since, at)]


def _comparisons(since: datetime, at: datetime) -> Iterator[Entry]:
    # It came out with the last of its parts.
    appeared_at = Greatest("published_at", "first__published_at", "second__published_at")
    published = Comparison.objects.published(at=at).alias(appeared_at=appeared_at)
    new = published.filter(appeared_at__gt=since).newest_first().with_numbers()
    for comparison in new[:MOST]:
        yield Entry(
            kind="comparison",
            object=comparison.pk,
            category=comparison.first.category.name,
            category_ids=_categories(comparison),
            title=f"{isolate_name(comparison.first.name)} vs {isolate_name(comparison.second.name)}",
            path=comparison.get_absolute_url(),
            words=(
                shorten(
                    write_card_verdict(build_card(comparison.first), build_card(comparison.second)), LONGEST_SENTENCE
                ),
            ),
        )


def _categories(comparison: Comparison) -> tuple[int, ...]:
    """Its tools' categories, the first tool's first."""
    return tuple(dict.fromkeys((comparison.first.category_id, comparison.second.category_id)))


def _flips(since: datetime, at: datetime) -> Iterator[Entry]:
    flips = (
        Review.objects.flips(at=at).filter(flip__published_at__gt=since).select_related("reviewer", "tool__category")
    )
    for flip in flips[:MOST]:
        yield Entry(
            kind="flip",
            object=flip.pk,
            category=flip.tool.category.name,
            category_ids=(flip.tool.category_id,),
            title=f"{flip.reviewer.name} now {flip.verdict}s {isolate_name(flip.tool.name)}",
            path=f"{flip.tool.get_absolute_url()}#edition-{flip.pk}",
            words=(
                f"“{shorten(_one_line(markdown.to_plain_text(flip.quote)), LONGEST_WORDS)}”",
                f"Before, since {format_day(flip.was_published_at.date())}: {flip.was_verdict}.",
            ),
        )


def _predictions(since: datetime, at: datetime, told: set[tuple[str, int]]) -> Iterator[Entry]:
    """Those judged since. A judgement has a day and no hour, so those of the first day are left out that were told."""
    judged = (
        Prediction.objects.on_record(at=at)
        .judged()
        .filter(judged_on__gte=since.date(), judged_on__lte=at.date())
        .select_related("review__reviewer", "review__tool__category")
    )
    for prediction in judged[: 2 * MOST]:
        if ("prediction", prediction.pk) in told:
            continue
        tool = prediction.review.tool
        note = shorten(_one_line(markdown.to_plain_text(prediction.note)), LONGEST_WORDS)
        yield Entry(
            kind="prediction",
            object=prediction.pk,
            category=tool.category.name,
            category_ids=(tool.category_id,),
            title=f"{prediction.review.reviewer.name} on {isolate_name(tool.name)}: {prediction.outcome}",
            path=tool.get_absolute_url(),
            words=tuple(
                filter(
                    None,
                    [
                        f"“{shorten(_one_line(prediction.claim), LONGEST_WORDS)}”",
                        f"Due {format_day(prediction.due_on)}.",
                        note,
                    ],
                )
            ),
        )


def _split(at: datetime, told: set[tuple[str, int]]) -> Iterator[Entry]:
    """The biggest split that no issue of late has told."""
    known = [pk for kind, pk in told if kind == "split"]
    biggest = Split.objects.at(at).biggest().exclude(comparison__in=known).values_list("comparison_id", flat=True)[:1]
    for comparison in Comparison.objects.with_numbers().in_order(biggest):
        shaped = splits.build_split(comparison)
        yield Entry(
            kind="split",
            object=comparison.pk,
            category=comparison.first.category.name,
            category_ids=_categories(comparison),
            title=f"{isolate_name(comparison.first.name)} vs {isolate_name(comparison.second.name)}",
            path=shaped.url,
            words=(shorten(shaped.sentence, LONGEST_SENTENCE),),
        )


def _watch(since: datetime, at: datetime) -> Iterator[Entry]:
    """One tool to watch."""
    found = tool_to_watch(since=since, at=at)
    if found is None:
        return
    [tool] = Tool.objects.with_numbers().with_plans().select_related("category").filter(pk=found.tool)
    shaped = build_card(tool)
    community = shaped.community
    says = f"{community.figure} ship of {community.words}." if community.has_number else f"{community.words}."
    yield Entry(
        kind="watch",
        object=tool.pk,
        category=tool.category.name,
        category_ids=(tool.category_id,),
        title=isolate_name(tool.name),
        path=tool.get_absolute_url(),
        words=tuple(
            filter(
                None,
                [
                    shorten(_one_line(tool.tagline), LONGEST_WORDS),
                    f"{found.words} {says}",
                ],
            )
        ),
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """Why a tool is the one to watch: how many new votes there were on it, and how many of them chose it over another
    tool (None: there were too few pair votes, and these are those that say ship or skip).
    """

    tool: int
    votes: int
    chosen: int | None = None

    @property
    def words(self) -> str:
        if self.chosen is None:
            return f"{count_of(self.votes, 'new vote').capitalize()}, more than on any other tool."
        return f"Chosen in {spell_number(self.chosen)} of {count_of(self.votes, 'new pair vote')}; no tool gained more."


def tool_to_watch(*, since: datetime, at: datetime) -> Gain | None:
    """The published tool that gained most from what was voted between two instants; None where nobody voted.

    Most by pair votes (chosen minus not chosen, above zero, of at least PAIR_VOTES); where there is no such tool, the
    one with the most votes. Only votes that count are looked at.
    """
    return _gained_by_pairs(since, at) or _gained_by_votes(since, at)


def _gained_by_pairs(since: datetime, at: datetime) -> Gain | None:
    votes = PairVote.objects.counted().filter(
        is_published(at=at, prefix="first__"),
        is_published(at=at, prefix="second__"),
        created_at__gt=since,
        created_at__lte=at,
        choice__in=[PairChoice.FIRST, PairChoice.SECOND],
    )
    first, second = (
        votes.values_list(side).annotate(votes=Count("pk"), chosen=Count("pk", filter=Q(choice=side)))
        for side in ("first", "second")
    )
    number: Counter[int] = Counter()
    chosen: Counter[int] = Counter()
    for tool, its_votes, its_chosen in first.union(second, all=True):
        number[tool] += its_votes
        chosen[tool] += its_chosen
    gains = [
        (2 * chosen[tool] - votes, chosen[tool], -tool)
        for tool, votes in number.items()
        if votes >= PAIR_VOTES and 2 * chosen[tool] > votes
    ]
    if not gains:
        return None
    tool = -max(gains)[2]
    return Gain(tool, number[tool], chosen[tool])


def _gained_by_votes(since: datetime, at: datetime) -> Gain | None:
    most = (
        Vote.objects.counted()
        .filter(is_published(at=at, prefix="tool__"), created_at__gt=since, created_at__lte=at)
        .values_list("tool_id")
        .annotate(gained=Count("pk"))
        .order_by("-gained", "tool_id")
        .first()
    )
    return Gain(*most) if most else None


def _one_line(text: str) -> str:
    return " ".join(text.split())
