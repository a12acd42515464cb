from django.urls import path

from votes.views import casting, ledger, log, mine, pairs

urlpatterns = [
    path("tools/<tool_slug:slug>/vote/", casting.vote, name="vote"),
    path("tools/<tool_slug:slug>/votes/", ledger.ledger, name="ledger"),
    path("export/votes.csv", ledger.export, name="votes-export"),
    path("export/pair-votes.csv", ledger.export_pairs, name="pair-votes-export"),
    path("moderation/", log.log, name="moderation"),
    path("export/moderation.csv", log.export, name="moderation-export"),
    path("feeds/moderation.xml", log.feed, name="moderation-feed"),
    path("compare/<pair:pair>/vote/", pairs.pair_vote, name="pair-vote"),
    path("me/", mine.mine, name="mine"),
    path("me/votes/", casting.my_votes, name="my-votes"),
    path("me/receipt/<str:receipt>/", mine.receipt, name="receipt"),
]
