from django.urls import path

from comparisons import views

urlpatterns = [
    path("", views.home, name="home"),
    path("compare/<pair:pair>/", views.comparison, name="comparison"),
    path("tools/<tool_slug:slug>/", views.tool, name="tool"),
    path("categories/<tool_slug:slug>/", views.category, name="category"),
]
