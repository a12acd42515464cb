"""Markdown as plain text that says as much: with the addresses of its links, and the marks of its lists."""

import re
from html import unescape

from web import markdown

_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|blockquote|ul|ol|pre)>|<br\s*/?>")
_TAG = re.compile(r"<[^>]+>")


def as_text(text: str, *, site: str) -> str:
    """Markdown as the lines of a plain text. Addresses within the site are completed with `site`."""
    html = complete(markdown.render(text), site=site)
    html = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", html)
    html = _BLOCK_END.sub("\n\n", html).replace("<li>", "- ")
    return re.sub(r"\n{3,}", "\n\n", unescape(_TAG.sub("", html))).strip()


def complete(html: str, *, site: str) -> str:
    """Rendered Markdown whose links hold outside the site, too."""
    return html.replace('href="/', f'href="{site}/')
