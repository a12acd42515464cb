"""The page of a tool: its numbers, reviews, prices, facts, history, and comparisons."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons.addresses import reverse_tool_image
from comparisons.machines import linked_data, titles
from comparisons.machines.json_documents import json_address
from comparisons.models import Comparison
from comparisons.pages.tool_list import index_site, read_facts
from comparisons.pictures.badge import build_snippets
from comparisons.reading.records import ToolRecord
from comparisons.reading.revision import current_revision
from comparisons.reading.rivals import Rival, read_likely_rivals
from comparisons.reading.tool_history import read_history
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import (
    fact_rows,
    price_steps,
    seat_rows,
    sentences,
    tool_columns,
    tool_reasons,
    verdict_timeline,
)
from comparisons.shaping.alternatives import build_alternatives
from comparisons.shaping.estimates import Typed, build_section
from comparisons.shaping.lanes import draw_lanes
from comparisons.shaping.peers import Peers, count_peers
from comparisons.shaping.rails import render_rail
from tools.choices import AttributeKind
from tools.models import Tool
from votes.community import Community
from web import clock
from web.words import isolate_name

MAX_LINKS = 12
MAX_ALTERNATIVES = 6  # rivals with their numbers; more are only links


def build_tool_page(
    tool: Tool, *, usage: Typed = (), drafts: Collection[int] = (), has_made_up_votes: bool = False
) -> dict[str, Any]:
    """Return the context of `comparisons/tool.html`. The tool must come from `with_community().with_freeze()`.

    `usage` is what a reader would use in a month, as typed.
    `drafts` are the ids of reviews that count as if they were published, for previews.
    """
    today = clock.today()
    rivals = read_likely_rivals(tool, most=MAX_LINKS)
    record, *others = read_tools([tool.pk, *(rival.id for rival in rivals[:MAX_ALTERNATIVES])], drafts=drafts)
    column = tool_columns.build_column(record, today=today, earlier=None)
    community = Community.of(tool.community, is_frozen=tool.is_frozen)  # type: ignore[attr-defined] # annotated
    peers = read_peers(tool, record)
    facts = fact_rows.build_fact_rows([record], today=today, earlier=None, peers=peers)
    return {
        "here": column["url"],
        "json_address": json_address(column["url"]),
        "feed": reverse("tool-feed", args=[tool.slug]),
        "title": titles.write_tool_title(column),
        "description": titles.write_tool_description(column, community),
        "image": reverse_tool_image(tool.slug),
        "linked_data": linked_data.build_tool_graph(record, column, community, has_made_up_votes=has_made_up_votes),
        "column": column,
        "tile": column["logo"] or tool_columns.render_tile("", name=column["name"], slug=column["slug"]),
        "verdict": tool_reasons.write_verdict(column["panel"], community),
        "reason": tool_reasons.write_reason(record),
        "conditions": tool_reasons.find_conditions(record, column["prices"]),
        "seats": [(name.removeprefix("The "), verdict) for name, verdict in column["panel"].marks],
        "modified_on": column["newest_review_on"],
        "rail": render_rail(column["panel"], community) if column["panel"].seats or community.has_number else "",
        "example_notice": sentences.write_example_notice(column),
        "cost": build_section((column["priced"],), usage, here=column["url"]),
        "community": community,
        "reviews": seat_rows.render_reviews(record),
        "who_speaks": seat_rows.render_who_speaks(seat_rows.build_seat_rows([record])),
        "facts": fact_rows.group_facts(facts),
        "has_peers": bool(peers),
        "badges": build_snippets(settings.SITE_URL, settings.SITE_NAME, tool.slug, tool.name),
        **_build_history(tool, today=today, drafts=drafts),
        "beside": f"Compare {isolate_name(column['brief_name'])} with",
        "rival_name": rivals[0].name if rivals else "",
        "comparisons": _render_other_comparisons(tool, rivals),
        "alternatives": build_alternatives(
            record, [(rival.url, rival.is_editorial) for rival in rivals[:MAX_ALTERNATIVES]], others
        ),
        "rivals": rivals[MAX_ALTERNATIVES:],
    }


def read_peers(tool: Tool, record: ToolRecord) -> Mapping[int, Peers]:
    """Return how many tools of the category have what the facts of this one say, by attribute.

    It is counted from what lists filter by, which is cached per revision.
    """
    grades = [fact["attribute"] for fact in record["facts"] or [] if fact["kind"] == AttributeKind.GRADE]
    if not grades:
        return {}
    site = index_site(current_revision())
    of_category = [attribute.id for attribute in site.attributes_of(tool.category_id)]
    listed = read_facts(site, [*of_category, *grades])
    return count_peers(listed, grades, tool=tool.pk, category=tool.category_id)


def _build_history(tool: Tool, *, today: date, drafts: Collection[int]) -> dict[str, Any]:
    """Return the part of the context that shows superseded verdicts, prices, and facts."""
    history = read_history(tool.pk, drafts=drafts)
    editions = history["editions"] or []
    return {
        "lanes": draw_lanes(editions, history["prices"] or [], today=today),
        "timeline": verdict_timeline.build_timeline(editions, today=today),
        "unchanged_since": verdict_timeline.format_first_day(editions),
        "price_history": price_steps.build_price_history(history["prices"] or [], today=today),
        "gone_plans": verdict_timeline.format_discontinued_plans(history["plans"] or []),
        "gone_facts": verdict_timeline.format_discontinued_facts(history["facts"] or []),
    }


def _render_other_comparisons(tool: Tool, rivals: Sequence[Rival]) -> list[SafeString]:
    """Render the newest comparisons of a tool with others than its rivals, which the page links to already."""
    linked = {rival.slug for rival in rivals}
    records = Comparison.objects.published().touching(tool.pk).newest_first().records()[:MAX_LINKS]
    return [
        tool_columns.render_pair_link(record)
        for record in records
        if not linked & {record["first_slug"], record["second_slug"]}
    ]
