"""Downloads of many rows as CSV, streamed."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import content_disposition_header

from web.http import PUBLIC_HEADERS, respond_streaming, start

ROWS_PER_CHUNK = 100

# Where a formula can start: in a cell, and also after a semicolon or a line break in it, because a spreadsheet whose
# language separates cells by semicolons splits there. A line may start with a hyphen or a plus, as Markdown's lists do.
_STARTS = r"(?:(?:\A|(?<=;)){0}(?=[=+\-@\t\r＝＋－＠]))|(?:(?<=\n){0}(?=[=@＝＠]))"
_FORMULA = re.compile(_STARTS.format("'*"))
_ESCAPED_FORMULA = re.compile(_STARTS.format("'+"))
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")


class _Echo:
    """A file whose `write` returns the text, so that csv rows can be streamed."""

    def write(self, text: str) -> str:
        return text


def respond_with_csv(
    request: HttpRequest, what: str, columns: Sequence[str], rows: Iterable[Iterable[Any]], *, stamp: tuple[Any, ...]
) -> HttpResponseBase:
    """Return a download that is named for the site and the day, or 304 if the client has it under the same stamp and
    with the same columns.

    `rows` are not read before that is known.
    """

    def build() -> StreamingHttpResponse:
        site = re.sub(r"[\s/\\]+", "-", settings.SITE_NAME.lower())
        name = f"{site}-{what}-{timezone.now():%Y-%m-%d}.csv"
        disposition = content_disposition_header(as_attachment=True, filename=name) or ""
        return StreamingHttpResponse(
            start(_render_csv([columns], rows)),
            content_type="text/csv; charset=utf-8",
            headers={**PUBLIC_HEADERS, "Content-Disposition": disposition},
        )

    return respond_streaming(request, stamp=(what, *columns, stamp), build=build)


def escape_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe. `unescape_formula` restores it."""
    return _FORMULA.sub(lambda match: f"'{match[0]}", text)


def unescape_formula(text: str) -> str:
    """Return the text that `escape_formula` was given."""
    return _ESCAPED_FORMULA.sub(lambda match: match[0][1:], text)


def _guard(cell: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula. Numbers stay numbers."""
    return escape_formula(cell) if isinstance(cell, str) and not _NUMBER.fullmatch(cell) else cell


def _render_csv(*parts: Iterable[Iterable[Any]]) -> Iterator[str]:
    """Yield CSV without formulas, ROWS_PER_CHUNK rows at a time."""
    writer = csv.writer(_Echo())
    lines: list[str] = []
    for part in parts:
        for row in part:
            lines.append(writer.writerow([_guard(cell) for cell in row]))
            if len(lines) == ROWS_PER_CHUNK:
                yield "".join(lines)
                lines.clear()
    yield "".join(lines)
