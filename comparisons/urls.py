from django.urls import path

from comparisons.views import home, images, pairs, tools

urlpatterns = [
    path("", home.home, name="home"),
    path("compare/<pair:pair>/", pairs.comparison, name="comparison"),
    path("tools/<tool_slug:slug>/", tools.tool, name="tool"),
    path("categories/<tool_slug:slug>/", tools.category, name="category"),
    # A slug has no dot in it, so these endings are never part of one.
    path("og/compare/<pair:pair>.png", images.pair_image, name="pair-image"),
    path("og/tools/<tool_slug:slug>.png", images.tool_image, name="tool-image"),
    path("tools/<tool_slug:slug>/badge.svg", images.badge, name="badge"),
]
