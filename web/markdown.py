"""A safe subset of Markdown: paragraphs, emphasis, lists, quotes, code, and links. Raw HTML is escaped."""

import re
from html import unescape
from urllib.parse import urljoin

import nh3
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt

from web.caching import process_cache

_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r'(?<=<a href=")[^"]*')
_TAGS = {"p", "br", "em", "strong", "code", "pre", "ul", "ol", "li", "a", "blockquote"}
# No headings, which would break the page's outline; no images, because pages load nothing from other sites.
_parser = MarkdownIt("commonmark", {"html": False}).disable(["heading", "lheading", "image", "hr", "html_block"])


def render_uncached(text: str) -> SafeString:
    """Return Markdown as safe HTML. For text that is rendered once, such as a draft; otherwise use `render`."""
    return mark_safe(  # noqa: S308 (nh3 removes everything but _TAGS and http links)
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
    """Return Markdown as safe HTML, cached because published text seldom changes."""
    return render_uncached(text)


def render_absolute(text: str, *, base: str) -> SafeString:
    """Return Markdown as safe HTML for readers elsewhere, in feeds and mail.

    Its links are complete, and lead where they lead on the page with the address `base`: `/path/`, `../path/`, `#part`.
    """
    html = _LINK.sub(lambda link: _complete(link[0], base), render(text))
    return mark_safe(html)  # noqa: S308 (rendered above, and the addresses are escaped)


def _complete(address: str, base: str) -> str:
    """Return an address, escaped for HTML, as a complete one."""
    try:
        return escape(urljoin(base, unescape(address)))
    except ValueError:  # `http://[`, which no browser follows either
        return address


def render_line(text: str) -> SafeString:
    """Return a line of plain text as safe HTML, in which `this` is code and no other markup is recognized."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 (escaped)


@process_cache(maxsize=8192)
def to_plain_text(text: str) -> str:
    """Return the text of Markdown without its markup, as plain text (not safe as HTML)."""
    return unescape(nh3.clean(render(text), tags=set()))
