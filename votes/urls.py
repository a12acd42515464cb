from django.urls import path

from votes import pair_views, views

urlpatterns = [
    path("tools/<tool_slug:slug>/vote/", views.vote, name="vote"),
    path("compare/<pair:pair>/vote/", pair_views.pair_vote, name="pair-vote"),
    path("me/votes/", views.my_votes, name="my-votes"),
]
