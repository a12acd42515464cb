"""What the page of a pair shows, put together. The views keep what they may keep of it; a preview keeps nothing."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons.addresses import pair_image
from comparisons.forms import ComparisonOptions
from comparisons.machines import linked_data, titles
from comparisons.machines.json_documents import json_address
from comparisons.reading.pairs import Pair
from comparisons.reading.tool_records import read_pair
from comparisons.shaping import sentences, tool_columns
from comparisons.shaping.seat_filter import WHOLE_PANEL, Lens, lens_of, toggles, with_query
from comparisons.shaping.tool_columns import FactRow, SeatRow
from web import markdown
from web.fragments import render_cached

RELATED = 6


def shown(
    pair: Pair, options: ComparisonOptions, lens: Lens, written: dict[str, Any], said: dict[str, Any]
) -> dict[str, Any]:
    """What the template takes: what is `written` and `said` through a lens, and the votes as they stand."""
    here = said["here"]
    only = "only=differences" if options.only_differences else ""
    eyes = [row["eye"] for row in written["seats"]]
    return {
        **written,
        **said,
        "pair": pair,
        "address": with_query(here, lens.query, only),
        "all_facts": with_query(here, lens.query),
        "differing_facts": with_query(here, lens.query, "only=differences"),
        "lens": lens,
        "toggles": toggles(eyes, lens, here=here, also=only) if len(eyes) > 1 else [],
        "whole_panel": with_query(here, only),
        "introduction": markdown.render(pair.introduction),
        "sides": list(zip(written["columns"], pair.communities, strict=True)),
        "preference": pair.preference,
        "facts": [drawn for drawn, differs in written["facts"] if differs or not options.only_differences],
        "only_differences": options.only_differences,
    }


def said(pair: Pair, lens: Lens, written: dict[str, Any], *, here: str) -> dict[str, Any]:
    """What words and votes come to: the verdict, and what programs read of it. `here` is the path of the page."""
    communities, columns = pair.communities, written["columns"]
    sentence = sentences.verdict_sentence(columns, communities, written["seats"], lens)
    title, description = titles.comparison_title(*columns), titles.comparison_description(sentence)
    shared = {"title": title, "description": description, "path": here, "image": pair_image(*pair.slugs)}
    site = {"site_name": settings.SITE_NAME, "site_url": settings.SITE_URL}
    return {
        "here": here,
        "json_address": json_address(here),
        "pair_vote_url": reverse("pair-vote", args=[pair.slugs]),
        "sentence": sentence,
        "title": title,
        "description": description,
        "social": render_to_string("web/_social.html", {**shared, **site}),
        "linked_data": linked_data.comparison_graph(
            columns, written["software"], communities, url=here, sentence=sentence
        ),
    }


def written(ids: tuple[int, int], lens: Lens, *, today: date, drafts: Collection[int] = ()) -> dict[str, Any]:
    """What editors wrote of two tools, read and shaped through a lens. `drafts` as for `read_pair`. One query."""
    tools, related = read_pair(ids, related=RELATED, seats=lens.ids, drafts=drafts)
    columns = [tool_columns.column(tool, today=today) for tool in tools]
    seats = tool_columns.seat_rows(tools)
    return {
        "software": [
            linked_data.software(tool, column, quotes=False) for tool, column in zip(tools, columns, strict=True)
        ],
        "columns": columns,
        "has_long_names": tool_columns.has_long_names(tools),
        "notice": sentences.like_for_like_notice(*columns),
        "seats": seats,
        "scorecard": [_seat(row) for row in seats],
        "split_sentence": sentences.split_sentence(seats),
        "pricing_read": sentences.pricing_read(*columns),
        "facts": [(_fact(row), row["differs"]) for row in tool_columns.fact_rows(tools, today=today)],
        "has_predictions": any(column["predictions"] for column in columns),
        "related": [tool_columns.pair_link(link) for link in related],
    }


def _seat(row: SeatRow) -> SafeString:
    """What one seat says of both tools."""
    said = {name: row[name] for name in ("slug", "name", "url", "lens", "differs", "counted")}
    return render_cached("comparisons/_seat.html", cells=tuple(row["cells"]), **said)


def _fact(row: FactRow) -> SafeString:
    """One attribute of both tools, as the body of a table."""
    return render_cached(
        "comparisons/_facts_row.html", name=row["name"], cells=tuple(row["cells"]), differs=row["differs"]
    )


def lens_through(written_whole: dict[str, Any], asked: tuple[str, ...]) -> Lens:
    """The lens of some slugs, out of the seats that have judged either tool."""
    return lens_of([row["eye"] for row in written_whole["seats"]], asked)


def previewed(pair: Pair, options: ComparisonOptions, *, here: str, drafts: Collection[int]) -> dict[str, Any]:
    """What the template takes for a preview at the path `here`, with the reviews `drafts` (ids). Nothing is kept."""
    today = pair.revision.today
    found = written(pair.ids, WHOLE_PANEL, today=today, drafts=drafts)
    lens = lens_through(found, options.lens) if options.lens else WHOLE_PANEL
    if lens != WHOLE_PANEL:
        found = written(pair.ids, lens, today=today, drafts=drafts)
    return shown(pair, options, lens, found, said(pair, lens, found, here=here)) | {"linked_data": None}
