"""A reader's must-haves on a page of tools: the boxes to tick, and which tools meet the ticked ones."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from django.utils.safestring import SafeString

from comparisons.reading.criteria import read_criteria
from comparisons.shaping import needs
from comparisons.shaping.needs import MAX_NEEDS, Need, NeedBox, Standing
from web.fragments import render_cached


class MustHaves(NamedTuple):
    """What a reader may tick and has ticked, and how each tool of the page stands."""

    boxes: tuple[NeedBox, ...]
    standings: list[Standing]
    sentence: str
    """Which tools are left; "" without must-haves."""
    remark: str
    """Which must-haves were left out; "" if none was."""
    query: str
    """The must-haves in a query string; "" without any."""

    @property
    def are_on(self) -> bool:
        return bool(self.query)

    def render_form(self, *, here: str, without_needs: str, kept: Sequence[tuple[str, str]]) -> SafeString:
        """Render the boxes; "" if there is nothing to tick or to say.

        `here` is the path of the page, `without_needs` its address without the must-haves, and `kept` the rest of its
        query string.
        """
        if not self.boxes and not self.remark:
            return SafeString()
        return render_cached(
            "comparisons/_must_haves.html",
            boxes=self.boxes,
            remark=self.remark,
            query=self.query,
            here=here,
            without_needs=without_needs,
            kept=tuple(kept),
        )


def read_must_haves(
    asked: Sequence[str], *, names: Sequence[str], values: Sequence[Mapping[str, str]], offered: Sequence[Need]
) -> MustHaves:
    """Judge the tools of a page by the needs that a reader asked for, as in the address.

    `values` are the facts of each tool by attribute, `offered` the needs that the page offers. One query if any need is
    asked for, and otherwise none.
    """
    wanted, ignored = needs.parse_needs(asked[:MAX_NEEDS], read_criteria(needs.name_attributes(asked[:MAX_NEEDS])))
    standings = [needs.judge_tool(wanted, of_tool) for of_tool in values]
    return MustHaves(
        boxes=tuple(needs.build_boxes(offered, wanted)),
        standings=standings,
        sentence=needs.write_sentence(names, standings, wanted),
        remark=needs.write_remark(ignored, has_more=len(asked) > MAX_NEEDS),
        query="need=" + ",".join(need.key for need in wanted) if wanted else "",
    )
