"""Markdown as plain text that carries the same information, for the text part of mails."""

import re
from html import unescape

from web import markdown

_LINK = re.compile(r'<a href="([^"]*)"[^>]*>(.*?)</a>', re.DOTALL)
_BLOCK_END = re.compile(r"</(?:p|blockquote|ul|ol|pre)>|<br\s*/?>")
_TAG = re.compile(r"<[^>]+>")


def render_text(text: str, *, base: str) -> str:
    """Return Markdown as plain text. Each link is followed by its address, as on the page with the address `base`."""
    html = _LINK.sub(lambda link: f"{link[2]} ({link[1]})", markdown.render_absolute(text, base=base))
    html = _BLOCK_END.sub("\n\n", html).replace("<li>", "- ")
    return re.sub(r"\n{3,}", "\n\n", unescape(_TAG.sub("", html))).strip()
