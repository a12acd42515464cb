"""What pages that show votes depend on (web/pages.py)."""

from votes import made_up
from web.pages import Question

EDITORS = "(SELECT number FROM tools_contentrevision)"
"""What changes with everything that editors do, and with whether there are made-up votes."""
LIVE = "(SELECT sum(number) FROM tools_liverevision)"
"""What changes with everything else that public pages show."""

SITE = f"{EDITORS}, {LIVE}"
"""What changes with everything that public pages show."""

NEXT_TOOL = "(SELECT min(published_at) FROM tools_tool WHERE published_at > {now})"

# For pages on which editors' work decides only which tools are listed.
OF_TOOLS = Question(SITE, next_change=NEXT_TOOL, also=made_up.MARK_SQL)
