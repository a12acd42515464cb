"""The handbook as HTML, with the addresses of its sections, as GitHub makes them."""

import re
from dataclasses import dataclass
from itertools import pairwise

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from web.caching import process_cache

FILE = settings.BASE_DIR / "docs" / "editors.md"
_parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
_PICTURE = re.compile(r"^!\[[^\]]*\]\([^)]*\)\n", re.MULTILINE)  # it is not served, and the pages are at hand
_NO_LETTER = re.compile(r"[^\w\- ]")


@dataclass(frozen=True, slots=True)
class Handbook:
    """The handbook: its HTML, and the ids of its headings."""

    html: SafeString
    ids: frozenset[str]


@process_cache(maxsize=1)
def render_handbook() -> Handbook | None:
    """Return the handbook; None where the site was installed without its docs."""
    if not FILE.is_file():
        return None
    _, _, text = _PICTURE.sub("", FILE.read_text()).partition("\n")  # without its heading, which the page has
    tokens = _parser.parse(text)
    ids = set()
    for token, words in pairwise(tokens):
        if token.type == "heading_open":
            token.attrSet("id", _make_id(words))
            ids.add(str(token.attrGet("id")))
        if token.type == "table_open":
            token.attrSet("class", "handbook__table")
            token.attrSet("tabindex", "0")  # a wide one is scrolled with keys
        if token.attrs.pop("style", None) == "text-align:right":  # the policy forbids inline styles
            token.attrSet("class", "handbook__number")
    html = _parser.renderer.render(tokens, _parser.options, {})
    return Handbook(mark_safe(html), frozenset(ids))  # noqa: S308 (our own file, and its HTML is escaped)


def _make_id(words: Token) -> str:
    return _NO_LETTER.sub("", words.content.lower()).replace(" ", "-")
