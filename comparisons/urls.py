from django.urls import path

from comparisons.views import home, pairs, search, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/", search.compare, name="compare"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    path("search/", search.search, name="search"),
    path("search/suggest/", search.suggest, name="suggest"),
]
