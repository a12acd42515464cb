"""The front page."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from comparisons.machines import linked_data, titles
from comparisons.models import Comparison, Split
from comparisons.shaping import splits, tool_columns
from tools.models import Category, Tool
from votes.models import Listing
from web.http import public_page

MAX_NEWEST = 12  # comparisons
MAX_JUST_REVIEWED = 6  # tools
MAX_SPLITS = 2
MAX_CATEGORIES = 24


@require_safe
@public_page
def home(request: HttpRequest) -> HttpResponse:
    """Show the newest comparisons, the newest reviews, the biggest splits, and the categories. Examples never lead."""
    pairs = [
        (comparison, tool_columns.build_card(comparison.first), tool_columns.build_card(comparison.second))
        for comparison in Comparison.objects.published().without_examples().newest_first().with_numbers()[:MAX_NEWEST]
    ]
    return render(
        request,
        "comparisons/home.html",
        {
            "description": titles.write_home_description(*pairs[0][1:]) if pairs else "",
            "linked_data": linked_data.build_graph(linked_data.describe_website()),
            "pairs": pairs,
            "cards": [
                tool_columns.build_card(tool)
                for tool in Tool.objects.with_numbers()
                .with_plans()
                .in_order(Listing.objects.at().without_examples().recently_reviewed().tool_ids()[:MAX_JUST_REVIEWED])
            ],
            "splits": [
                splits.build_split(comparison)
                for comparison in Comparison.objects.with_numbers().in_order(
                    Split.objects.at().without_examples().biggest().values_list("comparison_id", flat=True)[:MAX_SPLITS]
                )
            ],
            "categories": Category.objects.with_published_tools()[:MAX_CATEGORIES],
        },
    )
