import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from web.markdown import render, render_absolute, render_line

ALLOWED = {"p", "br", "em", "strong", "code", "pre", "ul", "ol", "li", "a", "blockquote"}


class TagCollector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


@given(st.text(max_size=300))
@example("<script>alert(1)</script>")
@example("[x](javascript:alert(1)) ![x](https://evil.example/x.png)")
@example('<a href="https://x" onclick="y">z</a>')
@example("[x](data:text/html;base64,x) <javascript:alert(1)>")
def test_markdown_renders_only_the_safe_subset(text):
    tags = TagCollector()
    tags.feed(render(text))
    for tag, attributes in tags.found:
        assert tag in ALLOWED
        assert set(attributes) <= ({"href", "rel"} if tag == "a" else set())
        assert (attributes.get("href") or "https:").split(":")[0] in {"http", "https"}


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Plain & *simple*", "<p>Plain &amp; <em>simple</em></p>"),
        ("# No heading", "<p># No heading</p>"),
        ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
        ("[a](https://example.com/)", '<p><a href="https://example.com/" rel="nofollow noopener">a</a></p>'),
        ("- one\n- two", "<ul>\n<li>one</li>\n<li>two</li>\n</ul>"),
        ("<b>raw</b>", "<p>&lt;b&gt;raw&lt;/b&gt;</p>"),
        ("", ""),
    ],
)
def test_markdown_renders_as_html(text, html):
    assert render(text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("`<b>` & *not* [a](https://x)", "<code>&lt;b&gt;</code> &amp; *not* [a](https://x)"),
        ("one ` alone", "one ` alone"),
        ("`a`b`", "<code>a</code>b`"),
    ],
)
def test_line_renders_only_code(text, html):
    assert render_line(text) == html


@pytest.mark.parametrize(
    ("address", "complete"),
    [
        ("/tools/a/", "https://s.example/tools/a/"),
        ("../methodology/", "https://s.example/compare/methodology/"),
        ("#plans", "https://s.example/compare/a-vs-b/#plans"),
        ("?lens=a&only=b", "https://s.example/compare/a-vs-b/?lens=a&amp;only=b"),
        ("//x.example/y", "https://x.example/y"),
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&amp;b=2"),
    ],
)
def test_links_are_complete_for_readers_elsewhere(address, complete):
    html = render_absolute(f"[x]({address})", base="https://s.example/compare/a-vs-b/")
    assert html == f'<p><a href="{complete}" rel="nofollow noopener">x</a></p>'


@given(st.text())
@example('[x](http://[) a href="/y/')
@example('[x](</a"b>) <a href="/z">')
def test_complete_links_change_nothing_else(text):
    href = re.compile(r'(?<=<a href=")[^"]*')
    assert href.sub("", render_absolute(text, base="https://s.example/")) == href.sub("", render(text))
