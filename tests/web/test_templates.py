"""How templates are loaded."""

import re
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.template import TemplateSyntaxError, engines


def test_indentation_is_not_sent_and_lines_stay_where_they_are(settings, tmp_path):
    (tmp_path / "a.html").write_text("<ul>\n  {% for n in list %}\n\t<li>{{ n }}</li>\n  {% endfor %}\n</ul>\n")
    (tmp_path / "a.txt").write_text("One\n  two\n")
    (tmp_path / "broken.html").write_text("<p>\n  <b>\n    {% nothing %}\n")
    [configured] = settings.TEMPLATES
    settings.TEMPLATES = [{**configured, "DIRS": [tmp_path]}]
    engine = engines["django"]
    assert engine.get_template("a.html").render({"list": ["x\n  y"]}) == "<ul>\n\n<li>x\n  y</li>\n\n</ul>\n"
    assert engine.get_template("a.txt").render() == "One\n  two\n"
    with pytest.raises(TemplateSyntaxError, match="Invalid block tag on line 3"):
        engine.get_template("broken.html")
    assert engine.get_template("admin/base.html").template.source.count("\n    ") > 0  # Django's own are as they are


# Marks, icons, and the picture of the error page, which are no drawings of data.
MARKS = {"base.html", "comparisons/_change.html", "comparisons/changes.html", "web/error.html"}


def test_every_drawing_of_data_is_a_partial_of_charts():
    [root] = django_settings.TEMPLATES[0]["DIRS"]
    pages = {path.relative_to(root).as_posix(): path.read_text() for path in Path(root).rglob("*.html")}
    drawings = {path for path, text in pages.items() if "<svg" in text}
    assert {path for path in drawings if not path.startswith("charts/")} == MARKS
    charts = {path for path in pages if path.startswith("charts/")}
    modules = [path.read_text() for path in (Path(root).parent / "comparisons").rglob("*.py")]
    used = re.findall(
        r'(?:include |render_cached\(|render_to_string\()\s*"(charts/\w+\.html)"', "".join([*pages.values(), *modules])
    )
    assert charts == set(used)
    assert [path for path in charts if re.search(r"<style|\sstyle=", pages[path])] == []
