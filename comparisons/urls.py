from django.urls import path

from comparisons.views import feeds, home, machines, pairs, sitemaps, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    path("compare/<pair:pair>.json", machines.comparison_json, name="comparison-json"),
    path("tools/<tool_slug:slug>.json", machines.tool_json, name="tool-json"),
    path("feeds/comparisons.xml", feeds.comparisons, name="comparisons-feed"),
    path("feeds/changes.xml", feeds.changes, name="changes-feed"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/<slug:kind>-<int:page>.xml", sitemaps.part, name="sitemap-part"),
    path("robots.txt", machines.robots, name="robots"),
    path("manifest.webmanifest", machines.manifest, name="manifest"),
]
