from django.urls import path

from votes import views

urlpatterns = [
    path("tools/<tool_slug:slug>/vote/", views.vote, name="vote"),
    path("me/votes/", views.my_votes, name="my-votes"),
]
