from django.urls import path

from comparisons.views import explain, home, pairs, panel, search, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/", search.compare, name="compare"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/", tools.tools, name="tools"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("reviewers/", panel.reviewers, name="reviewers"),
    path("reviewers/<tool_slug:slug>/", panel.reviewer, name="reviewer"),
    path("splits/", panel.split_list, name="splits"),
    path("predictions/", panel.predictions, name="predictions"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    path("methodology/", explain.methodology, name="methodology"),
    path("disclosure/", explain.disclosure, name="disclosure"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="suggest"),
]
