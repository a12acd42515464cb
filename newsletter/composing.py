"""The composition of an issue from the site's data: what readers could not see when the last issue was composed.

Usually that is what was published since. But content can also come to the site late: imported with an earlier time of
publication, put back after it was withdrawn, or committed by a transaction that took long. So the history of the rows
decides (`newsletter.lateness`), and nothing appears in two issues.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice

from django.db.models import Count, Q
from django.db.models.functions import Greatest
from django.utils.text import capfirst

from comparisons.choices import ChangeKind, ChangeOrigin
from comparisons.models import Comparison, Split
from comparisons.reading.changes import read_changes
from comparisons.reading.records import ChangeRecord
from comparisons.shaping import splits
from comparisons.shaping.changes import shape_change
from comparisons.shaping.sentences import list_brief_names, write_card_verdict, write_panel_verdict
from comparisons.shaping.tool_columns import Card, build_card
from newsletter.content import ItemSide, NewsItem, has_news, parse_items
from newsletter.lateness import was_judged, was_public
from newsletter.models import Issue
from reviews.models import Prediction, Review
from tools.choices import AttributeKind
from tools.models import Fact, Tool
from tools.publishing import is_published
from votes import made_up
from votes.models import Freeze, PairChoice, PairVote, Vote, VoteState
from web import markdown
from web.words import count_of, format_day, isolate_name, shorten, spell_number

FIRST_ISSUE = timedelta(days=7)  # how far back the first issue looks
LONGEST_TRANSACTION = timedelta(hours=1)  # what began this long before an issue was composed may be committed after it
MAX_ITEMS = 100  # of each kind in an issue
CHANGES_TO_READ = 500  # changes of prices, or of facts, to consider; not all of them are reported
MAX_EXCERPT_LENGTH = 320  # characters of a quote or a note
MAX_SENTENCE_LENGTH = 700
MIN_PAIR_VOTES = 5  # new pair votes that a tool needs to be the one to watch
EARLIER_ISSUES = 26  # whose splits are not repeated


def find_start(*, at: datetime) -> datetime:
    """Return the time from which news counts: when the newest issue whose news counts as reported was composed.

    If a stopped issue is newer, or there is no other, the time that the stopped one covered counts as well.
    """
    last = Issue.objects.composed().order_by("-composed_at").first()
    start = last.composed_at if last else at - FIRST_ISSUE
    stopped = Issue.objects.stopped()
    if last:
        stopped = stopped.filter(composed_at__gt=last.composed_at)
    return min([start, *filter(None, stopped.values_list("since_at", flat=True))])


def compose_items(*, since: datetime, at: datetime) -> list[NewsItem]:
    """Return the items of an issue: what readers can see at `at` but could not see at `since`.

    Return an empty list if there is no news: a split or a tool to watch alone does not make an issue.
    """
    told = Issue.objects.list_told()
    # Before the first issue, only the time of publication counts: what the site began with is not news.
    looked_at = since - LONGEST_TRANSACTION if Issue.objects.composed().exists() else None
    items = list(
        chain(
            _build_comparisons(since, at, looked_at, told),
            _build_flips(since, at, looked_at, told),
            _build_prices(since, at, looked_at, told),
            _build_facts(since, at, looked_at, told),
            _build_predictions(since, at, looked_at, told),
        )
    )
    if not has_news(items):
        return []
    return [*note_told([*items, *_build_split(at)]), *_build_watch(since, at)]


def note_told(items: Iterable[NewsItem], *, by_others_than: Issue | None = None) -> list[NewsItem]:
    """Return the items with the recent issues that reported them, stopped ones included. One query.

    The tool to watch differs each week, so it never counts as reported.
    """
    issues = Issue.objects.out().newest_first()
    if by_others_than is not None:
        issues = issues.exclude(pk=by_others_than.pk)
    told: defaultdict[str, list[int]] = defaultdict(list)
    for pk, content in issues.values_list("pk", "content")[:EARLIER_ISSUES]:
        for item in parse_items(content):
            if item.kind != "watch":
                told[item.key].append(pk)
    return [replace(item, told_in=tuple(sorted(told[item.key]))) for item in items]


def _build_comparisons(
    since: datetime, at: datetime, looked_at: datetime | None, told: dict[str, set[int]]
) -> Iterator[NewsItem]:
    # A comparison is public once it and both of its tools are.
    appeared_at = Greatest("published_at", "first__published_at", "second__published_at")
    published = Comparison.objects.published(at=at).alias(appeared_at=appeared_at)
    is_new = Q(appeared_at__gt=since)
    if looked_at:
        is_new |= ~(
            was_public(Comparison, at=looked_at)
            & was_public(Tool, at=looked_at, prefix="first_")
            & was_public(Tool, at=looked_at, prefix="second_")
        )
    new = published.filter(is_new).exclude(pk__in=told["comparison"]).newest_first().with_numbers()
    # Mail never mentions made-up votes: it stays in mailboxes after the site's notice about them is gone.
    write_verdict = write_panel_verdict if made_up.are_there() else write_card_verdict
    for comparison in new[:MAX_ITEMS]:
        cards = build_card(comparison.first), build_card(comparison.second)
        verdict = write_verdict(*cards)
        yield NewsItem(
            kind="comparison",
            object=comparison.pk,
            category=comparison.first.category.name,
            category_ids=_get_category_ids(comparison),
            title=f"{isolate_name(comparison.first.name)} vs {isolate_name(comparison.second.name)}",
            path=comparison.get_absolute_url(),
            words=tuple(shorten(words, MAX_SENTENCE_LENGTH) for words in (verdict.headline, verdict.reason) if words),
            sides=_build_sides(*cards),
            is_example=comparison.first.example or comparison.second.example,
        )


def _build_sides(*cards: Card) -> tuple[ItemSide, ...]:
    """Return the tools of cards with the verdicts on them, under the names that sentences use."""
    names = [isolate_name(name) for name in list_brief_names(*cards)]
    return tuple(ItemSide.of(name, card.panel) for name, card in zip(names, cards, strict=True))


def _get_category_ids(comparison: Comparison) -> tuple[int, ...]:
    """Return the categories of both tools, without repeats, the first tool's first."""
    return tuple(dict.fromkeys((comparison.first.category_id, comparison.second.category_id)))


