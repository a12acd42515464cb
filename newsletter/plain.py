"""Markdown as it leaves the site: as plain text that says as much, and as HTML with complete addresses."""

import re
from html import unescape

from django.utils.safestring import SafeString, mark_safe

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


def as_html(text: str, *, site: str) -> SafeString:
    """Markdown as HTML whose links hold outside the site, too."""
    return mark_safe(complete(markdown.render(text), site=site))  # noqa: S308 (it is safe as it comes)


def complete(html: str, *, site: str) -> str:
    """Rendered Markdown whose links hold outside the site, too."""
    return html.replace('href="/', f'href="{site}/')
