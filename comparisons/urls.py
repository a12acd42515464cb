from django.urls import path

from comparisons.views import explain, home, pairs, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    path("methodology/", explain.methodology, name="methodology"),
    path("disclosure/", explain.disclosure, name="disclosure"),
]