def _build_flips(
    since: datetime, at: datetime, looked_at: datetime | None, told: dict[str, set[int]]
) -> Iterator[NewsItem]:
    is_new = Q(flip__published_at__gt=since)
    if looked_at:
        is_new |= ~(was_public(Review, at=looked_at) & was_public(Tool, at=looked_at, prefix="tool_"))
    flips = Review.objects.flips(at=at).filter(is_new).exclude(pk__in=told["flip"])
    for flip in flips.select_related("reviewer", "tool__category")[:MAX_ITEMS]:
        yield NewsItem(
            kind="flip",
            object=flip.pk,
            category=flip.tool.category.name,
            category_ids=(flip.tool.category_id,),
            title=f"{flip.reviewer.name} now {flip.verdict}s {isolate_name(flip.tool.name)}",
            path=f"{flip.tool.get_absolute_url()}#edition-{flip.pk}",
            words=(
                f"“{flip.gist or shorten(_to_one_line(markdown.to_plain_text(flip.quote)), MAX_EXCERPT_LENGTH)}”",
                f"Before, since {format_day(flip.was_published_at.date())}: {flip.was_verdict}.",
            ),
            outcomes=(flip.was_verdict, flip.verdict),
        )


def _build_prices(
    since: datetime, at: datetime, looked_at: datetime | None, told: dict[str, set[int]]
) -> Iterator[NewsItem]:
    """Yield the prices that changed or ended since; not the new plans, and not what we had wrong."""
    records = read_changes(most=CHANGES_TO_READ, kind=ChangeKind.PRICES, since=looked_at or since)
    ended = [record for record in records if record["origin"] == ChangeOrigin.PLAN]
    yield from _build_changes("price", ended, at, told["price"])


