"""The sentences on a page of several tools: about the verdict, the split, and the dates of the reviews."""

from collections.abc import Sequence

from django.conf import settings

from comparisons.shaping import verdict_text
from comparisons.shaping.seat_filter import WHOLE_PANEL, SeatFilter
from comparisons.shaping.seat_rows import SeatRow
from comparisons.shaping.tool_columns import Card, Column
from comparisons.shaping.verdict_text import Contender, VerdictText
from reviews.basis import describe_untried
from tools.brief_names import choose_distinct_names
from votes.community import Community
from votes.preference import Preference
from web.words import count_of, format_day, isolate_name, join_words, spell_number


def write_verdict(
    columns: Sequence[Column],
    communities: Sequence[Community],
    seats: Sequence[SeatRow],
    *,
    preference: Preference | None = None,
    seat_filter: SeatFilter = WHOLE_PANEL,
) -> VerdictText:
    """Return the verdict on a pair; with a seat filter, the verdict of those seats only."""
    first, second = _list_contenders(columns, communities)
    counted = [row for row in seats if row["counted"]]
    return verdict_text.compose_verdict(
        first,
        second,
        [_read_verdicts(row) for row in counted],
        preference=preference,
        untried=describe_untried([row["bases"] for row in counted], (first.name, second.name)),
        seat_names=seat_filter.names,
    )


def write_ranking(
    columns: Sequence[Column], communities: Sequence[Community], seat_filter: SeatFilter = WHOLE_PANEL
) -> VerdictText:
    """Return the verdict on three or more tools; with a seat filter, the verdict of those seats only."""
    return verdict_text.compose_ranking(_list_contenders(columns, communities), seat_names=seat_filter.names)


def _read_verdicts(row: SeatRow) -> verdict_text.SeatVerdicts:
    one, two = row["verdicts"]
    return verdict_text.SeatVerdicts(row["name"], one, two, row["gists"])


def _list_contenders(columns: Sequence[Column], communities: Sequence[Community]) -> list[Contender]:
    return [
        Contender(column["brief_name"], column["panel"], community)
        for column, community in zip(columns, communities, strict=True)
    ]


def write_card_verdict(first: Card, second: Card) -> VerdictText:
    """Return the verdict on a pair, given the cards that lists have. They know no pair votes."""
    names = list_brief_names(first, second)
    one, two = (Contender(name, card.panel, card.community) for name, card in zip(names, (first, second), strict=True))
    return verdict_text.compose_verdict(one, two, _pair_marks(first, second))


def write_panel_verdict(first: Card, second: Card) -> VerdictText:
    """Return what the panel says about a pair. It changes only when something is published or withdrawn."""
    quiet = Community.of(None)
    names = list_brief_names(first, second)
    one, two = (Contender(name, card.panel, quiet) for name, card in zip(names, (first, second), strict=True))
    return verdict_text.compose_verdict(one, two, _pair_marks(first, second))


def list_brief_names(*cards: Card) -> list[str]:
    """Return what to call the tools of cards in a sentence."""
    return choose_distinct_names([(card.tool.name, card.tool.brief_name) for card in cards])


def _pair_marks(first: Card, second: Card) -> list[verdict_text.SeatVerdicts]:
    others = dict(second.panel.marks)
    seats = [verdict_text.SeatVerdicts(name, verdict, others.pop(name, None)) for name, verdict in first.panel.marks]
    return seats + [verdict_text.SeatVerdicts(name, None, verdict) for name, verdict in others.items()]


def describe_split(seats: Sequence[SeatRow]) -> str:
    """Return a sentence on how many seats give two tools different verdicts."""
    judged = [row for row in seats if None not in row["verdicts"]]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No reviewer has judged both tools yet."
    if not differing:
        return "Every reviewer who judged both gives them the same verdict."
    return f"{_count_of(differing, judged)} {'gives' if len(differing) == 1 else 'give'} them different verdicts."


def _count_of(rows: Sequence[SeatRow], judged: Sequence[SeatRow]) -> str:
    """Return `One of four reviewers`, `All four reviewers`, `Both reviewers`, or `The only reviewer`."""
    reviewers = count_of(len(judged), "reviewer")
    if len(rows) == len(judged):
        return {1: "The only reviewer", 2: "Both reviewers"}.get(len(judged), f"All {reviewers}")
    return f"{spell_number(len(rows)).capitalize()} of {reviewers}"


def describe_wide_split(seats: Sequence[SeatRow]) -> str:
    """Return a sentence on how many seats give three or more tools different verdicts."""
    judged = [row for row in seats if len([verdict for verdict in row["verdicts"] if verdict]) > 1]
    differing = [row for row in judged if row["differs"]]
    if not judged:
        return "No reviewer has judged more than one of them yet."
    if not differing:
        return "Every reviewer gives all of them the same verdict."
    return f"{_count_of(differing, judged)} would ship some of them and skip others."


def write_example_notice(*columns: Column) -> str:
    """Return a notice of the tools that are described for demonstration only, else ""."""
    names = [isolate_name(column["name"]) for column in columns if column["example"]]
    if not names:
        return ""
    if len(names) == 1:
        return f"{names[0]} is an example, described for demonstration. None of its facts and prices is verified."
    return f"{join_words(names)} are examples, described for demonstration. None of their facts and prices is verified."


def write_like_for_like_notice(*columns: Column) -> str:
    """Return a notice when the newest reviews of the tools are too far apart to compare like with like, else ""."""
    reviewed = [(side["newest_review_on"], side["name"]) for side in columns if side["newest_review_on"]]
    if len(reviewed) < 2:
        return ""
    (older_on, older), (newer_on, newer) = min(reviewed), max(reviewed)
    if (newer_on - older_on).days <= settings.LIKE_FOR_LIKE_DAYS:
        return ""
    return (
        f"Not like for like: the panel last looked at {isolate_name(older)} on {format_day(older_on)}, "
        f"and at {isolate_name(newer)} on {format_day(newer_on)}. One of them may have changed since."
    )
