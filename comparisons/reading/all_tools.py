"""Statements about all published tools, run in batches and not with one cursor, for the reasons in `votes.ledger`."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import batched
from typing import Any

from django.utils import timezone

from tools.models import Tool
from web.replica import connection

TOOLS_PER_QUERY = 50


def read_rows(statement: str) -> Iterator[Any]:
    """Yield the rows of a statement, given the published tools in the order of their slugs.

    It takes the parameters `tools` (ids) and `now`, and returns one JSON list in one text. One query per
    TOOLS_PER_QUERY tools.
    """
    tools = Tool.objects.published().order_by("slug").values_list("pk", flat=True)
    for batch in batched(tools, TOOLS_PER_QUERY, strict=False):
        with connection.cursor() as cursor:
            cursor.execute(statement, {"tools": list(batch), "now": timezone.now()})
            [text] = cursor.fetchone()
        yield from json.loads(text, parse_float=Decimal) if text else []