def _build_facts(
    since: datetime, at: datetime, looked_at: datetime | None, told: dict[str, set[int]]
) -> Iterator[NewsItem]:
    """Yield the typed facts that changed or ended since; not text, which may only be worded in another way, and not
    what we had wrong.
    """
    records = read_changes(most=CHANGES_TO_READ, kind=ChangeKind.FACTS, since=looked_at or since)
    facts = Fact.objects.filter(pk__in=[record["id"] for record in records])
    typed = set(facts.exclude(attribute__kind=AttributeKind.TEXT).values_list("pk", flat=True))
    yield from _build_changes("fact", [record for record in records if record["id"] in typed], at, told["fact"])


def _build_changes(kind: str, records: list[ChangeRecord], at: datetime, told: set[int]) -> Iterator[NewsItem]:
    """Yield the changes until `at` that no issue has reported."""
    new = (one for one in records if one["id"] not in told and datetime.fromisoformat(one["at"]) <= at)
    for record in islice(new, MAX_ITEMS):
        change = shape_change(record)
        yield NewsItem(
            kind=kind,
            object=record["id"],
            category=record["category"],
            category_ids=(record["category_id"],),
            title=shorten(change.brief, MAX_SENTENCE_LENGTH),
            path=change.url,
            words=(f"{capfirst(change.remark)}.",),
        )


def _build_predictions(
    since: datetime, at: datetime, looked_at: datetime | None, told: dict[str, set[int]]
) -> Iterator[NewsItem]:
    """Yield the predictions judged since. A judgment has a day but no time of day, so the first day counts as well."""
    is_new = Q(judged_on__gte=since.date())
    if looked_at:
        is_new |= ~(
            was_judged(at=looked_at)
            & was_public(Review, at=looked_at, prefix="review_")
            & was_public(Tool, at=looked_at, prefix="review__tool_")
        )
    judged = Prediction.objects.on_record(at=at).judged().filter(is_new, judged_on__lte=at.date())
    judged = judged.exclude(pk__in=told["prediction"]).select_related("review__reviewer", "review__tool__category")
    for prediction in judged[:MAX_ITEMS]:
        tool = prediction.review.tool
        note = shorten(_to_one_line(markdown.to_plain_text(prediction.note)), MAX_EXCERPT_LENGTH)
        yield NewsItem(
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
                        f"“{shorten(_to_one_line(prediction.claim), MAX_EXCERPT_LENGTH)}”",
                        f"Due {format_day(prediction.due_on)}.",
                        note,
                    ],
                )
            ),
            outcomes=(prediction.outcome,),
        )


def _build_split(at: datetime) -> Iterator[NewsItem]:
    """Yield the biggest split that no recent issue had."""
    known = Issue.objects.list_told(newest=EARLIER_ISSUES)["split"]
    biggest = Split.objects.at(at).biggest().exclude(comparison__in=known).values_list("comparison_id", flat=True)[:1]
    for comparison in Comparison.objects.with_numbers().in_order(biggest):
        shaped = splits.build_split(comparison)
        yield NewsItem(
            kind="split",
            object=comparison.pk,
            category=comparison.first.category.name,
            category_ids=_get_category_ids(comparison),
            title=f"{isolate_name(comparison.first.name)} vs {isolate_name(comparison.second.name)}",
            path=shaped.url,
            words=(shorten(shaped.sentence, MAX_SENTENCE_LENGTH),),
            sides=_build_sides(build_card(comparison.first), build_card(comparison.second)),
        )


def _build_watch(since: datetime, at: datetime) -> Iterator[NewsItem]:
    """Yield the tool to watch, if there is one."""
    gain = find_tool_to_watch(since=since, at=at)
    if gain is None:
        return
    [tool] = Tool.objects.with_numbers().with_plans().select_related("category").filter(pk=gain.tool)
    card = build_card(tool)
    community = card.community
    community_words = (
        f"{community.figure} ship of {community.words}." if community.has_number else f"{community.words}."
    )
    yield NewsItem(
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
                    shorten(_to_one_line(tool.tagline), MAX_EXCERPT_LENGTH),
                    f"{gain.words} {community_words}",
                ],
            )
        ),
        sides=_build_sides(card),
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """Why a tool is the one to watch.

    With `chosen`, `votes` are new pair votes and `chosen` how many of them chose the tool. Without it, there were too
    few pair votes, and `votes` are new votes on the tool itself.
    """

    tool: int
    votes: int
    chosen: int | None = None

    @property
    def words(self) -> str:
        if self.chosen is None:
            return f"{count_of(self.votes, 'new vote').capitalize()}, more than on any other tool."
        return f"Chosen in {spell_number(self.chosen)} of {count_of(self.votes, 'new pair vote')}; no tool gained more."


