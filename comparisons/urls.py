from django.urls import path

from comparisons.views import custom, explain, feeds, home, images, machines, pairs, panel, search, sitemaps, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/", search.compare, name="compare"),
    path("compare/custom/", custom.custom, name="custom"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/", tools.tools, name="tools"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("reviewers/", panel.reviewers, name="reviewers"),
    path("reviewers/<tool_slug:slug>/", panel.reviewer, name="reviewer"),
    path("splits/", panel.split_list, name="splits"),
    path("changes/", panel.changes, name="changes"),
    path("predictions/", panel.predictions, name="predictions"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    path("methodology/", explain.methodology, name="methodology"),
    path("disclosure/", explain.disclosure, name="disclosure"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="suggest"),
    # A slug has no dot in it, so these endings are never part of one.
    path("og/compare/<pair:pair>.png", images.pair_image, name="pair-image"),
    path("og/tools/<tool_slug:slug>.png", images.tool_image, name="tool-image"),
    path("tools/<tool_slug:slug>/badge.svg", images.badge, name="badge"),
    path("compare/<pair:pair>.json", machines.comparison_json, name="comparison-json"),
    path("tools/<tool_slug:slug>.json", machines.tool_json, name="tool-json"),
    path("feeds/comparisons.xml", feeds.comparisons, name="comparisons-feed"),
    path("feeds/changes.xml", feeds.changes, name="changes-feed"),
    path("sitemap.xml", sitemaps.index, name="sitemap"),
    path("sitemaps/<slug:kind>-<int:page>.xml", sitemaps.part, name="sitemap-part"),
    path("robots.txt", machines.robots, name="robots"),
    path("manifest.webmanifest", machines.manifest, name="manifest"),
]
