"""What an editor should know about the pieces of an issue before it is sent."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from comparisons.models import Comparison
from newsletter.composing import explain_doubts
from newsletter.content import NewsItem, select_public
from newsletter.models import Issue
from tools.models import Tool
from web.words import join_words


def find_warnings(pieces: Sequence[NewsItem], *, since: datetime, at: datetime) -> dict[str, list[str]]:
    """Return warnings in sentences, by the key of a piece.

    A piece has one if its content is no longer public, if it rests on votes that are in doubt, or if some readers got
    it with an earlier issue. `since` is where the votes to look at begin. Constant number of queries.
    """
    warnings: defaultdict[str, list[str]] = defaultdict(list)
    public = {piece.key for piece in select_public(pieces)}
    doubts = _list_doubts(pieces, since, at)
    earlier = _name_issues(pieces)
    for piece in pieces:
        if piece.key not in public:
            warnings[piece.key].append("It is no longer public, so it is left out when the issue is sent.")
        for doubt in doubts.get(piece.key, ()):
            end = " It is left out when the issue is sent." if piece.kind == "watch" else ""
            warnings[piece.key].append(f"It rests on votes in doubt: {doubt}.{end}")
        if names := [earlier[pk] for pk in piece.told_in if pk in earlier]:
            words = join_words(names)
            warnings[piece.key].append(f"{words} told it. Readers who have {words} do not get it again.")
    return dict(warnings)


def _list_doubts(pieces: Sequence[NewsItem], since: datetime, at: datetime) -> dict[str, list[str]]:
    """Return the doubts about the votes that pieces rest on: the tool to watch, and the verdicts on new comparisons."""
    doubts = explain_doubts(since=since, at=at)
    tools = {piece.key: [piece.object] for piece in pieces if piece.kind == "watch"}
    pairs = Comparison.objects.filter(pk__in=[piece.object for piece in pieces if piece.kind == "comparison"])
    tools |= {f"comparison-{pk}": [first, second] for pk, first, second in pairs.values_list("pk", "first", "second")}
    doubted = {tool for pair in tools.values() for tool in pair} & doubts.keys()
    names = dict(Tool.objects.filter(pk__in=doubted).values_list("pk", "name"))
    return {key: [f"{names[tool]}: {doubts[tool]}" for tool in its if tool in names] for key, its in tools.items()}


def _name_issues(pieces: Sequence[NewsItem]) -> dict[int, str]:
    ids = {pk for piece in pieces for pk in piece.told_in}
    return {issue.pk: str(issue) for issue in Issue.objects.filter(pk__in=ids).only("number")} if ids else {}