def find_tool_to_watch(*, since: datetime, at: datetime) -> Gain | None:
    """Return the published tool that gained most from the votes after `since` and until `at`; None without votes.

    That is the tool with the highest pair votes for it minus against it, if above zero and of at least MIN_PAIR_VOTES.
    If there is none, it is the tool with the most votes. Only counted votes matter, and only tools whose votes are not
    in doubt.
    """
    if made_up.are_there():  # they are no news, and the numbers of votes contain them
        return None
    doubtful = find_doubtful_tools(since=since, at=at)
    return _find_gain_by_pair_votes(since, at, doubtful) or _find_gain_by_votes(since, at, doubtful)


def find_doubtful_tools(*, since: datetime, at: datetime) -> set[int]:
    """Return the ids of the tools whose votes say little at present, because someone may be flooding them."""
    return set(explain_doubts(since=since, at=at))


def explain_doubts(*, since: datetime, at: datetime) -> dict[int, str]:
    """Return why the votes on some tools say little at present, by the id of the tool.

    Voting on them is frozen, or of the votes cast on them after `since` and until `at`, more are held or rejected than
    count. Votes on pairs count for both tools. Three queries.
    """
    cast = {"created_at__gt": since, "created_at__lte": at}
    counts: defaultdict[int, Counter[str]] = defaultdict(Counter)
    by_tool = Vote.objects.filter(**cast).order_by().values_list("tool", "state").annotate(votes=Count("pk"))
    for tool, state, votes in by_tool:
        counts[tool][state] += votes
    by_pair = PairVote.objects.filter(**cast).order_by().values_list("first", "second", "state")
    for first, second, state, votes in by_pair.annotate(votes=Count("pk")):
        counts[first][state] += votes
        counts[second][state] += votes
    doubts = {}
    for tool, states in counts.items():
        counted, total = states[VoteState.COUNTED], states.total()
        if 2 * counted < total:
            doubts[tool] = f"of {count_of(total, 'new vote')}, {total - counted:,} are held or rejected"
    return doubts | dict.fromkeys(Freeze.objects.values_list("tool", flat=True), "voting is frozen")


def _find_gain_by_pair_votes(since: datetime, at: datetime, doubtful: set[int]) -> Gain | None:
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
    total: Counter[int] = Counter()
    chosen: Counter[int] = Counter()
    for tool, its_votes, its_chosen in first.union(second, all=True):
        total[tool] += its_votes
        chosen[tool] += its_chosen
    gains = [  # (votes for minus votes against, votes for, minus the id: the oldest tool wins a tie)
        (2 * chosen[tool] - votes, chosen[tool], -tool)
        for tool, votes in total.items()
        if votes >= MIN_PAIR_VOTES and 2 * chosen[tool] > votes and tool not in doubtful
    ]
    if not gains:
        return None
    tool = -max(gains)[2]
    return Gain(tool, total[tool], chosen[tool])


def _find_gain_by_votes(since: datetime, at: datetime, doubtful: set[int]) -> Gain | None:
    most = (
        Vote.objects.counted()
        .filter(is_published(at=at, prefix="tool__"), created_at__gt=since, created_at__lte=at)
        .exclude(tool__in=doubtful)
        .values_list("tool_id")
        .annotate(gained=Count("pk"))
        .order_by("-gained", "tool_id")
        .first()
    )
    return Gain(*most) if most else None


def _to_one_line(text: str) -> str:
    return " ".join(text.split())
