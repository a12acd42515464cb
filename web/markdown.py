"""Markdown, a safe subset: paragraphs, emphasis, lists, quotes, code and links. Raw HTML is shown, not obeyed."""

import re
from html import unescape

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from web.caching import process_cache

_CODE = re.compile(r"`([^`]+)`")
_TAGS = {"p", "br", "em", "strong", "code", "pre", "ul", "ol", "li", "a", "blockquote"}
# No headings, so that the outline of the page stays its own; no images, because nothing is loaded from elsewhere.
_parser = MarkdownIt("commonmark", {"html": False}).disable(["heading", "lheading", "image", "hr", "html_block"])


def render_uncached(text: str) -> SafeString:
    """Turn Markdown into safe HTML. Pure; for words that nobody will ask for again, such as drafts."""
    return mark_safe(  # noqa: S308 (nh3 lets nothing but _TAGS and http links through)
        nh3.clean(
            _parser.render(text).strip(),
            tags=_TAGS,
            attributes={"a": {"href"}},
            url_schemes={"http", "https"},
            link_rel="nofollow noopener",
        )
    )


@process_cache(maxsize=8192)
def render(text: str) -> SafeString:
    """Turn Markdown into safe HTML as `rendered` does, and remember it, because published words seldom change."""
    return render_uncached(text)


def render_line(text: str) -> SafeString:
    """A line of plain text as safe HTML, in which `this` is code and nothing else is a mark."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped)


@process_cache(maxsize=8192)
def to_plain_text(text: str) -> str:
    """The words of Markdown without their marks, as plain text (not safe as HTML)."""
    return unescape(nh3.clean(render(text), tags=set()))
