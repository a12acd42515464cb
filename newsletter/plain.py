"""Markdown for readers outside the site: as plain text that carries the same information, and as HTML with absolute
links.
"""

import re
from html import unescape

from django.utils.safestring import SafeString, mark_safe

from web import markdown

_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|blockquote|ul|ol|pre)>|<br\s*/?>")
_TAG = re.compile(r"<[^>]+>")


def render_text(text: str, *, site: str) -> str:
    """Return Markdown as plain text. Each link is followed by its address, made absolute with `site`."""
    html = make_links_absolute(markdown.render(text), site=site)
    html = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", html)
    html = _BLOCK_END.sub("\n\n", html).replace("<li>", "- ")
    return re.sub(r"\n{3,}", "\n\n", unescape(_TAG.sub("", html))).strip()


def render_html(text: str, *, site: str) -> SafeString:
    """Return Markdown as HTML with absolute links."""
    return mark_safe(make_links_absolute(markdown.render(text), site=site))  # noqa: S308 (rendered Markdown is safe)


def make_links_absolute(html: str, *, site: str) -> str:
    """Return rendered Markdown with the links within the site made absolute."""
    return html.replace('href="/', f'href="{site}/')
