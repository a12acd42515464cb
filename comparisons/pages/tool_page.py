"""The page of a tool: its numbers, reviews, prices, facts, history, and comparisons."""

from collections.abc import Collection
from datetime import date
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString

from comparisons.addresses import reverse_tool_image
from comparisons.machines import linked_data, titles
from comparisons.machines.json_documents import json_address
from comparisons.models import Comparison, ComparisonQuerySet
from comparisons.pictures.badge import build_snippets
from comparisons.reading.rivals import read_likely_rivals
from comparisons.reading.superseded import read_history
from comparisons.reading.tool_records import read_tools
from comparisons.shaping import price_steps, sentences, tool_columns, verdict_timeline
from comparisons.shaping.estimates import Typed, build_section
from tools.models import Tool
from votes.community import Community
from web import clock

MAX_LINKS = 12


def build_tool_page(tool: Tool, *, usage: Typed = (), drafts: Collection[int] = ()) -> dict[str, Any]:
    """Return the context of `comparisons/tool.html`. The tool must come from `with_community().with_freeze()`.

    `usage` is what a reader would use in a month, as typed.
    `drafts` are the ids of reviews that count as if they were published, for previews.
    """
    today = clock.today()
    tools = read_tools([tool.pk], drafts=drafts)
    column = tool_columns.build_column(tools[0], today=today, earlier=None)
    community = Community.of(tool.community, is_frozen=tool.is_frozen)  # type: ignore[attr-defined] # annotated
    seats = tool_columns.build_seat_rows(tools)
    return {
        "here": column["url"],
        "json_address": json_address(column["url"]),
        "feed": reverse("tool-feed", args=[tool.slug]),
        "title": titles.write_tool_title(column),
        "description": titles.write_tool_description(column, community),
        "image": reverse_tool_image(tool.slug),
        "linked_data": linked_data.build_tool_graph(tools[0], column, community),
        "column": column,
        "example_notice": sentences.write_example_notice(column),
        "cost": build_section((column["priced"],), usage, here=column["url"]),
        "community": community,
        "has_long_names": tool_columns.has_long_names(tools),
        "seats": seats,
        "who_speaks": sentences.write_who_speaks(seats),
        "facts": tool_columns.group_facts(tool_columns.build_fact_rows(tools, today=today, earlier=None)),
        "badges": build_snippets(settings.SITE_URL, settings.SITE_NAME, tool.slug, tool.name),
        **_build_history(tool, today=today, drafts=drafts),
        "comparisons": render_newest_links(Comparison.objects.published().touching(tool.pk)),
        "rivals": read_likely_rivals(tool, most=MAX_LINKS),
    }


def _build_history(tool: Tool, *, today: date, drafts: Collection[int]) -> dict[str, Any]:
    """Return the part of the context that shows superseded verdicts, prices, and facts."""
    history = read_history(tool.pk, drafts=drafts)
    editions = history["editions"] or []
    return {
        "timeline": verdict_timeline.build_timeline(editions, today=today),
        "unchanged_since": verdict_timeline.format_first_day(editions),
        "price_history": price_steps.build_price_history(history["prices"] or [], today=today),
        "gone_plans": verdict_timeline.format_discontinued_plans(history["plans"] or []),
        "gone_facts": verdict_timeline.format_discontinued_facts(history["facts"] or []),
    }


def render_newest_links(comparisons: ComparisonQuerySet) -> list[SafeString]:
    """Render the newest comparisons as links."""
    return [tool_columns.render_pair_link(record) for record in comparisons.newest_first().records()[:MAX_LINKS]]
